"""Payments as records, unapplied money and what it could settle, bank accounts with their balance in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, literal, null, select, union_all

from core.masks import BankDetail, maker
from core.parties import Customer, CustomerAccount
from core.queries.paging import AnySelect, Page, Sorting, Window, fetch_page
from core.queries.reading import get_record, select_record
from core.scope import visible_of_customer, visible_rows
from finance.invoicing import InvoiceFact
from finance.models import BankAccount, CreditNote, Invoice, JournalLine, Payment, PaymentKind

ZERO = Decimal("0.00")


class PaymentRecord(NamedTuple):
    """A payment with its customer and bank account."""

    id: int
    number: str
    kind: str
    customer_id: int
    customer: str
    received_on: date
    bank_account_id: int
    bank: str
    currency: str
    amount: Decimal
    amount_allocated: Decimal
    amount_unapplied: Decimal
    reference: str | None
    recorded_at: datetime


class SourceRow(NamedTuple):
    """Money of a customer that is not on any invoice yet: a receipt or a credit note."""

    id: int
    kind: str
    number: str
    customer_id: int
    customer: str
    dated_on: date
    amount: Decimal
    amount_unapplied: Decimal
    reference: str | None

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.id}"


class BankRow(NamedTuple):
    """A bank account or cash box with what the ledger says is on it."""

    id: int
    name: str
    kind: str
    number: BankDetail | None
    account_id: int
    is_default: bool
    is_active: bool
    balance: Decimal


def get_payment(connection: Connection, payment_id: int) -> PaymentRecord:
    """One payment. Raises NotFound."""
    query = (
        select_record(PaymentRecord, Payment, customer=Customer.name, bank=BankAccount.name)
        .join(Customer, Customer.id == Payment.customer_id)
        .join(BankAccount, BankAccount.id == Payment.bank_account_id)
        .where(Payment.id == payment_id, visible_rows(Payment))
    )
    return get_record(connection, query, PaymentRecord, "payment", payment_id)


def open_invoices_of(connection: Connection, customer_ids: Iterable[int]) -> dict[int, list[InvoiceFact]]:
    """The open invoices of each customer, the earliest due first. One statement, nothing locked."""
    columns = [getattr(Invoice, name) for name in InvoiceFact._fields]
    rows: Any = connection.execute(
        select(*columns)
        .where(visible_rows(Invoice), Invoice.customer_id.in_(set(customer_ids)))
        .where(Invoice.amount_allocated < Invoice.amount_total)
        .order_by(Invoice.due_on.nulls_last(), Invoice.number)
    )
    found: dict[int, list[InvoiceFact]] = {}
    for row in rows:
        fact = InvoiceFact(*row)
        found.setdefault(fact.customer_id, []).append(fact)
    return found


def _sources() -> Any:
    receipts = select(
        Payment.id,
        literal("payment").label("kind"),
        Payment.number,
        Payment.customer_id,
        Payment.received_on.label("dated_on"),
        Payment.amount.label("amount"),
        Payment.amount_unapplied,
        Payment.reference,
    ).where(visible_rows(Payment), Payment.kind == PaymentKind.RECEIPT, Payment.amount_allocated < Payment.amount)
    notes: AnySelect = select(
        CreditNote.id,
        literal("credit_note"),
        CreditNote.number,
        CreditNote.customer_id,
        CreditNote.issued_on,
        CreditNote.amount_total,
        CreditNote.amount_unapplied,
        null(),
    ).where(visible_rows(CreditNote), CreditNote.amount_allocated < CreditNote.amount_total)
    return union_all(receipts, notes).subquery("source")


def unapplied_sources(connection: Connection, window: Window, *, customer_id: int | None = None) -> Page[SourceRow]:
    """All money not on any invoice yet, the latest first; the sum is over all pages."""
    source = _sources()
    query: AnySelect = select(
        source.c.id,
        source.c.kind,
        source.c.number,
        source.c.customer_id,
        # Not joined: the name is looked up for the rows of a page, not for all that are counted and ordered.
        select(Customer.name).where(Customer.id == source.c.customer_id).scalar_subquery().label("customer"),
        source.c.dated_on,
        source.c.amount,
        source.c.amount_unapplied,
        source.c.reference,
    )
    if customer_id:
        query = query.where(source.c.customer_id == customer_id)
    sorting = Sorting(source.c.dated_on, source.c.id, True)
    return fetch_page(connection, query, SourceRow, sorting, window, sums=("amount_unapplied",))


def get_source(connection: Connection, kind: str, source_id: int) -> SourceRow | None:
    """One receipt or credit note that still has unapplied money; None when nothing of it is left."""
    source = _sources()
    row: Any = connection.execute(
        select(
            source.c.id,
            source.c.kind,
            source.c.number,
            source.c.customer_id,
            Customer.name,
            source.c.dated_on,
            source.c.amount,
            source.c.amount_unapplied,
            source.c.reference,
        )
        .join(Customer, Customer.id == source.c.customer_id)
        .where(source.c.kind == kind, source.c.id == source_id)
    ).first()
    return SourceRow(*row) if row else None


def bank_accounts(connection: Connection, *, only_active: bool = False) -> list[BankRow]:
    """Bank accounts and cash boxes, the default one first, each with the balance of its ledger account."""
    balance = (
        select(func.coalesce(func.sum(JournalLine.debit - JournalLine.credit), ZERO))
        .where(JournalLine.account_id == BankAccount.account_id)
        .correlate(BankAccount)
        .scalar_subquery()
    )
    query: AnySelect = select(
        BankAccount.id,
        BankAccount.name,
        BankAccount.kind,
        BankAccount.number,
        BankAccount.account_id,
        BankAccount.is_default,
        BankAccount.is_active,
        balance,
    ).order_by(BankAccount.is_default.desc(), BankAccount.name)
    if only_active:
        query = query.where(BankAccount.is_active)
    make = maker(BankRow)
    return [make(*row) for row in connection.execute(query)]


class SourceTotals(NamedTuple):
    """What the match page shows at its foot."""

    receipts: Decimal
    credit_notes: Decimal
    advances: Decimal


def source_totals(connection: Connection) -> SourceTotals:
    """Unapplied money by documents, and what the customers' accounts say: the two must agree."""
    # Only what is not used up: of those there are few, and each has an index.
    from_receipts = select(func.coalesce(func.sum(Payment.amount_unapplied), ZERO)).where(
        visible_rows(Payment), Payment.kind == PaymentKind.RECEIPT, Payment.amount_allocated < Payment.amount
    )
    from_notes = select(func.coalesce(func.sum(CreditNote.amount_unapplied), ZERO)).where(
        visible_rows(CreditNote), CreditNote.amount_allocated < CreditNote.amount_total
    )
    from_accounts = select(func.coalesce(func.sum(CustomerAccount.unapplied), ZERO)).where(
        visible_of_customer(CustomerAccount), CustomerAccount.unapplied > 0
    )
    row: Any = connection.execute(
        select(from_receipts.scalar_subquery(), from_notes.scalar_subquery(), from_accounts.scalar_subquery())
    ).one()
    return SourceTotals(*row)
