"""What a column cannot hold is a refusal beside its field, before the database and, where nobody looked, behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.catalog import Product
from core.columns import check_row, longest_texts, read_id
from core.errors import DomainError, InvalidInput
from core.needs import for_anybody
from core.parties import Customer
from core.plan import Plan
from core.statements import statement
from crm.models import SalesOrder
from tests.database_server import DatabaseUrls
from tests.world import World

RAW = statement(
    "tests.raw_text",
    "SELECT %(text)s::varchar(3), %(number)s::numeric(4,2), %(id)s::bigint, %(flag)s::boolean",
    tables="",
    scope="system",
)


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    return World.set_up(module_database.app)


@pytest.mark.parametrize("text", ["²", "٣", "０", "-1", "0", "", " 7", "1e3", str(2**63), "9" * 5000, None, 7])
def test_what_is_no_id(text: Any) -> None:
    assert read_id(text) is None


def test_the_largest_id() -> None:
    assert read_id(str(2**63 - 1)) == 2**63 - 1


def faults(table: Any, **values: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        check_row(table.__table__, values)
    return {name: fault.code for name, fault in refused.value.fields.items()}


def test_each_kind_of_column_has_its_bound() -> None:
    assert faults(Customer, name="x" * 201, tax_id_key="x" * 41, phone="1\0") == {
        "name": "too_long",
        "tax_id": "too_long",
        "phone": "unreadable_character",
    }
    assert faults(SalesOrder, cancel_reason="x" * 301) == {"reason": "too_long"}
    assert faults(Product, price=Decimal(10) ** 14, category_id=2**63) == {
        "price": "figure_too_large",
        "category_id": "figure_too_large",
    }
    check_row(Customer.__table__, {"name": "x" * 200, "tax_id": None, "owner_id": 2**63 - 1, "version": 1})  # type: ignore[arg-type]


def test_forms_know_the_same_bounds() -> None:
    assert longest_texts(Customer)["name"] == 200
    assert "note" not in longest_texts(Customer)


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        ({"number": "123456"}, "figure_too_large"),
        ({"id": str(2**63)}, "figure_too_large"),
        ({"id": "²"}, "unreadable_value"),
        ({"flag": "maybe"}, "unreadable_value"),
        ({"text": "a\0b"}, "unreadable_character"),
    ],
)
def test_what_nobody_looked_at_is_a_refusal_all_the_same(world: World, odd: dict[str, str], code: str) -> None:
    values = {"text": "abc", "number": "1", "id": "1", "flag": "true", **odd}

    @for_anybody
    def command(plan: Plan) -> None:
        plan.fetch(RAW(**values))

    for way in (world.run, world.preview):
        with pytest.raises(DomainError) as refused:
            way(command)
        assert (refused.value.code, refused.value.http_status) == (code, 422)


def test_a_fault_of_ours_stays_one(world: World) -> None:
    broken = statement("tests.broken", "SELECT 1 / 0", tables="", scope="system")

    @for_anybody
    def command(plan: Plan) -> None:
        plan.fetch(broken())

    with pytest.raises(Exception, match="division by zero"):
        world.run(command)
