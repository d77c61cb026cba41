"""Cases that broke others, with the results expected of a correct system."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from core.errors import DomainError
from finance.payments import Wanted, match, record_payment
from finance.periods import close_period, reopen_period
from tests.scenarios.house import House, refused
from tests.world import now


def test_twenty_people_want_the_last_unit(house: House) -> None:
    """Stock 1, twenty orders of 1 at once: one confirmed, nineteen plain refusals, no residue."""
    product = house.product(stock=1)
    orders = [house.order(house.customer(), (product, 1)) for _ in range(20)]
    answers = at_once(*[lambda order=order: house.confirm(order) for order in orders])
    refusals = [answer for answer in answers if isinstance(answer, DomainError)]
    assert len(refusals) == 19
    for refusal in refusals:
        assert refusal.code == "insufficient_stock"
        [short] = refusal.data["shortages"]
        assert (short["requested"], short["available"], short["short"]) == (1, 0, 1)
    assert house.level(product) == {"on_hand": 1, "reserved": 1, "available": 0, "back_ordered": 0}
    confirmed = [order for order in orders if house.order_now(order)[0] == "confirmed"]
    assert len(confirmed) == 1
    assert all(house.entries(order["number"]) == [] for order in orders if order is not confirmed[0])


def test_two_line_orders_in_opposite_order(house: House) -> None:
    """No deadlock reaches anyone, and an order takes both lines or none."""
    one, two = house.product(stock=10), house.product(stock=10)
    orders = [
        house.order(house.customer(), *([(one, 1), (two, 1)] if turn % 2 else [(two, 1), (one, 1)]))
        for turn in range(16)
    ]
    answers = at_once(*[lambda order=order: house.confirm(order) for order in orders])
    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    assert [refusal.code for refusal in refusals] == ["insufficient_stock"] * 6
    assert house.level(one)["reserved"] == house.level(two)["reserved"] == 10


def test_shipped_billed_shipped_returned_billed(house: House) -> None:
    """Order 100, ship 60, bill 60, ship 40, return 10 unbilled, bill 30: 90 shipped, 90 billed, complete."""
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(), house.product(stock=100, price="3.33", cost="2")
    order = house.confirmed(customer, (product, 100))
    house.ship(order, 60)
    house.bill(order, 60)
    house.ship(order, 40)
    house.give_back(order, 10)
    assert house.order_now(order) == ("confirmed", "shipped", "partial")
    with refused("invalid_input"):
        house.bill(order, 31)
    house.bill(order, 30)
    line = house.line_now(order)
    assert line["quantity_shipped"] - line["quantity_returned"] == 90
    assert line["quantity_invoiced"] - line["quantity_credited"] == 90
    assert house.order_now(order) == ("done", "shipped", "invoiced")
    with refused("nothing_to_invoice"):
        house.bill(order)


def paid_in_part_then_credited(house: House) -> tuple[int, Any, int]:
    """Invoice 1000, paid 400, credit note 1000."""
    customer, product = house.customer(), house.product(stock=10, price="100", cost="60", tax_rate=D(0))
    order = house.confirmed(customer, (product, 10))
    invoice = order["invoices"][0]["id"]
    house.ship(order)
    house.pay(customer, 400, (invoice, 400))
    house.credit(order, 1000)
    return customer, order, invoice


def test_invoice_credited_after_part_payment(house: House) -> None:
    customer, _, invoice = paid_in_part_then_credited(house)
    assert house.invoice_now(invoice) == (1000, 0, 1000)
    assert house.money(customer) == (-400, -400, 400, "paid")


def test_every_route_refuses_the_second_credit(house: House) -> None:
    _, order, invoice = paid_in_part_then_credited(house)
    with refused("credit_exceeds_invoice"):
        house.credit(order, 1)
    with refused("order_state"):
        house.cancel(order)
    # Goods may still come back; nothing is left to credit for them.
    house.give_back(order, 4)
    assert house.invoice_now(invoice) == (1000, 0, 1000)
    # Nor is the credit taken off the invoice to make room for another.
    [[allocation]] = house.rows(
        "SELECT id FROM payment_allocation WHERE credit_note_id IS NOT NULL AND invoice_id = :id", id=invoice
    )
    with refused("correction_not_unmatched"):
        house.unmatch({"id": allocation})
    assert house.invoice_now(invoice) == (1000, 0, 1000)


def test_paid_forty_too_much(house: House) -> None:
    """Invoice 960, paid 1000: 40 unapplied, visible."""
    customer, product = house.customer(), house.product(stock=1, price="960", tax_rate=D(0))
    house.confirmed(customer, (product, 1))
    house.pay(customer, 1000)
    assert house.money(customer) == (-40, -40, 40, "paid")


def test_credit_partly_used_then_allocated(house: House) -> None:
    """Credit 100 with 10 used, next invoice 200: 90 allocated."""
    customer, product = house.customer(), house.product(stock=10, price="1", tax_rate=D(0))
    paid = house.pay(customer, 100)
    house.confirmed(customer, (product, 10, "1"))
    house.match(paid)
    big = house.product(stock=1, price="200", tax_rate=D(0))
    invoice = house.confirmed(customer, (big, 1))["invoices"][0]["id"]
    matched = house.match(paid)
    assert [(row["invoice_id"], D(row["amount"])) for row in matched["allocations"]] == [(invoice, 90)]
    assert house.invoice_now(invoice) == (200, 110, 0)


def test_two_people_spend_one_credit(house: House) -> None:
    customer, product = house.customer(), house.product(stock=2, price="100", tax_rate=D(0))
    paid = house.pay(customer, 100)
    invoices = [house.confirmed(customer, (product, 1))["invoices"][0]["id"] for _ in range(2)]
    answers = at_once(
        *[
            lambda invoice=invoice: house.run(match, "payment", paid["id"], allocations=[Wanted(invoice, D(100))])
            for invoice in invoices
        ]
    )
    refusals = [answer for answer in answers if isinstance(answer, DomainError)]
    assert [refusal.code for refusal in refusals] == ["nothing_unapplied"]
    assert house.money(customer) == (100, 100, 0, "unpaid")


@pytest.mark.parametrize(("rounding", "tax", "total"), [("line", "53.80", "412.43"), ("document", "53.79", "412.42")])
def test_tax_rounded_per_line_or_per_document(house: House, rounding: str, tax: str, total: str) -> None:
    """10 × 30.75 − 5 % and 1 × 70 − 5 %, tax 15 %; the same figures on order, invoice and ledger, and in parts."""
    house.set_policy(tax_rounding=rounding, invoicing_policy="on_delivery")
    customer = house.customer()
    one = house.product(stock=10, price="30.75", tax_rate=D("0.15"))
    two = house.product(stock=1, price="70", tax_rate=D("0.15"))
    order = house.order(customer, (one, 10, None, "5"), (two, 1, None, "5"))
    assert (order["amount_net"], order["amount_tax"], order["amount_total"]) == ("358.63", tax, total)
    house.set_policy(tax_rounding="line")
    house.confirm(order)
    bills = []
    for quantities in ((3, 0), (3, 1), (4, 0)):
        house.ship(order, *quantities)
        bills.append(house.bill(order)["invoices"][0])
    assert sum(D(bill["amount_total"]) for bill in bills) == D(total)
    ledger = house.value(
        "SELECT sum(debit) FROM journal_line JOIN account ON account.id = account_id WHERE role = 'receivable' "
        "AND customer_id = :id",
        id=customer,
    )
    assert ledger == D(total)


def test_order_with_deposit_cancelled(house: House) -> None:
    """Order 1000, deposit 300, cancelled: credit 300 that can be matched again or refunded."""
    customer, product = house.customer(), house.product(stock=20, price="100", tax_rate=D(0))
    order = house.confirmed(customer, (product, 10))
    paid = house.pay(customer, 300)
    house.cancel(order)
    assert house.level(product)["reserved"] == 0
    assert house.money(customer) == (-300, -300, 300, "paid")
    again = house.confirmed(customer, (product, 2))["invoices"][0]["id"]
    house.match(paid, (again, 200))
    house.refund(customer, 100)
    assert house.money(customer) == (0, 0, 0, "paid")
    with refused("refund_exceeds_credit", available=0):
        house.refund(customer, 1)


def test_only_what_is_not_shipped_can_be_cancelled(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10, price="100", tax_rate=D(0))
    order = house.confirmed(customer, (product, 10))
    house.pay(customer, 300)
    house.ship(order, 4)
    with refused("invalid_input") as caught:
        house.cancel_part(order, 7)
    assert caught.value.fields["lines.0.quantity"].data["left"] == 6
    house.cancel(order)
    assert house.order_now(order) == ("done", "shipped", "invoiced")
    assert house.money(customer) == (100, 100, 0, "partial")
    with refused("order_state"):
        house.cancel(order)


def test_payment_after_the_cancellation(house: House) -> None:
    """It is unapplied credit and a task for finance."""
    customer, product = house.customer(), house.product(stock=10, price="100", tax_rate=D(0))
    order = house.confirmed(customer, (product, 10))
    house.cancel(order)
    number = house.value(
        "SELECT invoice.number FROM invoice JOIN sales_order_invoice AS link ON link.invoice_id = invoice.id "
        "WHERE order_id = :id",
        id=order["id"],
    )
    house.pay(customer, 1000, reference=f"pays {number}")
    assert house.money(customer) == (-1000, -1000, 1000, "paid")
    tasks = house.rows("SELECT kind, origin, amount FROM ledger_task WHERE customer_id = :id", id=customer)
    assert tasks == [("payment_after_cancellation", order["number"], 1000)]


def test_closed_period(house: House) -> None:
    """A date in a closed period is refused with the way out; the closed month stays byte for byte as it was."""
    customer = house.customer()
    today = house.context().today
    period = {(row[1], row[2]): row[0] for row in house.rows("SELECT id, starts_on, ends_on FROM fiscal_period")}
    ends_on = today.replace(day=1) - timedelta(days=1)
    previous = period[ends_on.replace(day=1), ends_on]
    house.pay(customer, 10, received_on=ends_on)
    house.run(close_period, previous)
    try:
        before = _month(house, previous)
        with refused("period_closed", date=ends_on, first_open_on=today.replace(day=1)):
            house.pay(customer, 20, received_on=ends_on)
        house.pay(customer, 20)
        assert _month(house, previous) == before
    finally:
        house.run(reopen_period, previous)


def _month(house: House, period_id: int) -> list[Any]:
    return house.rows(
        "SELECT entry.*, line.* FROM journal_entry AS entry JOIN journal_line AS line ON line.entry_id = entry.id "
        "WHERE period_id = :id ORDER BY line.id",
        id=period_id,
    )


def test_posting_waits_for_the_closing_and_is_refused(house: House) -> None:
    """A posting that meets a closing under way sees its outcome, not the state before."""
    customer = house.customer()
    day = now().date() - timedelta(days=40)
    [[period]] = house.rows("SELECT id FROM fiscal_period WHERE :day BETWEEN starts_on AND ends_on", day=day)
    closing = house.database.engine.connect()
    try:
        closing.exec_driver_sql("SELECT id FROM fiscal_period WHERE id = %s FOR UPDATE", (period,))
        closing.exec_driver_sql("UPDATE fiscal_period SET state = 'closed' WHERE id = %s", (period,))
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(_outcome(house, customer, day)))
        thread.start()
        _wait_for_lock(house)
        closing.commit()
        thread.join(10)
    finally:
        closing.close()
        house.run(reopen_period, period)
    assert answers == ["period_closed"]


def _outcome(house: House, customer: int, day: Any) -> str:
    try:
        house.run(record_payment, customer_id=customer, amount=D(5), received_on=day)
    except DomainError as error:
        return error.code
    return "paid"


def _wait_for_lock(house: House) -> None:
    """Until somebody in this database waits for a lock."""
    while not house.value(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ):
        pass


def at_once(*calls: Any) -> list[Any]:
    """Runs every call in a thread of its own, all let go at the same moment; answers or exceptions, in order."""
    gate = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def work(index: int) -> None:
        gate.wait()
        try:
            answers[index] = calls[index]()
        except Exception as error:
            answers[index] = error

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
