"""What cells of a file say to custom fields: each kind is read as it is written, what is none is refused by code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core import database as db
from core.custom_fields.commands import create_field
from core.custom_fields.definitions import Field, definitions
from core.custom_fields.imports import References, Unreadable, importable, read_cell, written
from core.custom_fields.values import values_of
from core.masks import showing
from core.scope import viewing
from tests.database_server import DatabaseUrls
from tests.world import World

CHOICES = [
    {"code": "a", "label": "First, of all", "label_zh": "一等"},
    {"code": "b", "label": "Second", "label_zh": "二等"},
]
KINDS: dict[str, dict[str, Any]] = {
    "text": {}, "number": {"largest": Decimal(10**6)}, "money": {"mask": "margins"}, "date": {},
    "choice": {"choices": CHOICES}, "choices": {"choices": CHOICES}, "reference": {"target": "customer"}, "yes_no": {},
}  # fmt: skip
READ: list[tuple[str, Any, Any]] = [
    ("text", " 你好 ", "你好"),
    ("text", 12.0, "12"),
    ("number", "１,234.50", Decimal("1234.5")),
    ("number", 3, Decimal(3)),
    ("money", "￥1,250", Decimal("1250.00")),
    ("date", "2026年3月8日", date(2026, 3, 8)),
    ("date", "1958/7/1", date(1958, 7, 1)),
    ("date", datetime(2026, 1, 2, 0, 0), date(2026, 1, 2)),
    ("choice", "A", "a"),
    ("choice", "二等", "b"),
    ("choice", "FIRST, OF ALL", "a"),
    ("choices", "First, of all", ["a"]),
    ("choices", "二等；一等", ["a", "b"]),
    ("yes_no", "是", True),
    ("yes_no", "No", False),
    ("yes_no", True, True),
    *((kind, "  ", None) for kind in KINDS),
    *((kind, None, None) for kind in KINDS),
]  # fmt: skip
REFUSED: list[tuple[str, Any, str]] = [
    ("text", "x" * 501, "too_long"),
    ("number", "12o", "not_a_number"),
    ("number", "1,23", "not_a_number"),
    ("number", "1e9", "not_a_number"),
    ("number", True, "not_a_number"),
    ("number", "1000001", "beyond_bounds"),
    ("money", "1.005", "too_many_decimals"),
    ("date", "8.3.2026", "not_a_date"),
    ("date", "2026-02-30", "not_a_date"),
    ("date", "1700-01-01", "day_beyond"),
    ("choice", "Third", "unknown_choice"),
    ("choices", "a; z", "unknown_choice"),
    ("reference", "nobody", "reference_unknown"),
    ("yes_no", "perhaps", "not_yes_or_no"),
]


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    world.user("rep", "sales")
    for kind, more in KINDS.items():
        named = {"record_type": "customer", "key": f"f_{kind}", "label": f"Of {kind}", "label_zh": f"中{kind}"}
        world.run(create_field, {**named, "kind": kind, **more})
    yield world
    world.database.dispose()


@pytest.fixture(autouse=True)
def _here(world: World) -> None:
    db.configure(world.database)


def field(kind: str) -> Field:
    return definitions().named["customer"][f"f_{kind}"]


@pytest.mark.parametrize(("kind", "cell", "value"), READ)
def test_a_cell_is_read(world: World, kind: str, cell: Any, value: Any) -> None:
    assert read_cell(field(kind), cell) == value


@pytest.mark.parametrize(("kind", "cell", "code"), REFUSED)
def test_a_cell_that_is_none_is_refused_by_code(world: World, kind: str, cell: Any, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_cell(field(kind), cell)
    assert refused.value.fault.code == code


def test_a_reference_is_one_that_the_importer_sees(world: World) -> None:
    rep = world.actor_of("rep")
    theirs, own = world.customer("只此一家"), world.customer("自家客户", owner_id=rep.user_id)
    assert read_cell(field("reference"), "只此一家") == theirs
    known = References()
    with viewing(rep.viewer), showing(rep.permissions):
        assert read_cell(field("reference"), "自家客户", known) == own
        with pytest.raises(Unreadable, match="reference_unknown"):
            read_cell(field("reference"), "只此一家", known)
    assert len(known.found) == 2


def test_columns_are_those_that_the_importer_sees(world: World) -> None:
    with showing(world.actor_of("rep").permissions):
        names = {column.name for column in importable("customer")}
    every = {column.name: column.labels for column in importable("customer")}
    assert set(every) - names == {"custom.f_money"}
    assert every["custom.f_text"] == ("Of text", "中text", "f_text")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_written_is_read_back(world: World, language: str) -> None:
    given: dict[str, Any] = {
        "f_text": "x", "f_number": Decimal("2.5"), "f_money": Decimal("7.00"), "f_date": date(2026, 4, 5),
        "f_choice": "a", "f_choices": ["a", "b"], "f_reference": world.customer(), "f_yes_no": False,
    }  # fmt: skip
    customer = world.customer(custom=given)
    values = values_of("customer", [customer])[customer]
    cells = {key: written(value.field, value.data, language, value.label) for key, value in values.items()}
    assert {key: read_cell(values[key].field, cell) for key, cell in cells.items()} == given
