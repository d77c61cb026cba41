"""How many statements the main calls need over HTTP, the token's look-up included, whatever the number of lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.budgets.counter import Statements, counted, warm
from tests.web.api.conftest import Api
from tests.world import World

CREATE, CONFIRM, SHIP, PAY = 6, 14, 12, 11
LINES = (1, 50)


@pytest.fixture(scope="package")
def products(app: Any, tokens: dict[str, str]) -> list[int]:
    api = Api(app.test_client(), tokens["admin"])
    return [api.product("1000")["id"] for _ in range(max(LINES))]


def count(world: World, act: Callable[[], Any]) -> tuple[Any, Statements]:
    warm(world.database)
    with counted(world.database) as statements:
        answer = act()
    return answer, statements


def within(statements: Statements, budget: int) -> int:
    assert 0 < len(statements) <= budget, f"{len(statements)} statements:\n{statements}"
    return len(statements)


def cycle(api: Api, world: World, product_ids: list[int]) -> list[int]:
    """The statements of create, confirm, ship, and pay and match."""
    customer = api.customer()
    lines = [{"product_id": product_id, "quantity": "2"} for product_id in product_ids]
    order, created = count(world, lambda: api.order(customer["id"], *lines))
    path = f"/sales-orders/{order['id']}"
    answer, confirmed = count(world, lambda: api.ok("POST", f"{path}/confirm"))
    _, shipped = count(world, lambda: api.ok("POST", f"{path}/ship"))
    [invoice] = answer["invoices"]
    money = {"customer_id": customer["id"], "amount": invoice["amount_total"]}
    exact = {"allocations": [{"invoice_id": invoice["id"], "amount": invoice["amount_total"]}]}
    _, paid = count(world, lambda: api.ok("POST", "/payments", money | exact))
    budgets = ((created, CREATE), (confirmed, CONFIRM), (shipped, SHIP), (paid, PAY))
    return [within(statements, budget) for statements, budget in budgets]


def test_order_to_cash_stays_within_its_statements_for_one_line_and_for_fifty(
    api: Api, world: World, products: list[int]
) -> None:
    first, *rest = [cycle(api, world, products[:lines]) for lines in LINES]
    assert rest == [first]


def test_matching_by_rules_stays_within_its_statements(api: Api, world: World, products: list[int]) -> None:
    customer = api.customer()
    for _ in range(3):
        order = api.order(customer["id"], {"product_id": products[0], "quantity": "1"})
        api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    money = {"customer_id": customer["id"], "amount": "300", "auto": True}
    within(count(world, lambda: api.ok("POST", "/payments", money))[1], PAY)


def test_refusals_and_replays_cost_no_more(api: Api, world: World, products: list[int]) -> None:
    customer = api.customer()
    body = {"customer_id": customer["id"], "lines": [{"product_id": products[0], "quantity": "999999"}]}
    order = api.ok("POST", "/sales-orders", body, key="budget")
    within(count(world, lambda: api.ok("POST", "/sales-orders", body, key="budget"))[1], CREATE)
    refused, statements = count(world, lambda: api.post(f"/sales-orders/{order['id']}/confirm"))
    assert refused.status_code == 409
    within(statements, CONFIRM)


def test_an_unreadable_body_costs_one_look_up(api: Api, world: World) -> None:
    api.get("/me")  # a token that was not used lately is noted as used once
    _, statements = count(world, lambda: api.post("/sales-orders", {"lines": 3}))
    within(statements, 1)
