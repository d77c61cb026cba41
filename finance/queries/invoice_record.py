"""Invoices and credit notes as data, and what an invoice's amounts say about payment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from core.errors import existing
from core.money import ZERO
from core.parties import PaymentStatus
from core.queries.paging import Listing
from core.queries.reading import read
from core.statements import statement


class InvoiceRecord(NamedTuple):
    """One invoice; amounts in its currency, gross but for `amount_net`."""

    id: int
    number: str
    customer_id: int
    customer_name: str
    issued_on: date
    due_on: date | None
    terms_days: int
    currency: str
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    amount_allocated: Decimal
    amount_credited: Decimal
    amount_open: Decimal
    fiscal_number: str | None
    fiscal_issued_on: date | None
    customer_reference: str | None
    origin: str | None
    salesperson_id: int | None
    amount_written_off: Decimal


class InvoiceLineRecord(NamedTuple):
    position: int
    product_id: int | None
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal


class AllocationRecord(NamedTuple):
    """What stands on an invoice: of a payment, a credit note or a write-off; a negative amount takes an earlier one
    back."""

    id: int
    payment_id: int | None
    credit_note_id: int | None
    write_off_id: int | None
    refund_id: int | None
    invoice_id: int | None
    number: str
    amount: Decimal
    effective_on: date
    reverses_id: int | None
    reversed_by_id: int | None


class CreditNoteRecord(NamedTuple):
    """One credit note; `amount_unapplied` is what the customer may still use of it."""

    id: int
    number: str
    invoice_id: int
    invoice_number: str
    customer_id: int
    issued_on: date
    currency: str
    reason: str | None
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    amount_allocated: Decimal
    amount_unapplied: Decimal
    origin: str | None


class CreditNoteLineRecord(NamedTuple):
    position: int
    product_id: int | None
    description: str
    quantity: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal


SELECT = """
    SELECT row.id, row.number, row.customer_id, customer.name, row.issued_on, row.due_on, row.terms_days, row.currency,
           row.amount_net, row.amount_tax, row.amount_total, row.amount_allocated, row.amount_credited, row.amount_open,
           row.fiscal_number, row.fiscal_issued_on, row.customer_reference, row.origin, row.salesperson_id,
           row.amount_written_off
      FROM invoice AS row JOIN customer ON customer.id = row.customer_id
"""
ALLOCATION_SELECT = """
    SELECT row.id, row.payment_id, row.credit_note_id, row.write_off_id, row.refund_id, row.invoice_id,
           coalesce(payment.number, credit_note.number, write_off.number), row.amount, row.effective_on,
           row.reverses_id, opposite.id
      FROM payment_allocation AS row
      LEFT JOIN payment ON payment.id = row.payment_id
      LEFT JOIN credit_note ON credit_note.id = row.credit_note_id
      LEFT JOIN write_off ON write_off.id = row.write_off_id
      LEFT JOIN payment_allocation AS opposite ON opposite.reverses_id = row.id
"""
CREDIT_NOTE_SELECT = """
    SELECT row.id, row.number, row.invoice_id, invoice.number, row.customer_id, row.issued_on, row.currency, row.reason,
           row.amount_net, row.amount_tax, row.amount_total, row.amount_allocated, row.amount_unapplied, row.origin
      FROM credit_note AS row JOIN invoice ON invoice.id = row.invoice_id
