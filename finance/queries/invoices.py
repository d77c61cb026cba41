"""Invoices and credit notes as records, with what was matched and posted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from core.catalog import Product, UnitOfMeasure
from core.organization import User
from core.parties import Customer
from core.queries.reading import get_record, select_record
from core.scope import visible_rows
from finance.models import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
)


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
