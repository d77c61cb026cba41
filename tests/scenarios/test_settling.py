"""Credit notes, the invoices they correct, and the money between them: what is open is invoice − credit notes −
payments, a correction is not a match, and nobody gets back more than he paid."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from tests.scenarios.house import House, amounts, refused


def sale(house: House, quantity: int = 10) -> tuple[int, Any, int]:
    """A confirmed order of 100 net and 13 VAT: customer, order, invoice."""
    customer, product = house.customer(), house.product(stock=quantity, price="10", cost="6")
    order = house.confirmed(customer, (product, quantity))
    return customer, order, order["invoices"][0]["id"]


def own_allocations(house: House, invoice: int) -> list[dict[str, int]]:
    rows = house.rows(
        "SELECT id FROM payment_allocation WHERE credit_note_id IS NOT NULL AND invoice_id = :id ORDER BY id",
        id=invoice,
    )
    return [{"id": identity} for (identity,) in rows]


def money(house: House, customer: int) -> tuple[D, D]:
    """(open receivables, advances)."""
    account = house.account(customer)
    return account["open_receivables"], account["unapplied"]


# what a correction closed is no match ---------------------------------------------------------------------------------
def test_a_cancellation_is_not_unmatched(house: House) -> None:
    customer, order, invoice = sale(house)
    house.cancel(order)
    [allocation] = own_allocations(house, invoice)
    number = house.value("SELECT number FROM invoice WHERE id = :id", id=invoice)
    with refused("correction_not_unmatched", invoice=number):
        house.unmatch(allocation)
    assert money(house, customer) == (0, 0)
    with refused("refund_exceeds_credit"):
        house.refund(customer, 113)


def test_neither_return_nor_price_credit_is_unmatched(house: House) -> None:
    _, order, invoice = sale(house)
    house.ship(order)
    house.give_back(order, 2)
    house.credit(order, 5)
    for allocation in own_allocations(house, invoice):
        with refused("correction_not_unmatched"):
            house.unmatch(allocation)


def test_a_surplus_put_on_another_invoice_is_unmatched(house: House) -> None:
    customer, order, _ = sale(house)
    house.pay(customer, 113)
    house.ship(order)
    note = house.credit(order, 50)["credit_notes"][0]
    product = house.product(stock=10, price="10", cost="6")
    other = house.confirmed(customer, (product, 10))["invoices"][0]["id"]
    matched = house.match(note, (other, "56.50"), kind="credit_note")
    house.unmatch(matched["allocations"][0])
    assert money(house, customer) == (113, D("56.50"))


# what belongs to an invoice goes on it first --------------------------------------------------------------------------
def test_a_paid_and_credited_order_cancelled(house: House) -> None:
    customer, order, invoice = sale(house)
    house.pay(customer, 113)
    house.credit(order, 50)
    assert money(house, customer) == (0, D("56.50"))
    house.cancel(order)
    assert house.invoice_now(invoice) == (113, 0, 113)
    assert money(house, customer) == (0, 113)
    assert house.money(customer)[3] == "paid"


def test_a_partly_paid_and_credited_order_cancelled(house: House) -> None:
    customer, order, invoice = sale(house)
    house.pay(customer, 60)
    house.credit(order, 80)
    house.cancel(order)
    assert house.invoice_now(invoice) == (113, 0, 113)
    assert money(house, customer) == (0, 60)


def test_a_cancelled_order_whose_credit_was_refunded(house: House) -> None:
    """The money of the payment stays where the refunded credit note would have gone; the rest is credit."""
    customer, order, invoice = sale(house)
    house.pay(customer, 113)
    house.credit(order, 50)
    house.refund(customer, "56.50")
    house.cancel(order)
    assert house.invoice_now(invoice) == (113, 0, 113)
    assert money(house, customer) == (0, D("56.50"))
    house.refund(customer, "56.50")
    with refused("refund_exceeds_credit"):
        house.refund(customer, "0.01")


def test_a_cancelled_order_whose_credit_went_on_another_invoice(house: House) -> None:
    customer, order, invoice = sale(house)
    house.pay(customer, 113)
    note = house.credit(order, 50)["credit_notes"][0]
    product = house.product(stock=10, price="10", cost="6")
    other = house.confirmed(customer, (product, 5))["invoices"][0]["id"]
    matched = house.match(note, (other, "56.50"), kind="credit_note")
    house.cancel(order)
    assert house.invoice_now(invoice) == (113, 0, 113)
    assert money(house, customer) == (0, D("56.50"))
    house.unmatch(matched["allocations"][0])
    assert money(house, customer) == (D("56.50"), 113)


def test_an_unmatched_payment_lets_the_invoice_s_own_credit_in(house: House) -> None:
    customer, order, invoice = sale(house)
    paid = house.pay(customer, 113)
    house.credit(order, 50)
    house.unmatch(paid["allocations"][0])
    assert house.last_entries(2) == [
        ("unmatch", amounts(receivable=113, advances=-113)),
        ("match", amounts(advances="56.50", receivable="-56.50")),
    ]
    assert house.invoice_now(invoice) == (113, D("56.50"), D("56.50"))
    assert money(house, customer) == (D("56.50"), 113)


def test_a_payment_that_a_refunded_credit_rests_on_stays(house: House) -> None:
    customer, order, _ = sale(house)
    paid = house.pay(customer, 113)
    house.credit(order, 50)
    house.refund(customer, "56.50")
    with refused("credit_used_elsewhere", held=D("56.50")):
        house.unmatch(paid["allocations"][0])
    assert money(house, customer) == (0, 0)


def test_a_surplus_taken_back_goes_on_its_own_invoice_first(house: House) -> None:
    customer, order, invoice = sale(house)
    house.pay(customer, 60)
    second = house.pay(customer, 53)
    note = house.credit(order, 50)["credit_notes"][0]
    product = house.product(stock=10, price="10", cost="6")
    other = house.confirmed(customer, (product, 5))["invoices"][0]["id"]
    matched = house.match(note, (other, "56.50"), kind="credit_note")
    house.unmatch(second["allocations"][0])
    assert house.invoice_now(invoice) == (113, 53, D("56.50"))
    house.unmatch(matched["allocations"][0])
    assert house.invoice_now(invoice) == (113, 0, D("56.50"))
    assert money(house, customer) == (D("56.50"), D("56.50"))


@pytest.mark.parametrize("paid", ["60", "113"])
def test_a_return_after_a_price_credit(house: House, paid: str) -> None:
    customer, order, invoice = sale(house)
    house.pay(customer, paid)
    house.ship(order)
    house.credit(order, 80)
    house.give_back(order, 10)
    assert house.invoice_now(invoice) == (113, 0, 113)
    assert money(house, customer) == (0, D(paid))
