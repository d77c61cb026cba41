"""Receivables as of any day: what each customer owed then, by age; from the dates of invoices and allocations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, select, union_all

from core.parties import Customer
from core.queries.paging import AnySelect
from core.scope import visible_rows
from finance.models import CreditNote, Invoice, Payment, PaymentAllocation, PaymentKind

BUCKETS = ("current", "days_30", "days_60", "days_90", "older")
ZERO = Decimal("0.00")


class AgingRow(NamedTuple):
    """A customer's open amounts by how late they were, what stood as unapplied credit, and the balance of the two."""

    customer_id: int
    customer: str
    current: Decimal
    days_30: Decimal
    days_60: Decimal
    days_90: Decimal
    older: Decimal
    total: Decimal
    unapplied: Decimal

    @property
    def balance(self) -> Decimal:
        return self.total - self.unapplied


class OpenInvoiceRow(NamedTuple):
    """An invoice as it stood on the day asked for."""

    id: int
    number: str
    customer_id: int
    customer: str
    issued_on: date
    due_on: date | None
    amount_total: Decimal
    amount_open: Decimal
    bucket: str


def _open_invoices(as_of: date) -> AnySelect:
    """Invoices of that day with what was open on each; late days are counted from the due date."""
    allocated = (
        select(PaymentAllocation.invoice_id, func.sum(PaymentAllocation.amount).label("amount"))
        .where(PaymentAllocation.effective_on <= as_of, PaymentAllocation.invoice_id.is_not(None))
        .group_by(PaymentAllocation.invoice_id)
        .subquery("allocated")
    )
    amount_open = (Invoice.amount_total - func.coalesce(allocated.c.amount, ZERO)).label("amount_open")
    late = as_of - Invoice.due_on
    bucket = case(
        (Invoice.due_on.is_(None), "current"),
        (late <= 0, "current"),
        (late <= 30, "days_30"),
        (late <= 60, "days_60"),
        (late <= 90, "days_90"),
        else_="older",
    ).label("bucket")
    return (
        select(
            Invoice.id,
            Invoice.number,
            Invoice.customer_id,
            Invoice.issued_on,
            Invoice.due_on,
            Invoice.amount_total,
            amount_open,
            bucket,
        )
        .outerjoin(allocated, allocated.c.invoice_id == Invoice.id)
        .where(
            visible_rows(Invoice),
            Invoice.issued_on <= as_of,
            Invoice.amount_total > func.coalesce(allocated.c.amount, ZERO),
        )
    )


def _credit(as_of: date) -> Any:
    """Unapplied credit per customer on a day: receipts and credit notes less what had been taken from them."""
    received = select(Payment.customer_id, Payment.amount).where(
        Payment.kind == PaymentKind.RECEIPT, Payment.received_on <= as_of
    )
    credited = select(CreditNote.customer_id, CreditNote.amount_total).where(CreditNote.issued_on <= as_of)
    from_payments = (
        select(Payment.customer_id, -PaymentAllocation.amount)
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.effective_on <= as_of)
    )
    from_notes = (
        select(CreditNote.customer_id, -PaymentAllocation.amount)
        .join(CreditNote, CreditNote.id == PaymentAllocation.credit_note_id)
        .where(PaymentAllocation.effective_on <= as_of)
    )
    parts = union_all(received, credited, from_payments, from_notes).subquery("parts")
    return (
        select(parts.c.customer_id, func.sum(parts.c.amount).label("amount"))
        .group_by(parts.c.customer_id)
        .subquery("credit")
    )


def aging(connection: Connection, as_of: date, *, customer_id: int | None = None) -> list[AgingRow]:
    """Customers that owed something or had credit on that day, the largest overdue amount first. One statement."""
    invoices = _open_invoices(as_of).subquery("invoices")
    credit = _credit(as_of)
    per_bucket = [
        func.coalesce(func.sum(invoices.c.amount_open).filter(invoices.c.bucket == bucket), ZERO).label(bucket)
        for bucket in BUCKETS
    ]
    owed = (
        select(invoices.c.customer_id, *per_bucket, func.sum(invoices.c.amount_open).label("total"))
        .group_by(invoices.c.customer_id)
        .subquery("owed")
    )
    unapplied = func.coalesce(credit.c.amount, ZERO)
    total = func.coalesce(owed.c.total, ZERO)
    query: AnySelect = (
        select(
            Customer.id,
            Customer.name,
            *[func.coalesce(owed.c[bucket], ZERO) for bucket in BUCKETS],
            total,
            unapplied,
        )
        .outerjoin(owed, owed.c.customer_id == Customer.id)
        .outerjoin(credit, credit.c.customer_id == Customer.id)
        .where(visible_rows(Customer), (total != 0) | (unapplied != 0))
        .order_by((total - func.coalesce(owed.c.current, ZERO)).desc(), total.desc(), Customer.name)
    )
    if customer_id:
        query = query.where(Customer.id == customer_id)
    return [AgingRow(*row) for row in connection.execute(query)]


def aging_totals(rows: list[AgingRow]) -> AgingRow:
    """The sums under the columns."""
    sums: list[Any] = [sum((Decimal(row[index]) for row in rows), ZERO) for index in range(2, len(AgingRow._fields))]
    return AgingRow(0, "", *sums)


def open_invoices(
    connection: Connection, as_of: date, *, customer_id: int | None = None, bucket: str = "", limit: int = 200
) -> list[OpenInvoiceRow]:
    """The rows behind a figure of the aging, the longest due first; at most `limit`."""
    invoices = _open_invoices(as_of).subquery("invoices")
    query: AnySelect = (
        select(
            invoices.c.id,
            invoices.c.number,
            invoices.c.customer_id,
            Customer.name,
            invoices.c.issued_on,
            invoices.c.due_on,
            invoices.c.amount_total,
            invoices.c.amount_open,
            invoices.c.bucket,
        )
        .join(Customer, Customer.id == invoices.c.customer_id)
        .order_by(invoices.c.due_on.nulls_last(), invoices.c.id)
        .limit(limit)
    )
    if customer_id:
        query = query.where(invoices.c.customer_id == customer_id)
    if bucket == "overdue":
        query = query.where(invoices.c.bucket != "current")
    elif bucket in BUCKETS:
        query = query.where(invoices.c.bucket == bucket)
    return [OpenInvoiceRow(*row) for row in connection.execute(query)]
