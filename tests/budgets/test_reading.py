"""Reading costs a fixed number of statements, for one row and for fifty."""

from __future__ import annotations

from typing import Any

import pytest

from tests.budgets.counter import counted, warm
from tests.web.api.conftest import Api
from tests.web.api.test_lists import LISTS
from tests.world import World

ORDER, INVOICE, PAYMENT, QUOTATION, ONE = 6, 5, 3, 3, 2


@pytest.fixture(scope="package")
def filled(app: Any, tokens: dict[str, str], world: World) -> dict[str, Any]:
    """Fifty rows of everything that lists show."""
    api = Api(app.test_client(), tokens["admin"])
    products = [api.product("500")["id"] for _ in range(50)]
    [level] = api.ok("GET", f"/stock-levels?product_id={products[0]}")["items"]
    for product_id in products:
        point = {"product_id": product_id, "warehouse_id": level["warehouse_id"], "quantity": "5"}
        api.ok("POST", "/reorder-points", point)
    customer = api.customer()
    line = {"product_id": products[0], "quantity": "1"}
    orders, offers = [], []
    for number in range(50):
        body = {"customer_id": customer["id"], "name": f"机会 {number}", "amount": "1"}
        deal = api.ok("POST", "/opportunities", body)
        quotation = api.ok("POST", f"/opportunities/{deal['id']}/quotations", {"lines": [line]})
        offers.append((deal["id"], quotation["id"]))
        orders.append(api.ok("POST", f"/quotations/{quotation['id']}/order"))
        api.ok("POST", f"/sales-orders/{orders[-1]['id']}/confirm")
        api.customer()
    many = api.order(customer["id"], *({"product_id": product_id, "quantity": "1"} for product_id in products))
    api.ok("POST", f"/sales-orders/{many['id']}/confirm")
    payments = [api.ok("POST", "/payments", {"customer_id": customer["id"], "amount": "9", "auto": True})]
    payments += [api.ok("POST", "/payments", {"customer_id": customer["id"], "amount": "9"}) for _ in range(50)]
    return {"customer": customer, "small": orders[0], "large": many, "payment": payments[0], "offer": offers[0]}


def statements_of(api: Api, world: World, path: str) -> int:
    warm(world.database)
    with counted(world.database) as statements:
        api.ok("GET", path)
    return len(statements)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_fifty(
    api: Api, world: World, filled: dict[str, Any], path: str
) -> None:
    limits = ("", "") if path in ("/accounts", "/bank-accounts") else ("?limit=1", "?limit=50")
    assert [statements_of(api, world, path + limit) for limit in limits] == [ONE, ONE]


def test_an_order_costs_the_same_with_one_line_and_with_fifty(api: Api, world: World, filled: dict[str, Any]) -> None:
    costs = [statements_of(api, world, f"/sales-orders/{filled[size]['id']}") for size in ("small", "large")]
    assert costs == [ORDER, ORDER]


def test_records_cost_what_they_show(api: Api, world: World, filled: dict[str, Any]) -> None:
    [invoice] = api.ok("GET", f"/sales-orders/{filled['large']['id']}")["invoices"]
    deal_id, quotation_id = filled["offer"]
    budgets = {
        f"/customers/{filled['customer']['id']}": ONE,
        f"/opportunities/{deal_id}": ONE,
        f"/quotations/{quotation_id}": QUOTATION,
        f"/invoices/{invoice['id']}": INVOICE,
        f"/payments/{filled['payment']['id']}": PAYMENT,
        "/trial-balance": ONE,
        "/aging": ONE,
    }
    for path, budget in budgets.items():
        assert statements_of(api, world, path) <= budget, path


def test_the_counter_counts(api: Api, world: World) -> None:
    warm(world.database)
    with counted(world.database) as statements:
        world.rows("SELECT 1")
        world.rows("SELECT 2")
    assert statements.texts == ["SELECT 1", "SELECT 2"]
