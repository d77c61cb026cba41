"""What the trail says of a change: every column that differs afterwards, and lines as they were before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from core import database as db
from crm.orders.create import change_order
from crm.pipeline import create_opportunity, move_opportunity
from crm.pricing import LineRequest
from crm.quotations import change_quotation, create_quotation
from tests.database_server import DatabaseUrls
from tests.scenarios.house import House

# What follows from the others, or counts.
DERIVED = {"version", "stage_id", "stage_kind", "stage_since", "closed_at", "amount_open"}


@pytest.fixture(scope="module")
def company(module_database: DatabaseUrls) -> Iterator[House]:
    house = House.set_up(module_database.app)
    yield house
    house.database.dispose()


@pytest.fixture
def house(company: House) -> House:
    db.configure(company.database)
    return company


def row_of(house: House, table: str, record_id: int) -> dict[str, Any]:
    row: dict[str, Any] = house.value(f"SELECT to_jsonb(r) FROM {table} AS r WHERE id = :id", id=record_id)
    return row


def told_of(house: House, table: str, record_id: int, change: Callable[[], Any]) -> dict[str, Any]:
    """What the trail says of a change; each column that it changed is there."""
    before = row_of(house, table, record_id)
    change()
    after = row_of(house, table, record_id)
    changed = {name for name in before if before[name] != after[name]} - DERIVED
    assert changed
    told: dict[str, Any] = house.value(
        "SELECT changes FROM audit_row WHERE record_type = :type AND record_id = :id ORDER BY id DESC LIMIT 1",
        type=table,
        id=record_id,
    )
    assert changed <= told.keys()
    return told


def test_a_quotation_s_prices_validity_and_note(house: House) -> None:
    product = house.product(stock=5)
    lines = [LineRequest(product, D(2), D(50)), LineRequest(product, D(1), D(100), D(10))]
    made = house.run(create_quotation, customer_id=house.customer(), lines=lines, note="as agreed")
    sku = house.value("SELECT sku FROM product WHERE id = :id", id=product)
    # The same sum, made up of other prices: only the lines show it.
    other = [LineRequest(product, D(2), D(95)), LineRequest(product, D(1), D(100), D(100))]
    later = house.context().today + timedelta(days=60)
    told = told_of(
        house, "quotation", made["id"],
        lambda: house.run(change_quotation, made["id"], lines=other, note=None, valid_until=later),
    )  # fmt: skip
    before, after = told["lines"]
    assert [[line[0], *map(D, line[1:4])] for line in before] == [[sku, 2, 50, 0], [sku, 1, 100, 10]]
    assert [[line[0], *map(D, line[1:4])] for line in after] == [[sku, 2, 95, 0], [sku, 1, 100, 100]]
    assert told["note"] == ["as agreed", None]
    assert "amount_total" not in told


def test_an_order_s_lines_note_and_warehouse(house: House) -> None:
    product = house.product(stock=5)
    order = house.order(house.customer(), (product, 1, "100"))
    told = told_of(
        house, "sales_order", order["id"],
        lambda: house.run(change_order, order["id"], lines=[LineRequest(product, D(1), D(99))], note="by hand"),
    )  # fmt: skip
    assert [D(side[0][2]) for side in told["lines"]] == [D(100), D(99)]
    assert told["note"] == [None, "by hand"]
    told = told_of(house, "sales_order", order["id"], lambda: house.run(change_order, order["id"], carrier="SF"))
    assert "lines" not in told  # they were left alone


def test_why_a_deal_was_lost_and_to_whom(house: House) -> None:
    made = house.run(create_opportunity, house.customer(), {"name": "Frames", "amount": D(100)})
    told = told_of(
        house, "opportunity", made["id"],
        lambda: house.run(move_opportunity, made["id"], "lost", lost_reason="price", competitor="Acme"),
    )  # fmt: skip
    assert (told["lost_reason"], told["competitor"]) == ([None, "price"], [None, "Acme"])
