"""Money under corrections and dates: whatever people do, on no day does an account of a customer go below zero, an
invoice is never open by more than it is worth, and nobody gets back more than he paid.

COUNTINGHOUSE_PROPERTY_RUNS sets the number of runs (300 by default; a quarter of it here).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import database as db
from core.errors import DomainError
from crm.orders.bill import bill_order
from crm.orders.cancel import cancel_order
from crm.orders.confirm import confirm_order
from crm.orders.correction import QuantityRequest
from crm.orders.create import create_order
from crm.orders.credit import PriceCredit, credit_order
from crm.orders.return_goods import return_goods
from crm.orders.ship import ShipRequest, ship_order
from crm.pricing import LineRequest
from finance.corrections import refund, unmatch
from finance.payments import Wanted, match, record_payment
from tests.database_server import Server
from tests.properties.conftest import SCALE
from tests.scenarios.checks import assert_clean
from tests.scenarios.house import House
from tests.world import now

REFUSALS = frozenset((
    "order_state", "nothing_to_cancel", "nothing_to_ship", "nothing_to_invoice", "nothing_to_credit", "billed_on_order",
    "credit_exceeds_invoice", "nothing_unapplied", "nothing_to_match", "allocation_exceeds_invoice",
    "allocation_exceeds_credit", "correction_not_unmatched", "credit_used_elsewhere", "refund_exceeds_credit",
    "in_the_future", "match_too_early", "unmatch_too_early", "refund_too_early", "more_than_to_ship",
    "more_than_to_cancel", "more_than_shipped", "not_positive", "line_not_billed",
))  # fmt: skip
index = st.integers(0, 1000)
amounts = st.sampled_from(["10", "11.30", "56.50", "113"]).map(D) | st.decimals("0.01", "200", places=2)
back = st.sampled_from([None, None, None, 0, 0, 1, 4, 12, -1])
FROM = -60

DAILY = """
    SELECT kind, effective_on, amount FROM (
        SELECT kind, effective_on, sum(sum(amount)) OVER (PARTITION BY kind, root ORDER BY effective_on) AS amount
          FROM (
            SELECT role AS kind, 0::bigint AS root, line.effective_on,
                   CASE role WHEN 'receivable' THEN debit - credit ELSE credit - debit END AS amount
              FROM journal_line AS line JOIN account ON account.id = account_id
             WHERE role IN ('receivable', 'advances') AND customer_id = :id
            UNION ALL
            SELECT 'invoice', id, issued_on, amount_total FROM invoice WHERE customer_id = :id
            UNION ALL
            SELECT 'invoice', invoice_id, effective_on, -allocation.amount FROM payment_allocation AS allocation
              JOIN invoice ON invoice.id = invoice_id WHERE customer_id = :id
            UNION ALL
            SELECT 'credit', source.id, on_day, amount FROM (
                SELECT id, received_on AS on_day, amount FROM payment WHERE customer_id = :id AND kind = 'receipt'
                UNION ALL SELECT id, issued_on, amount_total FROM credit_note WHERE customer_id = :id) AS source
            UNION ALL
            SELECT 'credit', coalesce(payment_id, credit_note_id), allocation.effective_on, -allocation.amount
              FROM payment_allocation AS allocation LEFT JOIN payment ON payment.id = payment_id
              LEFT JOIN credit_note ON credit_note.id = credit_note_id
             WHERE coalesce(payment.customer_id, credit_note.customer_id) = :id) AS moved
         GROUP BY kind, root, effective_on) AS daily
     WHERE amount < 0
"""
INVOICES = """
    SELECT invoice.number, invoice.amount_open, invoice.amount_total - invoice.amount_credited AS worth,
           coalesce((SELECT sum(amount_unapplied) FROM credit_note WHERE invoice_id = invoice.id), 0) AS own_rest,
           sales_order.state
      FROM invoice JOIN sales_order_invoice AS link ON link.invoice_id = invoice.id
      JOIN sales_order ON sales_order.id = link.order_id WHERE invoice.customer_id = :id
