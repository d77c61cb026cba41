"""Money and its dates: on no day does a receivable hold a credit, and on no day is more given back than was there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from finance.corrections import refund, unmatch
from finance.manual import ManualLine, post_manual_entry, reverse_manual_entry
from finance.payments import Wanted, match
from tests.scenarios.house import House, amounts, refused
from tests.world import now


def day(house: House, days: int = 0) -> date:
    return house.context().today + timedelta(days=days)


def moment(days: int) -> datetime:
    return now() + timedelta(days=days)


def invoiced(house: House, customer: int, on: int = 0, quantity: int = 10) -> int:
    """The invoice of an order confirmed `on` days from today: 11.30 a piece."""
    context = house.context(now=moment(on))
    order = house.order(customer, (house.product(stock=quantity, price="10"), quantity), context=context)
    return house.confirm(order, context=context)["invoices"][0]["id"]


def balances(house: House, customer: int) -> list[tuple[date, D, D]]:
    """(day, receivable, advances) at the end of every day on which something happened."""
    found = house.rows(
        """SELECT effective_on, sum(receivable) OVER days, sum(advances) OVER days FROM (
               SELECT line.effective_on, sum(CASE role WHEN 'receivable' THEN debit - credit ELSE 0 END) AS receivable,
                      sum(CASE role WHEN 'advances' THEN credit - debit ELSE 0 END) AS advances
                 FROM journal_line AS line JOIN account ON account.id = account_id
                WHERE role IN ('receivable', 'advances') AND customer_id = :id GROUP BY line.effective_on) AS daily
           WINDOW days AS (ORDER BY effective_on) ORDER BY effective_on""",
        id=customer,
    )
    assert all(receivable >= 0 and advances >= 0 for _, receivable, advances in found), found
    return [tuple(row) for row in found]


def field(caught: Any, name: str) -> tuple[str, Any]:
    fault = caught.value.fields[name]
    return fault.code, fault.data.get("first_on")


# receipts -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("auto", [True, False])
def test_money_from_before_its_invoice_waits_among_advances(house: House, auto: bool) -> None:
    customer = house.customer()
    invoice = invoiced(house, customer)
    paid = house.pay(customer, 113, *([] if auto else [(invoice, 113)]), received_on=day(house, -10))
    assert house.last_entries(2) == [
        ("payment", amounts(bank=113, advances=-113)),
        ("match", amounts(advances=113, receivable=-113)),
    ]
    assert balances(house, customer) == [(day(house, -10), 0, 113), (day(house), 0, 0)]
    assert [(row["invoice_id"], D(row["amount"])) for row in paid["allocations"]] == [(invoice, 113)]
    assert house.money(customer) == (0, 0, 0, "paid")
    days = house.rows("SELECT effective_on FROM payment_allocation WHERE invoice_id = :id", id=invoice)
    assert days == [(day(house),)]


def test_money_for_invoices_of_several_days(house: House) -> None:
    """What was there is paid at once, the rest when its invoice came, by one entry a day."""
    customer = house.customer()
    invoices = [invoiced(house, customer, on, 1) for on in (-20, -8, -8, -3)]
    house.pay(customer, "46", *[(invoice, "11.30") for invoice in invoices], received_on=day(house, -10))
    assert balances(house, customer) == [
        (day(house, -20), D("11.30"), 0),
        (day(house, -10), 0, D("34.70")),
        (day(house, -8), 0, D("12.10")),
        (day(house, -3), 0, D("0.80")),
    ]


def test_money_from_before_an_unmatch(house: House) -> None:
    """The invoice was paid by something else until the un-match: nothing goes on it before that day."""
    customer = house.customer()
    invoice = invoiced(house, customer, -20)
    paid = house.pay(customer, 113, (invoice, 113), received_on=day(house, -15))
    house.run(unmatch, paid["allocations"][0]["id"], effective_on=day(house, -5))
    house.pay(customer, 113, (invoice, 113), received_on=day(house, -10))
    assert (day(house, -5), 0, 113) in balances(house, customer)


# match and un-match ---------------------------------------------------------------------------------------------------
def test_a_match_is_dated_when_both_sides_are_there(house: House) -> None:
    customer = house.customer()
    invoice = invoiced(house, customer, -6)
    paid = house.pay(customer, 60, auto=False, received_on=day(house, -9))
    wanted = [Wanted(invoice, D(60))]
    for on, expected in ((1, ("in_the_future", None)), (-7, ("match_too_early", day(house, -6)))):
        with refused("invalid_input") as caught:
            house.run(match, "payment", paid["id"], allocations=wanted, effective_on=day(house, on))
        assert field(caught, "effective_on") == expected
    late = house.pay(customer, 53, auto=False, received_on=day(house, -2))
    with refused("invalid_input") as caught:
        house.run(match, "payment", late["id"], auto=True, effective_on=day(house, -3))
    assert field(caught, "effective_on") == ("match_too_early", day(house, -2))
    house.run(match, "payment", paid["id"], allocations=wanted, effective_on=day(house, -6))
    house.run(match, "payment", late["id"], auto=True, effective_on=day(house, -2))
    assert balances(house, customer)[-1] == (day(house, -2), 0, 0)


def test_an_unmatch_is_dated_after_its_match(house: House) -> None:
    customer = house.customer()
    invoice = invoiced(house, customer, -6)
    allocation = house.pay(customer, 113, (invoice, 113), received_on=day(house, -4))["allocations"][0]["id"]
    for on, expected in ((1, ("in_the_future", None)), (-5, ("unmatch_too_early", day(house, -4)))):
        with refused("invalid_input") as caught:
            house.run(unmatch, allocation, effective_on=day(house, on))
        assert field(caught, "effective_on") == expected
    house.run(unmatch, allocation, effective_on=day(house, -4))
    assert balances(house, customer)[-1] == (day(house, -4), 113, 113)


def test_freed_money_is_not_matched_before_it_came_free(house: House) -> None:
    customer = house.customer()
    first, second = invoiced(house, customer, -20), invoiced(house, customer, -20)
    paid = house.pay(customer, 113, (first, 113), received_on=day(house, -15))
    house.run(unmatch, paid["allocations"][0]["id"], effective_on=day(house, -5))
    wanted = [Wanted(second, D(113))]
    with refused("invalid_input") as caught:
        house.run(match, "payment", paid["id"], allocations=wanted, effective_on=day(house, -6))
    assert field(caught, "effective_on") == ("match_too_early", day(house, -5))
    house.run(match, "payment", paid["id"], allocations=wanted, effective_on=day(house, -5))
    balances(house, customer)


def test_own_credit_goes_on_its_invoice_when_both_are_there(house: House) -> None:
    """Un-matched as of a day before the credit note: the note closes the invoice from its own day on."""
    customer, product = house.customer(), house.product(stock=10, price="10")
    context = house.context(now=moment(-20))
    order = house.order(customer, (product, 10), context=context)
    house.confirm(order, context=context)
    paid = house.pay(customer, 113, received_on=day(house, -15))
    house.credit(order, 50)
    house.run(unmatch, paid["allocations"][0]["id"], effective_on=day(house, -5))
    assert balances(house, customer)[-2:] == [
        (day(house, -5), 113, 113),
        (day(house), D("56.50"), 113),
    ]


# refunds --------------------------------------------------------------------------------------------------------------
def test_a_refund_is_dated_when_the_money_was_there(house: House) -> None:
    customer = house.customer()
    house.pay(customer, 30, received_on=day(house, -9))
    house.pay(customer, 20, received_on=day(house, -3))
    with refused("invalid_input") as caught:
        house.run(refund, customer_id=customer, amount=D(40), refunded_on=day(house, -5))
    assert field(caught, "refunded_on") == ("refund_too_early", day(house, -3))
    with refused("invalid_input") as caught:
        house.run(refund, customer_id=customer, amount=D(10), refunded_on=day(house, -10))
    assert field(caught, "refunded_on") == ("refund_too_early", day(house, -9))
    with refused("refund_exceeds_credit", available=50):
        house.run(refund, customer_id=customer, amount=D(51), refunded_on=day(house, -5))
    house.run(refund, customer_id=customer, amount=D(25), refunded_on=day(house, -5))
    house.run(refund, customer_id=customer, amount=D(25), refunded_on=day(house, -3))
    assert balances(house, customer)[-1] == (day(house, -3), 0, 0)


# manual entries -------------------------------------------------------------------------------------------------------
def test_a_manual_entry_may_lie_ahead_in_an_open_month_and_is_reversed_from_its_day_on(house: House) -> None:
    """Rent of the month's end is written when it is known; nothing is built on it, so that nothing can come before."""
    accounts = dict(house.rows("SELECT role, id FROM account WHERE role IN ('stock_loss', 'stock_gain')"))
    [[ends_on]] = house.rows(
        "SELECT ends_on FROM fiscal_period WHERE :day BETWEEN starts_on AND ends_on", day=day(house)
    )
    lines = [ManualLine(accounts["stock_loss"], debit=D(7)), ManualLine(accounts["stock_gain"], credit=D(7))]
    entry = house.run(post_manual_entry, effective_on=ends_on, memo="rent", lines=lines)
    assert entry["effective_on"] == str(ends_on)
    if ends_on > day(house):
        with refused("invalid_input") as caught:
            house.run(reverse_manual_entry, entry["id"], effective_on=day(house))
        assert field(caught, "effective_on")[0] == "reversal_too_early"
    assert house.run(reverse_manual_entry, entry["id"], effective_on=ends_on)["effective_on"] == str(ends_on)
