"""Fields that a company has added come in from files as the declared ones do: read, refused, written, told, undone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from core import database as db
from core.context import Actor
from core.custom_fields.commands import archive_field, create_field
from core.custom_fields.definitions import defining, definitions
from core.custom_fields.references import NAMED
from core.custom_fields.values import values_of
from core.customers import create_customer, save_contact
from core.errors import InvalidInput
from core.imports.commands import check_import, undo_import
from core.imports.company_fields import company_fields
from core.imports.fields import Field, Unreadable
from core.imports.kinds import KINDS
from core.masks import IN_THE_CLEAR, showing
from core.queries.reading import read
from core.scope import EVERYTHING, viewing
from core.suppliers import create_supplier
from inventory.catalog import change_product
from tests.database_server import DatabaseUrls
from tests.imports.conftest import Importer, csv_file
from tests.scenarios.house import refused
from tests.security.conftest import SETTINGS
from tests.world import World
from web.app import create_app
from web.imports.files import _template_file

CHOICES = [
    {"code": "a", "label": "First, of all", "label_zh": "一等"},
    {"code": "b", "label": "Second", "label_zh": "二等"},
    {"code": "plus", "label": "A+", "label_zh": "甲+"},
    {"code": "minus", "label": "A-", "label_zh": "甲-"},
]
FIELDS: dict[str, dict[str, Any]] = {
    "text": {"longest": 50}, "number": {"largest": Decimal(10**6), "places": 2}, "money": {"mask": "margins"},
    "date": {},
    "choice": {"choices": CHOICES}, "choices": {"choices": CHOICES}, "reference": {"target": "customer"}, "yes_no": {},
}  # fmt: skip
TYPES = ("customer", "contact", "product", "supplier")
HEADS = [f"我们的{kind}" for kind in FIELDS]
CELLS = ["备忘", "1,234.50", "￥12.5", "2026年3月8日", "二等", "First, of all、二等", "自家客户", "是"]
MEANT = {
    "f_text": "备忘", "f_number": Decimal("1234.5"), "f_money": Decimal("12.50"), "f_date": date(2026, 3, 8),
    "f_choice": "b", "f_choices": ["a", "b"], "f_yes_no": True,
}  # fmt: skip
READ: list[tuple[str, str, str, Any]] = [
    ("text", " 你好 ", "", "你好"),
    ("number", "１,234.50", "", Decimal("1234.5")),
    ("money", "￥1,250", "", Decimal("1250.00")),
    ("date", "1958/7/1", "", date(1958, 7, 1)),
    ("date", "2026-01-02 00:00:00", "", date(2026, 1, 2)),
    ("date", "8.3.2026", "", date(2026, 3, 8)),
    ("date", "3/8/2026", "month_first", date(2026, 3, 8)),
    ("choice", "A", "", "a"),
    ("choice", "FIRST, OF ALL", "", "a"),
    ("choice", "甲+", "", "plus"),
    ("choice", "ａ-", "", "minus"),
    ("choices", "First, of all", "", ["a"]),
    ("choices", "二等；一等", "", ["a", "b"]),
    ("choices", "二等、一等", "", ["a", "b"]),
    ("choices", "Second, 一等", "", ["a", "b"]),
    ("yes_no", "√", "", True),
    ("yes_no", "No", "", False),
]
REFUSED: list[tuple[str, str, str]] = [
    ("text", "x" * 51, "too_long"),
    ("number", "12o", "not_a_number"),
    ("number", "1.005", "too_many_decimals"),
    ("number", "1000001", "beyond_bounds"),
    ("money", "1.005", "too_many_decimals"),
    ("date", "2026-02-30", "not_a_date"),
    ("date", "1700-01-01", "day_beyond"),
    ("choice", "Third", "import_unknown_choice"),
    ("choices", "a; z", "import_unknown_choice"),
    ("yes_no", "perhaps", "not_yes_or_no"),
]


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    for record_type in TYPES:
        for kind, more in FIELDS.items():
            named = {
                "record_type": record_type,
                "key": f"f_{kind}",
                "label": f"Our {kind}",
                "label_zh": f"我们的{kind}",
            }
            world.run(create_field, {**named, "kind": kind, **more})
    world.run(create_customer, {"name": "自家客户", "code": "OWN"})
    yield world
    world.database.dispose()


@pytest.fixture(autouse=True)
def _here(world: World) -> Iterator[None]:
    db.configure(world.database)
    with viewing(EVERYTHING), showing(IN_THE_CLEAR):
        yield


@pytest.fixture
def importer(world: World) -> Importer:
    return Importer(world, world.actor)


def field(kind: str) -> Field:
    return next(each for each in company_fields("customer") if each.name == f"custom.f_{kind}")


@pytest.mark.parametrize(("kind", "cell", "unit", "value"), READ)
def test_a_cell_is_read(kind: str, cell: str, unit: str, value: Any) -> None:
    assert field(kind).read(cell, unit) == value


@pytest.mark.parametrize(("kind", "cell", "code"), REFUSED)
def test_a_cell_that_is_none_is_refused_by_code(kind: str, cell: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        field(kind).read(cell)
    assert caught.value.fault.code == code


def row_of(kind: str, number: int) -> dict[str, str]:
    """A record of a kind as a file has it, without the company's own fields."""
    return {
        "customers": {"客户名称": f"进口{number}公司", "联系人": f"王{number}"},
        "contacts": {"客户": "OWN", "姓名": f"李{number}"},
        "products": {"货号": f"CF-{number}", "名称": f"货{number}", "单价": "10"},
        "suppliers": {"供应商名称": f"厂{number}", "国家": "中国"},
    }[kind]


