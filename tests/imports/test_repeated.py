"""Files that hold one record in several rows: told of, done in order, and taken back to what was there before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.customers import create_customer
from core.imports.commands import decide_rows, undo_import
from core.imports.kinds import KINDS
from core.imports.models import Action
from crm.owners import change_customer
from tests.imports.conftest import Importer, csv_file
from tests.scenarios.house import refused
from tests.world import World

# Of each kind a file in which a record there is comes twice, and one that the file itself makes.
FILES: dict[str, list[list[str]]] = {
    "customers": [
        ["客户名称", "城市"],
        ["早有客户", "上海"],
        ["新来有限公司", "上海"],
        ["早有客户", "北京"],
        ["新来有限公司", "广州"],
        ["早有客户", "苏州"],
    ],
    "contacts": [["客户", "姓名", "职务"], ["早有客户", "林薇", "采购"], ["早有客户", "林薇", "经理"]],
    "suppliers": [
        ["供应商名称", "国家", "城市"],
        ["海达", "CN", "宁波"],
        ["海达", "CN", "温州"],
        ["海达", "CN", "台州"],
    ],
    "products": [
        ["货号", "名称", "单价"],
        ["NW-003", "茶", "11"],
        ["NW-009", "新茶", "5"],
        ["NW-003", "红茶", "12"],
        ["NW-009", "绿茶", "6"],
    ],
    "prices": [["货号", "单价"], ["NW-003", "12.5"], ["NW-003", "13"]],
    "stock": [["货号", "数量", "成本"], ["NW-003", "5", "3"], ["NW-003", "7", "3"], ["NW-003", "6", "3"]],
}
TABLES = ("customer", "contact", "supplier", "product")


def content_of(world: World) -> dict[str, list[Any]]:
    found = {
        table: world.rows(f"SELECT to_jsonb(t) - 'version' - 'updated_at' FROM {table} AS t ORDER BY id")
        for table in TABLES
    }
    return found | {"levels": world.rows("SELECT product_id, warehouse_id, on_hand FROM stock_level ORDER BY id")}


@pytest.fixture
def rows_per_step(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many rows the worker takes at once."""
    usual = {name: kind.batch for name, kind in KINDS.items()}
    for kind in KINDS.values():
        object.__setattr__(kind, "batch", request.param)
    yield request.param
    for name, kind in KINDS.items():
        object.__setattr__(kind, "batch", usual[name])


@pytest.mark.parametrize("rows_per_step", [1, 500], indirect=True)
def test_a_record_met_several_times_is_put_back_as_it_was(importer: Importer, rows_per_step: int) -> None:
    world = importer.world
    world.run(create_customer, {"name": "早有客户", "city": "无锡"})
    world.product(sku="NW-003", name="老茶")
    for kind, rows in FILES.items():
        before = content_of(world)
        batch = importer.bring_in(kind, rows, existing="update")
        done = (batch["rows_created"] + batch["rows_updated"], batch["rows_bad"])
        assert (kind, *done) == (kind, len(rows) - 1, 0), importer.rows(batch["id"])
        assert content_of(world) != before
        undone = importer.undo(batch["id"])
        assert (kind, undone["state"], undone["rows_undone"], undone["rows_kept"]) == (kind, "undone", done[0], 0)
        assert content_of(world) == before, kind


@pytest.mark.parametrize("rows_per_step", [1, 500], indirect=True)
def test_rows_decided_out_of_order_are_put_back_by_when_they_were_done(importer: Importer, rows_per_step: int) -> None:
    world = importer.world
    customer_id = world.run(create_customer, {"name": "早有客户", "city": "无锡"})["id"]
    batch = importer.check(importer.upload("customers", ("a.csv", csv_file(FILES["customers"][:4]))), "ask")
    for unit in (3, 1):
        importer.run(decide_rows, batch["id"], Action.UPDATE, [unit])
        importer.start(batch["id"])
    assert world.value("SELECT city FROM customer WHERE id = :id", id=customer_id) == "上海"
    undone = importer.undo(batch["id"])
    assert (undone["rows_undone"], undone["rows_kept"]) == (3, 0)
    assert world.rows("SELECT name, city FROM customer") == [("早有客户", "无锡")]


@pytest.mark.parametrize("units", [(), (3,)])
def test_what_somebody_wrote_between_or_after_its_rows_is_not_undone(importer: Importer, units: tuple[int]) -> None:
    world = importer.world
    customer_id = world.run(create_customer, {"name": "早有客户", "city": "无锡"})["id"]
    batch = importer.check(importer.upload("customers", ("a.csv", csv_file(FILES["customers"][:4]))), "ask")
    for unit in (1, *units):
        importer.run(decide_rows, batch["id"], Action.UPDATE, [unit])
        importer.start(batch["id"])
        if unit == 1:
            world.run(change_customer, customer_id, {"city": "常州"})
    with refused("import_built_upon", count=1):
        importer.run(undo_import, batch["id"])


@pytest.mark.parametrize(
    ("existing", "state", "actions"),
    [
        ("skip", "ready", ["skip", "create", "skip", "skip"]),
        ("update", "ready", ["update", "create", "update", "update"]),
        ("ask", "asks", ["ask", "create", "ask", "ask"]),
    ],
)
def test_the_check_names_the_line_that_is_the_same_record(
    importer: Importer, existing: str, state: str, actions: list[str]
) -> None:
    importer.world.run(create_customer, {"name": "早有客户", "city": "无锡"})
    batch = importer.check(importer.upload("customers", ("a.csv", csv_file(FILES["customers"][:5]))), existing)
    same = ["import_same_in_file"]
    assert importer.rows(batch["id"]) == [
        (2, state, actions[0], []),
        (3, "ready", "create", []),
        (4, state, actions[2], same),
        (5, state, actions[3], same),
    ]
    lines = importer.world.rows("SELECT reasons->0->'data'->'line' FROM import_row WHERE line > 3 ORDER BY line")
    assert lines == [(2,), (3,)]
