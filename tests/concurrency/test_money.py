"""Money is spent once, invoices are never over-paid, and readers always see books that balance."""

from __future__ import annotations

import threading
from decimal import Decimal as D

from sqlalchemy import text

from core.errors import DomainError
from crm.orders.create import create_order
from crm.pricing import LineRequest
from finance.payments import Wanted, match, record_payment
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House
from tests.world import new_key

UNBALANCED = """
    SELECT count(*) FROM (SELECT 1 FROM journal_line GROUP BY entry_id HAVING sum(debit - credit) <> 0) AS entries
"""


def invoice_of(house: House, amount: int) -> tuple[int, int]:
    """(customer, invoice) over an amount."""
    customer, product = house.customer(), house.product(stock=1, price=amount, tax_rate=D(0))
    return customer, house.confirmed(customer, (product, 1))["invoices"][0]["id"]


def test_same_key_twenty_times_at_once(house: House) -> None:
    customer, invoice = invoice_of(house, 100)
    key = new_key()

    def pay(digest: str = "same") -> str:
        context = house.context(idempotency_key=key, route="POST /payments", body_digest=digest)
        wanted = [Wanted(invoice, D(40))]
        return house.result(
            record_payment, customer_id=customer, amount=D(40), allocations=wanted, context=context
        ).text

    answers = at_once([pay] * 20)
    assert codes(answers) == {"done": 20}
    assert len(set(answers)) == 1
    assert house.value("SELECT count(*) FROM payment WHERE customer_id = :id", id=customer) == 1
    changed = at_once([lambda: pay("changed")])[0]
    assert (changed.code, changed.http_status) == ("idempotency_key_reused", 409)


def test_a_refusal_frees_its_key(house: House) -> None:
    customer, invoice = invoice_of(house, 100)
    context = house.context(idempotency_key=new_key(), route="POST /payments", body_digest="one")
    for amount, code in ((500, "allocation_exceeds_invoice"), (100, None)):
        wanted = [Wanted(invoice, D(amount))]
        try:
            house.run(record_payment, customer_id=customer, amount=D(500), allocations=wanted, context=context)
            assert code is None
        except DomainError as error:
            assert error.code == code


def test_fifty_allocations_on_one_invoice(house: House) -> None:
    customer, invoice = invoice_of(house, 100)
    wanted = [Wanted(invoice, D(7))]
    answers = at_once(
        [lambda: house.run(record_payment, customer_id=customer, amount=D(7), allocations=wanted)] * 50, threads=16
    )
    assert codes(answers) == {"done": 14, "allocation_exceeds_invoice": 36}
    assert house.invoice_now(invoice) == (100, 2, 0)


def test_what_an_order_owes_counts_payments_of_its_invoices_at_once(house: House) -> None:
    """Ten bills of one order are paid in the same moment: what stands beside the order misses none of them."""
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(), house.product(stock=10, price=100, tax_rate=D(0))
    order = house.confirmed(customer, (product, 10))
    for _ in range(10):
        house.ship(order, 1)
        house.bill(order)
    beside = "SELECT amount_open, amount_paid, due_on IS NULL FROM sales_order_receivable WHERE order_id = :id"
    assert house.rows(beside, id=order["id"]) == [(1000, 0, False)]
    links = house.rows("SELECT invoice_id FROM sales_order_invoice WHERE order_id = :id", id=order["id"])

    def pay(invoice: int) -> None:
        wanted = [Wanted(invoice, D(99))]
        house.run(record_payment, customer_id=customer, amount=D(99), allocations=wanted)

    assert codes(at_once([lambda bill=bill: pay(bill) for (bill,) in links])) == {"done": 10}
    assert house.rows(beside, id=order["id"]) == [(10, 990, False)]


def test_two_tabs_match_the_same_payment(house: House) -> None:
    customer, invoice = invoice_of(house, 100)
    paid = house.pay(customer, 60, auto=False)
    answers = at_once([lambda: house.run(match, "payment", paid["id"], allocations=[Wanted(invoice, D(60))])] * 2)
    assert codes(answers) == {"done": 1, "nothing_unapplied": 1}
    assert house.invoice_now(invoice) == (100, 40, 0)


def test_refund_and_match_do_not_spend_twice(house: House) -> None:
    customer, invoice = invoice_of(house, 100)
    paid = house.pay(customer, 100, auto=False)
    calls = [
        lambda: house.refund(customer, 100),
        lambda: house.run(match, "payment", paid["id"], allocations=[Wanted(invoice, D(100))]),
    ]
    found = codes(at_once(calls))
    assert found["done"] == 1
    assert set(found) <= {"done", "nothing_unapplied", "refund_exceeds_credit"}


def test_readers_always_see_balanced_books(house: House) -> None:
    """Eight writers, two readers in one snapshot each: every read nets to zero, as a whole and per entry."""
    customer, product = house.customer(), house.product(stock=200)
    stop = threading.Event()
    reads: list[tuple[D, int]] = []

    def read() -> None:
        while not stop.is_set():
            with house.database.reading() as connection:
                total = connection.execute(text("SELECT sum(debit - credit) FROM journal_line")).scalar_one()
                open_entries = connection.execute(text(UNBALANCED)).scalar_one()
                again = connection.execute(text("SELECT sum(debit - credit) FROM journal_line")).scalar_one()
                assert total == again
                reads.append((total, open_entries))

    def write() -> None:
        order = house.run(create_order, customer_id=customer, lines=[LineRequest(product, D(1))])
        house.confirm(order)
        house.ship(order)
        house.pay(customer, 113)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    answers = at_once([write] * 40, threads=8)
    stop.set()
    for reader in readers:
        reader.join()
    assert codes(answers) == {"done": 40}
    assert len(reads) > 5
    assert set(reads) == {(D(0), 0)}
