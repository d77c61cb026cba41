"""Invoices and credit notes: the lists and the records with what was matched and posted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, or_, select

from core.catalog import Product, UnitOfMeasure
from core.organization import User
from core.parties import Customer
from core.queries.paging import AnySelect, Page, Window, fetch_page
from core.queries.reading import get_record, select_record
from core.queries.words import matches_customer
from core.scope import visible_rows
from finance.models import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
)

FAR = date(9999, 1, 1)


class InvoiceRow(NamedTuple):
    """One line of the list of invoices. Amounts gross of tax, in the invoice's currency."""

    id: int
    number: str
    customer_id: int
    customer: str
    issued_on: date
    due_on: date | None
    currency: str
    amount_total: Decimal
    amount_open: Decimal
    amount_credited: Decimal
    amount_written_off: Decimal
    origin: str | None


class CreditNoteRow(NamedTuple):
    """One line of the list of credit notes."""

    id: int
    number: str
    customer_id: int
    customer: str
    issued_on: date
    invoice_id: int
    invoice: str
    currency: str
    amount_total: Decimal
    amount_unapplied: Decimal
    reason: str | None


class InvoiceTabs(NamedTuple):
    """How many stand under each tab."""

    open: int
    overdue: int
    paid: int
    all: int
    credit_notes: int


def tab_conditions(today: date) -> dict[str, ColumnElement[bool]]:
    """Which invoices stand under which tab on a day."""
    is_open = Invoice.amount_allocated < Invoice.amount_total
    return {
        "open": is_open,
        "overdue": is_open & (Invoice.due_on < today),
        "paid": Invoice.amount_allocated >= Invoice.amount_total,
    }


def list_invoices(
    connection: Connection,
    window: Window,
    *,
    today: date,
    tab: str = "",
    search: str = "",
    customer_id: int | None = None,
) -> Page[InvoiceRow]:
    """Invoices by number, customer, dates or amounts; sums are total and open over all pages."""
    query: AnySelect = select(
        Invoice.id,
        Invoice.number,
        Invoice.customer_id,
        Customer.name.label("customer"),
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.currency,
        Invoice.amount_total,
        Invoice.amount_open,
        Invoice.amount_credited,
        Invoice.amount_written_off,
        Invoice.origin,
    ).join(Customer, Customer.id == Invoice.customer_id)
    query = _chosen(query, Invoice, search, customer_id)
    condition = tab_conditions(today).get(tab)
    if condition is not None:
        query = query.where(condition)
    columns: dict[str, Any] = {
        "due": func.coalesce(Invoice.due_on, FAR),
        "number": Invoice.number,
        "customer": Customer.name,
        "issued": Invoice.issued_on,
        "total": Invoice.amount_total,
        "open": Invoice.amount_open,
    }
    sorting = window.sorting(columns, Invoice.id)
    return fetch_page(connection, query, InvoiceRow, sorting, window, sums=("amount_total", "amount_open"))


def list_credit_notes(
    connection: Connection, window: Window, *, search: str = "", customer_id: int | None = None
) -> Page[CreditNoteRow]:
    """Credit notes, by default the latest first."""
    query: AnySelect = (
        select(
            CreditNote.id,
            CreditNote.number,
            CreditNote.customer_id,
            Customer.name.label("customer"),
            CreditNote.issued_on,
            CreditNote.invoice_id,
            Invoice.number.label("invoice"),
            CreditNote.currency,
            CreditNote.amount_total,
            CreditNote.amount_unapplied,
            CreditNote.reason,
        )
        .join(Customer, Customer.id == CreditNote.customer_id)
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
    )
    query = _chosen(query, CreditNote, search, customer_id)
    columns: dict[str, Any] = {
        "issued": CreditNote.issued_on,
        "number": CreditNote.number,
        "customer": Customer.name,
        "total": CreditNote.amount_total,
        "open": CreditNote.amount_unapplied,
    }
    sorting = window.sorting(columns, CreditNote.id)
    return fetch_page(connection, query, CreditNoteRow, sorting, window, sums=("amount_total", "amount_unapplied"))


def count_invoices(
    connection: Connection, *, today: date, search: str = "", customer_id: int | None = None
) -> InvoiceTabs:
    """The numbers beside the tabs, under the same search."""
    counts = [func.count().filter(condition) for condition in tab_conditions(today).values()]
    invoices: AnySelect = (
        select(*counts, func.count()).select_from(Invoice).join(Customer, Customer.id == Invoice.customer_id)
    )
    notes: AnySelect = (
        select(func.count()).select_from(CreditNote).join(Customer, Customer.id == CreditNote.customer_id)
    )
    found: Any = connection.execute(_chosen(invoices, Invoice, search, customer_id)).one()
    credited: Any = connection.execute(_chosen(notes, CreditNote, search, customer_id)).one()
    return InvoiceTabs(*found, *credited)