def table_of(kind: str, cells: list[str], number: int = 1) -> list[list[str]]:
    own = row_of(kind, number)
    return [[*own, *HEADS], [*own.values(), *cells]]


def values_in(world: World, table: str, record_id: int) -> dict[str, Any]:
    return {key: value.data for key, value in values_of(table, [record_id])[record_id].items()}


@pytest.mark.parametrize("kind", ["customers", "contacts", "products", "suppliers"])
def test_they_come_in_are_told_and_go_with_the_record(world: World, importer: Importer, kind: str) -> None:
    table, kept = KINDS[kind].table, world.value("SELECT count(*) FROM custom_text")
    batch = importer.bring_in(kind, table_of(kind, CELLS))
    assert importer.rows(batch["id"]) == [(2, "done", "create", [])]
    record_id = world.value("SELECT record_id FROM import_row WHERE batch_id = :id", id=batch["id"])
    meant = MEANT | {"f_reference": world.value("SELECT id FROM customer WHERE code = 'OWN'")}
    assert values_in(world, table, record_id) == meant
    told = world.value(
        "SELECT changes FROM audit_row WHERE record_id = :id AND action = :action", id=record_id,
        action=f"{table}.created",
    )  # fmt: skip
    assert told["custom.f_number"] == "1234.5" and told["custom.f_choices"] == ["a", "b"]
    undone = importer.undo(batch["id"])
    assert (undone["rows_undone"], undone["rows_kept"]) == (1, 0)
    assert world.value("SELECT count(*) FROM custom_text") == kept
    assert world.value(f"SELECT count(*) FROM {table} WHERE id = :id", id=record_id) == 0


@pytest.mark.parametrize("kind", ["customers", "contacts", "products", "suppliers"])
def test_an_update_changes_filled_cells_only_and_is_taken_back(world: World, importer: Importer, kind: str) -> None:
    table = KINDS[kind].table
    first = importer.bring_in(kind, table_of(kind, CELLS, 2))
    record_id = world.value("SELECT record_id FROM import_row WHERE batch_id = :id", id=first["id"])
    before = values_in(world, table, record_id)
    cells = ["", "7", "", "1/4/2026", "一等", "", "", "否"]
    batch = importer.bring_in(kind, table_of(kind, cells, 2), existing="update")
    assert importer.rows(batch["id"]) == [(2, "done", "update", [])]
    changed = {"f_number": Decimal(7), "f_date": date(2026, 4, 1), "f_choice": "a", "f_yes_no": False}
    assert values_in(world, table, record_id) == before | changed
    assert importer.undo(batch["id"])["rows_undone"] == 1
    assert values_in(world, table, record_id) == before