"""
INVOICE = statement(
    "invoices.record",
    SELECT + " WHERE row.id = %(invoice_id)s::bigint AND visible(row)",
    tables="invoice customer",
    scope="scoped",
    fact=InvoiceRecord,
)
INVOICE_LINES = statement(
    "invoices.record_lines",
    """
    SELECT position, product_id, description, quantity, unit_price, discount_percent, tax_rate, amount_net, amount_tax
      FROM invoice_line WHERE invoice_id = %(invoice_id)s::bigint ORDER BY position
    """,
    tables="invoice_line",
    scope="by_root",
    fact=InvoiceLineRecord,
)
INVOICE_ALLOCATIONS = statement(
    "invoices.record_allocations",
    ALLOCATION_SELECT + " WHERE row.invoice_id = %(invoice_id)s::bigint ORDER BY row.recorded_at, row.id",
    tables="payment_allocation payment credit_note write_off",
    scope="by_root",
    fact=AllocationRecord,
)
INVOICE_CREDIT_NOTES = statement(
    "invoices.record_credit_notes",
    CREDIT_NOTE_SELECT + " WHERE row.invoice_id = %(invoice_id)s::bigint ORDER BY row.id",
    tables="credit_note invoice",
    scope="by_root",
    fact=CreditNoteRecord,
)
CREDIT_NOTE = statement(
    "credit_notes.record",
    CREDIT_NOTE_SELECT + " WHERE row.id = %(credit_note_id)s::bigint AND visible(row)",
    tables="credit_note invoice",
    scope="scoped",
    fact=CreditNoteRecord,
)
CREDIT_NOTE_LINES = statement(
    "credit_notes.record_lines",
    """
    SELECT position, product_id, description, quantity, tax_rate, amount_net, amount_tax
      FROM credit_note_line WHERE credit_note_id = %(credit_note_id)s::bigint ORDER BY position
    """,
    tables="credit_note_line",
    scope="by_root",
    fact=CreditNoteLineRecord,
)
INVOICES = Listing(
    "invoices.list",
    SELECT,
    "invoice customer",
    InvoiceRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "number": "row.number = %(number)s",
        "origin": "row.origin = %(origin)s",
        "open": "(row.amount_allocated < row.amount_total) = %(open)s::boolean",
        "due_before": "row.due_on < %(due_before)s::date AND row.amount_allocated < row.amount_total",
    },
    scoped_by="row",
)
CREDIT_NOTES = Listing(
    "credit_notes.list",
    CREDIT_NOTE_SELECT,
    "credit_note invoice",
    CreditNoteRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "invoice_id": "row.invoice_id = %(invoice_id)s::bigint",
        "origin": "row.origin = %(origin)s",
    },
    scoped_by="row",
)


class Owed(Protocol):
    """What payment is told by: an invoice's totals and due date."""

    @property
    def amount_total(self) -> Decimal: ...
    @property
    def amount_credited(self) -> Decimal: ...
    @property
    def amount_written_off(self) -> Decimal: ...
    @property
    def amount_open(self) -> Decimal: ...
    @property
    def due_on(self) -> date | None: ...


def payment_status(invoices: Iterable[Owed], today: date) -> PaymentStatus:
    """none, unpaid, partial, paid or overdue, of one invoice or of all invoices of an order together.

    What was credited or written off is neither owed nor paid; invoices of which nothing else is left leave nothing to
    pay (`none`).
    """
    owed = open_amount = ZERO
    overdue = False
    for invoice in invoices:
        owed += invoice.amount_total - invoice.amount_credited - invoice.amount_written_off
        open_amount += invoice.amount_open
        overdue = overdue or (invoice.amount_open > 0 and invoice.due_on is not None and invoice.due_on < today)
    if open_amount == 0:
        return PaymentStatus.PAID if owed > 0 else PaymentStatus.NONE
    if overdue:
        return PaymentStatus.OVERDUE
    return PaymentStatus.PARTIAL if open_amount < owed else PaymentStatus.UNPAID


@dataclass(frozen=True)
class InvoiceWhole:
    """An invoice with everything on it."""

    invoice: InvoiceRecord
    lines: list[InvoiceLineRecord]
    allocations: list[AllocationRecord]
    credit_notes: list[CreditNoteRecord]


def get_invoice(invoice_id: int) -> InvoiceWhole:
    """One invoice, from one snapshot. Four statements in one round trip. Raises NotFound."""
    found, lines, allocations, credit_notes = read(
        INVOICE(invoice_id=invoice_id),
        INVOICE_LINES(invoice_id=invoice_id),
        INVOICE_ALLOCATIONS(invoice_id=invoice_id),
        INVOICE_CREDIT_NOTES(invoice_id=invoice_id),
    )
    return InvoiceWhole(existing(found, "invoice", invoice_id), lines, allocations, credit_notes)


def get_credit_note(credit_note_id: int) -> tuple[CreditNoteRecord, list[CreditNoteLineRecord]]:
    """One credit note with its lines. Raises NotFound."""
    found, lines = read(CREDIT_NOTE(credit_note_id=credit_note_id), CREDIT_NOTE_LINES(credit_note_id=credit_note_id))
    return existing(found, "credit_note", credit_note_id), lines
