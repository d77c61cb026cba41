"""Writing off what will not be paid: entries, the customer's account, aging of a day, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal as D

import pytest

from core.scope import EVERYTHING, viewing
from finance.corrections import unmatch
from finance.queries.invoice_record import get_invoice, payment_status
from finance.queries.receivables import aging
from finance.write_offs import reverse_write_off, write_off
from tests.scenarios.house import House, amounts, refused


@pytest.fixture(autouse=True)
def _alone(house: House) -> Iterator[None]:
    """Whether a write-off needs an approval is tested elsewhere."""
    house.set_rule("write_off", is_active=False)
    yield
    house.set_rule("write_off", is_active=True)


def billed(house: House) -> tuple[int, int]:
    """(customer, invoice) of an order of 100 net, 113 gross."""
    customer = house.customer()
    [invoice] = house.confirmed(customer, (house.product(stock=10), 1))["invoices"]
    return customer, invoice["id"]


def status(house: House, invoice_id: int) -> str:
    return str(payment_status([get_invoice(invoice_id).invoice], house.context().today))


def test_the_whole_open_amount_becomes_bad_debt(house: House) -> None:
    customer, invoice = billed(house)
    answer = house.run(write_off, invoice, amount=D("113.00"), reason="破产")
    assert answer["number"].startswith("WO-")
    assert house.last_entry() == ("write_off", amounts(bad_debts="113", receivable="-113"))
    assert house.money(customer) == (D(0), D(0), D(0), "paid")
    assert status(house, invoice) == "none"  # nothing to pay, and not paid either
    with refused("nothing_to_write_off"):
        house.run(write_off, invoice, amount=D(1), reason="破产")


def test_a_part_is_written_off_and_the_rest_is_paid(house: House) -> None:
    customer, invoice = billed(house)
    house.pay(customer, "100", (invoice, "100"))
    house.run(write_off, invoice, amount=D("13.00"), reason="尾差")
    assert house.invoice_now(invoice) == (D("113.00"), D("0.00"), D("0.00"))
    assert status(house, invoice) == "paid"
    assert house.value("SELECT amount_written_off FROM invoice WHERE id = :id", id=invoice) == D("13.00")


def test_taken_back_the_invoice_is_open_again_and_can_be_paid(house: House) -> None:
    customer, invoice = billed(house)
    before = house.account(customer)
    written = house.run(write_off, invoice, amount=D("113.00"), reason="破产")
    house.run(reverse_write_off, written["id"], reason="收回")
    assert house.last_entry() == ("write_off_reversal", amounts(bad_debts="-113", receivable="113"))
    assert house.account(customer) == before
    with refused("not_found"):
        house.run(reverse_write_off, written["id"], reason="收回")
    paid = house.pay(customer, "113", (invoice, "113"))
    assert paid["payment_status"] == "paid"


def test_money_for_what_is_written_off_stays_the_customer_s(house: House) -> None:
    customer, invoice = billed(house)
    house.run(write_off, invoice, amount=D("113.00"), reason="破产")
    assert house.pay(customer, "113")["amount_unapplied"] == "113.00"
    with refused("allocation_exceeds_invoice"):
        house.pay(customer, "1", (invoice, "1"))


def test_a_write_off_is_no_match_that_could_be_un_matched(house: House) -> None:
    _, invoice = billed(house)
    written = house.run(write_off, invoice, amount=D("13.00"), reason="尾差")
    with refused("not_found"):
        house.run(unmatch, written["allocation_id"])


def test_nothing_is_credited_while_a_write_off_stands(house: House) -> None:
    customer = house.customer()
    order = house.confirmed(customer, (house.product(stock=10), 1))
    house.ship(order)
    [invoice] = order["invoices"]
    written = house.run(write_off, invoice["id"], amount=D("113.00"), reason="破产")
    for correct in (lambda: house.give_back(order, 1), lambda: house.credit(order, "10")):
        with refused("invoice_written_off", invoice=invoice["number"]):
            correct()
    house.run(reverse_write_off, written["id"], reason="退货")
    house.give_back(order, 1)
    assert house.money(customer)[:3] == (D(0), D(0), D(0))


def test_aging_of_an_earlier_day_still_shows_the_invoice(house: House) -> None:
    customer, invoice = billed(house)
    today = house.context().today
    later = house.context(now=house.context().now + timedelta(days=3))
    house.run(write_off, invoice, amount=D("113.00"), reason="破产", context=later)
    with viewing(EVERYTHING):
        of_day = {row.customer_id: row.open for row in aging(today)}
        after = {row.customer_id: row.open for row in aging(today + timedelta(days=3))}
    assert of_day[customer] == D("113.00")
    assert customer not in after


@pytest.mark.parametrize(("amount", "fault"), [("0", "not_positive"), ("113.01", "write_off_exceeds_invoice")])
def test_no_more_than_is_open(house: House, amount: str, fault: str) -> None:
    _, invoice = billed(house)
    with refused("invalid_input") as caught:
        house.run(write_off, invoice, amount=D(amount), reason="破产")
    assert caught.value.fields["amount"].code == fault
    with refused("invalid_input") as caught:
        house.run(write_off, invoice, amount=D(1), reason=" ")
    assert caught.value.fields["reason"].code == "required"
