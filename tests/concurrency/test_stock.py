"""Nobody sells what is not there, whoever asks at the same moment, and no deadlock reaches anyone."""

from __future__ import annotations

import random
from decimal import Decimal as D

from crm.orders.confirm import confirm_order
from crm.orders.create import create_order
from crm.pricing import LineRequest
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House

SEED = 20260131


def draft_and_confirm(house: House, customer: int, *lines: tuple[int, int]) -> dict:
    requests = [LineRequest(product, D(quantity)) for product, quantity in lines]
    order = house.run(create_order, customer_id=customer, lines=requests)
    return house.run(confirm_order, order["id"])


def test_four_hundred_orders_for_a_hundred_units(house: House) -> None:
    product = house.product(stock=100)
    customers = [house.customer() for _ in range(8)]
    calls = [lambda turn=turn: draft_and_confirm(house, customers[turn % 8], (product, 1)) for turn in range(400)]
    assert codes(at_once(calls, threads=12)) == {"done": 100, "insufficient_stock": 300}
    assert house.level(product) == {"on_hand": 100, "reserved": 100, "available": 0, "back_ordered": 0}


def test_three_lines_in_random_order_never_deadlock(house: House) -> None:
    chance = random.Random(SEED)
    products = [house.product(stock=60) for _ in range(5)]
    customers = [house.customer() for _ in range(8)]
    calls = []
    for turn in range(120):
        lines = [(product, 1) for product in chance.sample(products, 3)]
        calls.append(lambda turn=turn, lines=lines: draft_and_confirm(house, customers[turn % 8], *lines))
    found = codes(at_once(calls, threads=12))
    assert set(found) <= {"done", "insufficient_stock"}
    assert found["done"] * 3 == sum(house.level(product)["reserved"] for product in products)
    assert found["done"] >= 80


def test_twenty_of_fifty_get_their_ten(house: House) -> None:
    product = house.product(stock=200)
    customer = house.customer()
    answers = at_once([lambda: draft_and_confirm(house, customer, (product, 10)) for _ in range(50)], threads=16)
    assert codes(answers) == {"done": 20, "insufficient_stock": 30}
    for refusal in (answer for answer in answers if isinstance(answer, Exception)):
        [short] = refusal.data["shortages"]
        assert (short["requested"], short["available"], short["short"]) == (10, 0, 10)
    numbers = house.rows("SELECT number FROM sales_order WHERE customer_id = :id ORDER BY number", id=customer)
    assert len(numbers) == 50


def test_shipping_and_receiving_and_cancelling_at_once(house: House) -> None:
    product = house.product(stock=20)
    customer = house.customer()
    orders = [house.confirmed(customer, (product, 2), on_short="back_order") for _ in range(16)]
    calls = [lambda order=order: house.ship(order) for order in orders[:8]]
    calls += [lambda order=order: house.cancel(order) for order in orders[8:]]
    calls += [lambda: house.receive(product, 3) for _ in range(8)]
    assert set(codes(at_once(calls, threads=12))) <= {"done", "nothing_to_ship"}
    level = house.level(product)
    assert level["back_ordered"] == 0
