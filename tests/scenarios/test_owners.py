"""A customer changes hands: the documents go along, what was sold stays who sold it; nobody leaves customers behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core import clock, wire
from core.command import run
from core.context import Actor
from core.errors import DomainError
from core.users import change_user
from crm.activities import record_activity
from crm.owners import DOCUMENTS, change_customer, hand_over_customers
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from tests.scenarios.house import House, refused


@pytest.fixture
def people(house: House) -> tuple[Actor, Actor]:
    mark = clock.now().strftime("%H%M%S%f")
    return house.user(f"from{mark}", "sales"), house.user(f"to{mark}", "sales")


def a_customer_with_everything(house: House, owner: Actor, orders: int = 1) -> int:
    """One document of each kind at least, written by somebody else than the owner, and something planned."""
    customer, product = house.customer(owner_id=owner.user_id), house.product(stock=5 * orders)
    deal = house.run(create_opportunity, customer, {"name": "Spring", "amount": Decimal(100)})
    house.run(create_quotation, opportunity_id=deal["id"], lines=[LineRequest(product, Decimal(1))])
    for _ in range(orders):
        order = house.confirmed(customer, (product, 3))
        house.ship(order)
        house.pay(customer, "339.00")
        house.give_back(order, 1)
    house.refund(customer, "10.00")
    tomorrow = {"kind": "call", "subject": "ask", "due_on": house.context().today}
    for who in (owner.user_id, house.actor.user_id):
        house.run(record_activity, customer, {**tomorrow, "owner_id": who})
    house.run(record_activity, customer, {"kind": "note", "subject": "said", "owner_id": owner.user_id})
    return customer


def owners(house: House, customer: int, column: str = "owner_id") -> dict[str, set[int | None]]:
    sql = f"SELECT {column} FROM {{}} WHERE customer_id = :id"
    return {table: {row[0] for row in house.rows(sql.format(table), id=customer)} for table in DOCUMENTS}


def all_of(owner: Actor) -> dict[str, set[int | None]]:
    return {table: {owner.user_id} for table in DOCUMENTS}


def test_all_documents_follow_a_new_owner(house: House, people: tuple[Actor, Actor]) -> None:
    before, after = people
    customer = a_customer_with_everything(house, before)
    other = a_customer_with_everything(house, before)
    assert owners(house, customer) == all_of(before)
    house.run(change_customer, customer, {"owner_id": after.user_id})
    assert owners(house, customer) == all_of(after)
    assert owners(house, other) == all_of(before)
    credit = {house.value(f"SELECT min(salesperson_id) FROM {table} WHERE customer_id = :id", id=customer)
              for table in ("opportunity", "quotation", "sales_order", "invoice")}  # fmt: skip
    assert credit == {house.actor.user_id}
    planned = house.rows(
        "SELECT owner_id, done_at IS NULL FROM activity WHERE customer_id = :id ORDER BY id", id=customer
    )
    assert planned == [(after.user_id, True), (house.actor.user_id, True), (before.user_id, False)]
    audited = "SELECT changes -> 'owner_id' FROM audit_row WHERE record_id = :id AND action = 'customer.changed'"
    assert house.rows(audited, id=customer) == [([before.user_id, after.user_id],)]


def test_new_documents_belong_to_the_new_owner(house: House, people: tuple[Actor, Actor]) -> None:
    before, after = people
    customer = house.customer(owner_id=before.user_id)
    house.run(change_customer, customer, {"owner_id": after.user_id})
    house.confirmed(customer, (house.product(stock=1), 1))
    assert owners(house, customer)["sales_order"] == owners(house, customer)["invoice"] == {after.user_id}


def test_statements_do_not_grow_with_the_documents(
    house: House, people: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    exchange = wire.exchange

    def count(connection: Any, statements: Any, **named: Any) -> Any:
        parts = list(statements)
        sent.append(len(parts))
        return exchange(connection, parts, **named)

    customers = [a_customer_with_everything(house, people[0], orders) for orders in (1, 12)]
    monkeypatch.setattr(wire, "exchange", count)
    counts = []
    for customer in customers:
        sent.clear()
        house.run(change_customer, customer, {"owner_id": people[1].user_id})
        counts.append(sum(sent))
    assert counts[0] == counts[1]


def test_a_departed_owner_is_refused_beside_the_field(house: House, people: tuple[Actor, Actor]) -> None:
    before, gone = people
    customer = house.customer(owner_id=before.user_id)
    house.run(change_user, gone.user_id, {"is_active": False})
    for act in (
        lambda: house.run(change_customer, customer, {"owner_id": gone.user_id}),
        lambda: house.customer(owner_id=gone.user_id),
    ):
        with refused("invalid_input") as caught:
            act()
        assert caught.value.fields["owner_id"].code == "owner_inactive"
    with refused("invalid_input") as caught:
        house.run(change_customer, customer, {"owner_id": 7})
    assert caught.value.fields["owner_id"].code == "user_unknown"
    assert house.value("SELECT owner_id FROM customer WHERE id = :id", id=customer) == before.user_id


def test_whoever_leaves_hands_his_customers_over(house: House, people: tuple[Actor, Actor]) -> None:
    before, after = people
    customers = [a_customer_with_everything(house, before) for _ in range(3)]
    with refused("user_owns_customers", count=3) as caught:
        house.run(change_user, before.user_id, {"is_active": False})
    assert caught.value.fields["is_active"].code == "user_owns_customers"
    answer = house.run(hand_over_customers, before.user_id, to_user_id=after.user_id)
    assert (answer["customers"], answer["to_user_id"]) == (3, after.user_id)
    for customer in customers:
        assert owners(house, customer) == all_of(after)
    audited = "SELECT count(*) FROM audit_row WHERE record_id = ANY (:ids) AND action = 'customer.changed'"
    assert house.value(audited, ids=customers) == 3
    assert house.run(hand_over_customers, before.user_id, to_user_id=after.user_id)["customers"] == 0
    assert house.run(change_user, before.user_id, {"is_active": False})["is_active"] is False


@pytest.mark.parametrize(("taker", "code"), [(None, "required"), (7, "user_unknown"), ("self", "same_owner")])
def test_who_cannot_take_over(house: House, people: tuple[Actor, Actor], taker: Any, code: str) -> None:
    before, _ = people
    to = before.user_id if taker == "self" else taker
    with refused("invalid_input") as caught:
        house.run(hand_over_customers, before.user_id, to_user_id=to)
    assert caught.value.fields["to_user_id"].code == code


def test_a_preview_moves_nothing(house: House, people: tuple[Actor, Actor]) -> None:
    before, after = people
    customer = a_customer_with_everything(house, before)
    house.preview(change_customer, customer, {"owner_id": after.user_id})
    assert owners(house, customer) == all_of(before)


def test_a_stale_form_moves_nothing(house: House, people: tuple[Actor, Actor]) -> None:
    before, after = people
    customer = a_customer_with_everything(house, before)
    with pytest.raises(DomainError, match="edit_conflict"):
        run(change_customer, customer, {"owner_id": after.user_id}, version=99, context=house.context())
    assert owners(house, customer) == all_of(before)