def _chosen(query: AnySelect, model: Any, search: str, customer_id: int | None) -> AnySelect:
    query = query.where(visible_rows(model))
    if search:
        columns = (model.number, model.origin)
        by_text = [column.icontains(search, autoescape=True) for column in columns]
        query = query.where(or_(*by_text, matches_customer(Customer, search)))
    return query.where(model.customer_id == customer_id) if customer_id else query


class InvoiceRecord(NamedTuple):
    """An invoice with its customer as kept now."""

    id: int
    number: str
    customer_id: int
    customer: str
    customer_tax_id: str | None
    issued_on: date
    due_on: date | None
    terms_days: int
    currency: str
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    amount_allocated: Decimal
    amount_credited: Decimal
    amount_written_off: Decimal
    amount_open: Decimal
    fiscal_number: str | None
    fiscal_issued_on: date | None
    customer_reference: str | None
    origin: str | None
    salesperson: str | None
    recorded_at: datetime


class DocumentLineRow(NamedTuple):
    """A line of an invoice or a credit note (then without price)."""

    position: int
    product_id: int | None
    sku: str | None
    description: str
    unit: str | None
    quantity: Decimal
    unit_price: Decimal | None
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal


def get_invoice(connection: Connection, invoice_id: int) -> InvoiceRecord:
    """One invoice. Raises NotFound."""
    query = (
        select_record(
            InvoiceRecord, Invoice, customer=Customer.name, customer_tax_id=Customer.tax_id, salesperson=User.name
        )
        .join(Customer, Customer.id == Invoice.customer_id)
        .outerjoin(User, User.id == Invoice.salesperson_id)
        .where(Invoice.id == invoice_id, visible_rows(Invoice))
    )
    return get_record(connection, query, InvoiceRecord, "invoice", invoice_id)


def invoice_lines(connection: Connection, invoice_id: int, *, chinese: bool) -> list[DocumentLineRow]:
    """The lines of an invoice in order."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    rows: Any = connection.execute(
        select(
            InvoiceLine.position,
            InvoiceLine.product_id,
            Product.sku,
            InvoiceLine.description,
            unit,
            InvoiceLine.quantity,
            InvoiceLine.unit_price,
            InvoiceLine.discount_percent,
            InvoiceLine.tax_rate,
            InvoiceLine.amount_net,
            InvoiceLine.amount_tax,
        )
        .outerjoin(Product, Product.id == InvoiceLine.product_id)
        .outerjoin(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .where(InvoiceLine.invoice_id == invoice_id)
        .order_by(InvoiceLine.position)
    )
    return [DocumentLineRow(*row) for row in rows]


class CreditNoteRecord(NamedTuple):
    """A credit note with the invoice it corrects."""

    id: int
    number: str
    customer_id: int
    customer: str
    invoice_id: int
    invoice: str
    issued_on: date
    currency: str
    reason: str | None
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    amount_allocated: Decimal
    amount_unapplied: Decimal
    origin: str | None
    recorded_at: datetime


def get_credit_note(connection: Connection, credit_note_id: int) -> CreditNoteRecord:
    """One credit note. Raises NotFound."""
    query = (
        select_record(CreditNoteRecord, CreditNote, customer=Customer.name, invoice=Invoice.number)
        .join(Customer, Customer.id == CreditNote.customer_id)
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
        .where(CreditNote.id == credit_note_id, visible_rows(CreditNote))
    )
    return get_record(connection, query, CreditNoteRecord, "credit_note", credit_note_id)


def credit_note_lines(connection: Connection, credit_note_id: int, *, chinese: bool) -> list[DocumentLineRow]:
    """The lines of a credit note in order."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    line = CreditNoteLine
    rows: Any = connection.execute(
        select(
            line.position,
            line.product_id,
            Product.sku,
            line.description,
            unit,
            line.quantity,
            line.tax_rate,
            line.amount_net,
            line.amount_tax,
        )
        .outerjoin(Product, Product.id == line.product_id)
        .outerjoin(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .where(line.credit_note_id == credit_note_id)
        .order_by(line.position)
    )
    lines: list[tuple[Any, ...]] = [(*row[:6], None, Decimal(0), *row[6:]) for row in rows]
    return [DocumentLineRow(*line) for line in lines]