"""
BANK = """
    SELECT coalesce(sum(amount) FILTER (WHERE kind = 'receipt'), 0),
           coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)
      FROM payment WHERE customer_id = :id
"""


@pytest.fixture(scope="module")
def house(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_days_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url = urls.system
    yield house
    assert_clean(house)
    house.database.dispose()
    database_server.drop(urls.name)


class MoneyAndDays(RuleBasedStateMachine):
    """One customer over two months; each act lies on the present day, or is dated back where people may."""

    house: House

    @initialize(on_order=st.booleans())
    def open(self, on_order: bool) -> None:
        self.house.set_policy(invoicing_policy="on_order" if on_order else "on_delivery")
        self.customer = self.house.customer()
        self.product = self.house.product(stock=1000, price="10", cost="6")
        self.offset = FROM
        self.orders: list[Any] = []
        self.sell_and_be_paid(2)

    # helpers ----------------------------------------------------------------------------------------------------------
    def context(self) -> Any:
        return self.house.context(now=now() + timedelta(days=self.offset))

    def day(self, before: int | None) -> date | None:
        return None if before is None else self.context().today - timedelta(days=before)

    def do(self, command: Any, *arguments: Any, **named: Any) -> Any:
        """The command's answer, or None where it refuses for a reason people may meet."""
        try:
            return self.house.run(command, *arguments, context=self.context(), **named)
        except DomainError as error:
            codes = {fault.code for fault in error.fields.values()} or {error.code}
            assert codes <= REFUSALS, error
            return None

    def one(self, sql: str, which: int) -> Any:
        rows = self.house.rows(sql, id=self.customer)
        return rows[which % len(rows)] if rows else None

    def line(self, which: int) -> tuple[Any, int]:
        order = self.orders[which % len(self.orders)]
        return order, order["lines"][0]["id"]

    # acts -------------------------------------------------------------------------------------------------------------
    @rule(days=st.integers(1, 6))
    def days_go_by(self, days: int) -> None:
        self.offset = min(0, self.offset + days)

    @rule(quantity=st.sampled_from([1, 3, 10]), price=st.sampled_from(["10", "33.3333"]))
    def confirm(self, quantity: int, price: str) -> None:
        lines = [LineRequest(self.product, D(quantity), D(price))]
        order = self.do(create_order, customer_id=self.customer, lines=lines)
        self.do(confirm_order, order["id"])
        self.orders.append(order)

    @rule(part=st.sampled_from([1, 2]))
    def sell_and_be_paid(self, part: int) -> None:
        """An order paid in one or two receipts, which is where corrections get difficult."""
        self.confirm(10, "10")
        for _ in range(part):
            self.do(record_payment, customer_id=self.customer, amount=D(113) / part, auto=True)

    @precondition(lambda self: self.orders)
    @rule(which=index, amount=st.sampled_from([D(50), D("7.77"), D(100)]))
    def credit_and_refund(self, which: int, amount: D) -> None:
        """A surplus that leaves: its invoice cannot have it back."""
        order, line = self.line(which)
        self.do(credit_order, order["id"], lines=[PriceCredit(line, amount)])
        self.refund_all()

    def refund_all(self) -> None:
        unapplied = self.house.account(self.customer)["unapplied"]
        if unapplied:
            self.do(refund, customer_id=self.customer, amount=unapplied)

    @precondition(lambda self: self.orders)
    @rule(which=index, quantity=st.none() | st.integers(1, 5))
    def ship(self, which: int, quantity: int | None) -> None:
        order, line = self.line(which)
        self.do(ship_order, order["id"], lines=[ShipRequest(line, D(quantity))] if quantity else None)
        self.do(bill_order, order["id"])

    @precondition(lambda self: self.orders)
    @rule(which=index, quantity=st.none() | st.integers(1, 5))
    def cancel(self, which: int, quantity: int | None) -> None:
        order, line = self.line(which)
        self.do(cancel_order, order["id"], lines=[QuantityRequest(line, D(quantity))] if quantity else None)

    @precondition(lambda self: self.orders)
    @rule(which=index, quantity=st.integers(1, 5))
    def give_back(self, which: int, quantity: int) -> None:
        order, line = self.line(which)
        self.do(return_goods, order["id"], lines=[QuantityRequest(line, D(quantity))])

    @precondition(lambda self: self.orders)
    @rule(which=index, amount=amounts)
    def credit(self, which: int, amount: D) -> None:
        order, line = self.line(which)
        self.do(credit_order, order["id"], lines=[PriceCredit(line, amount)])

    @rule(amount=amounts, before=back, auto=st.booleans())
    def pay(self, amount: D, before: int | None, auto: bool) -> None:
        self.do(record_payment, customer_id=self.customer, amount=amount, received_on=self.day(before), auto=auto)

    @rule(which=index, other=index, amount=st.none() | amounts, before=back)
    def match(self, which: int, other: int, amount: D | None, before: int | None) -> None:
        source = self.one(
            """SELECT 'payment', id FROM payment WHERE customer_id = :id AND kind = 'receipt' AND amount_unapplied > 0
               UNION ALL SELECT 'credit_note', id FROM credit_note WHERE customer_id = :id AND amount_unapplied > 0""",
            which,
        )
        invoice = self.one("SELECT id FROM invoice WHERE customer_id = :id AND amount_open > 0 ORDER BY id", other)
        if not source or not invoice:
            return
        wanted = {"allocations": [Wanted(invoice[0], amount)]} if amount else {"auto": True}
        self.do(match, *source, effective_on=self.day(before), **wanted)

    @rule(which=index, before=back)
    def unmatch(self, which: int, before: int | None) -> None:
        allocation = self.one(
            """SELECT allocation.id FROM payment_allocation AS allocation JOIN invoice ON invoice.id = invoice_id
                WHERE customer_id = :id AND reverses_id IS NULL
                  AND allocation.id NOT IN (SELECT reverses_id FROM payment_allocation WHERE reverses_id IS NOT NULL)
                ORDER BY allocation.id""",
            which,
        )
        if allocation:
            self.do(unmatch, allocation[0], effective_on=self.day(before))

    @rule()
    def everything_back(self) -> None:
        self.refund_all()

    @rule(amount=amounts, before=back)
    def refund(self, amount: D, before: int | None) -> None:
        self.do(refund, customer_id=self.customer, amount=amount, refunded_on=self.day(before))

    # what must be true ------------------------------------------------------------------------------------------------
    @invariant()
    def nothing_goes_below_zero_on_any_day(self) -> None:
        if hasattr(self, "customer"):
            assert self.house.rows(DAILY, id=self.customer) == []

    @invariant()
    def an_invoice_owes_what_it_is_worth_at_most(self) -> None:
        if not hasattr(self, "customer"):
            return
        for number, amount_open, worth, own_rest, state in self.house.rows(INVOICES, id=self.customer):
            assert amount_open <= worth, number
            assert not (amount_open and own_rest), number
            assert state != "cancelled" or amount_open == 0, number

    @invariant()
    def nobody_gets_back_more_than_he_paid(self) -> None:
        if not hasattr(self, "customer"):
            return
        [(received, refunded)] = self.house.rows(BANK, id=self.customer)
        assert refunded <= received
        account = self.house.account(self.customer)
        states = self.house.rows("SELECT state FROM sales_order WHERE customer_id = :id", id=self.customer)
        if all(state == "cancelled" for (state,) in states):
            assert (account["open_receivables"], account["unapplied"]) == (0, received - refunded)


def test_money_and_days(house: House) -> None:
    db.configure(house.database)
    MoneyAndDays.house = house
    run_state_machine_as_test(
        MoneyAndDays,
        settings=settings(
            max_examples=max(25, SCALE // 4),
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