@pytest.mark.parametrize("kind", ["customers", "contacts", "products", "suppliers"])
def test_each_row_that_does_not_fit_says_why(importer: Importer, kind: str) -> None:
    wrong = ["x" * 51, "viel", "1.005", "gestern", "Third", "一等、Fünfte", "Nobody", "perhaps"]
    uploaded = importer.upload(kind, (f"{kind}.csv", csv_file(table_of(kind, wrong, 3))))
    assert {f"custom.f_{each}" for each in FIELDS} <= uploaded["mapping"].keys()
    importer.check(uploaded)
    [(reasons,)] = importer.world.rows("SELECT reasons FROM import_row WHERE batch_id = :id", id=uploaded["id"])
    assert {reason["field"].removeprefix("custom.f_"): reason["code"] for reason in reasons} == {
        "text": "too_long", "number": "not_a_number", "money": "too_many_decimals", "date": "not_a_date",
        "choice": "import_unknown_choice", "choices": "import_unknown_choice", "reference": "import_not_found",
        "yes_no": "not_yes_or_no",
    }  # fmt: skip


def test_who_does_not_see_a_field_brings_nothing_into_it(world: World) -> None:
    rep = Importer(world, world.user("rep", "sales"))
    uploaded = rep.upload("customers", ("a.csv", csv_file(table_of("customers", CELLS, 4))))
    assert "custom.f_money" not in uploaded["mapping"] and "custom.f_text" in uploaded["mapping"]
    mapping = uploaded["mapping"] | {"custom.f_money": {"column": 4}}
    with pytest.raises(InvalidInput) as caught:
        rep.run(check_import, uploaded["id"], mapping, {})
    assert caught.value.fields["custom.f_money"].code == "import_field_forbidden"
    names = {wanted.name for wanted in KINDS["customers"].open_fields(rep.actor.may)}
    assert "custom.f_money" not in names and "custom.f_choice" in names


def test_another_s_mapping_is_taken_without_what_is_not_one_s_own_to_set(world: World, importer: Importer) -> None:
    content = csv_file(table_of("customers", CELLS, 5))
    importer.check(importer.upload("customers", ("a.csv", content)))
    rep = Importer(world, world.user("rep2", "sales"))
    again = rep.upload("customers", ("a.csv", content))
    assert again["remembered"] and "custom.f_money" not in again["mapping"] and "custom.f_date" in again["mapping"]


def test_what_another_was_not_let_set_is_not_passed_over(world: World, importer: Importer) -> None:
    """Whoever may set a field is offered its column, though the one whose mapping he is offered could not map it; what
    somebody left out himself stays out."""
    heads, *rows = table_of("customers", CELLS, 9)
    content = csv_file([[*heads, "of no field"], *([*row, "x"] for row in rows)])
    rep = Importer(world, world.user("rep4", "sales"))
    uploaded = rep.upload("customers", ("a.csv", content))
    theirs = {name: told for name, told in uploaded["mapping"].items() if name != "custom.f_date"}
    rep.check(uploaded, mapping=theirs)
    again = importer.upload("customers", ("a.csv", content))
    assert again["remembered"]
    assert again["mapping"] == theirs | {"custom.f_money": {"column": heads.index("我们的money")}}
    importer.check(again, mapping=theirs)
    assert importer.upload("customers", ("a.csv", content))["mapping"] == theirs


def test_what_was_lost_after_the_columns_were_chosen_is_refused_never_passed_over(world: World) -> None:
    manager = Importer(world, world.user("chief", "manager"))
    uploaded = manager.upload("customers", ("a.csv", csv_file(table_of("customers", CELLS, 6))))
    manager.run(check_import, uploaded["id"], uploaded["mapping"], {})
    taken = world.rows("SELECT id, permissions FROM role WHERE code = 'manager'")
    without = "UPDATE role SET permissions = array_remove(permissions, 'margins.read') WHERE code = 'manager'"
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql(without)
    try:
        manager.work()
        assert manager.rows(uploaded["id"]) == [(2, "bad", None, ["import_field_forbidden"])]
    finally:
        with world.database.engine.begin() as connection:
            for role_id, permissions in taken:
                connection.exec_driver_sql("UPDATE role SET permissions = %s WHERE id = %s", (permissions, role_id))


def test_a_needed_field_is_needed_of_new_records_only(world: World, importer: Importer) -> None:
    needed = {"key": "needed", "label": "Needed", "label_zh": "必填", "kind": "text", "is_required": True}
    made = [world.run(create_field, {**needed, "record_type": each})["id"] for each in ("customer", "contact")]
    try:
        rows = [["客户名称", "联系人", "城市", "必填"], ["自家客户", "", "上海", ""], ["新一家", "", "", ""],
                ["新二家", "王", "", "有"], ["新三家", "", "", "有"]]  # fmt: skip
        batch = importer.bring_in("customers", rows, existing="update")
        found = world.rows("SELECT line, reasons FROM import_row WHERE batch_id = :id ORDER BY line", id=batch["id"])
        assert [(line, [(each["field"], each["code"]) for each in reasons or ()]) for line, reasons in found] == [
            (2, []), (3, [("custom.needed", "required")]), (4, [("contact_name", "import_contact_needs")]), (5, []),
        ]  # fmt: skip
    finally:
        for field_id in made:
            world.run(archive_field, field_id)


def test_what_another_record_names_is_not_taken_away(world: World, importer: Importer) -> None:
    batch = importer.bring_in("customers", table_of("customers", ["", "", "", "", "", "", "", ""], 7))
    record_id = world.value("SELECT record_id FROM import_row WHERE batch_id = :id", id=batch["id"])
    product = world.product()
    world.run(change_product, product, {"custom": {"f_reference": record_id}})
    with refused("import_built_upon", count=1) as caught:
        importer.run(undo_import, batch["id"])
    assert [fact["what"] for fact in caught.value.data["built"]] == ["custom_reference"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_template_has_them_and_comes_back_as_it_is(world: World, importer: Importer, language: str) -> None:
    app = create_app(SETTINGS)
    world.user(f"reader-{language}", "manager", language=language)
    kind = KINDS["customers"]
    with app.test_request_context(headers={"Accept-Language": language}), defining(definitions().version):
        content = _template_file(kind, kind.open_fields(importer.actor.may)).read()
    book = openpyxl.load_workbook(io.BytesIO(content))
    heads = [cell.value for cell in book.worksheets[0][1]]
    assert set(heads) >= {field(each).label(language) for each in FIELDS}
    uploaded = importer.upload("customers", ("t.xlsx", content))
    assert {f"custom.f_{each}" for each in FIELDS} <= uploaded["mapping"].keys()


TARGETS_NAMED = {
    "customer": ["OWN", "自家客户", "OWN · 自家客户"],
    "contact": ["周一"],
    "product": ["REF-1", "被引商品"],
    "supplier": ["S-1", "被引工厂"],
    "app_user": ["admin", "Admin"],
}


def test_a_reference_is_known_by_code_by_name_and_by_both(world: World) -> None:
    world.run(save_contact, world.value("SELECT id FROM customer WHERE code = 'OWN'"), {"name": "周一"})
    world.product(sku="REF-1", name="被引商品")
    world.run(create_supplier, {"name": "被引工厂", "code": "S-1", "country": "CN"})
    for target, texts in TARGETS_NAMED.items():
        [found] = read(NAMED[target](texts=[*texts, "nobody at all"]))
        assert {text for text, _ in found} == set(texts), target
        assert len({identity for _, identity in found}) == 1, target


def test_nobody_learns_of_a_customer_by_naming_it(world: World) -> None:
    rep: Actor = world.user("rep3", "sales")
    mine = Importer(world, rep)
    checked = mine.upload("customers", ("a.csv", csv_file(table_of("customers", CELLS, 8))))
    mine.check(checked)
    [(reasons,)] = world.rows("SELECT reasons FROM import_row WHERE batch_id = :id", id=checked["id"])
    assert [(each["field"], each["code"]) for each in reasons] == [("custom.f_reference", "import_not_found")]
