"""Invoices and credit notes on paper: their facts, read from the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from core import database as db
from core.parties import Address, Customer
from core.queries.company import COMPANY_PAPER, CompanyPaper
from core.queries.reading import fetch
from finance.queries.invoices import (
    DocumentLineRow,
    InvoiceRecord,
    credit_note_lines,
    get_credit_note,
    get_invoice,
    invoice_lines,
)
from web.documents.data import DocumentFacts, DocumentLine, PartyFacts


def read_invoice(invoice_id: int, language: str) -> tuple[DocumentFacts, CompanyPaper]:
    """What stands on an invoice, and its sender. Raises NotFound."""
    with db.current().reading() as connection:
        invoice = get_invoice(connection, invoice_id)
        lines = invoice_lines(connection, invoice_id, chinese=language == "zh")
        facts = invoice_facts(connection, invoice, lines)
        [[company]] = fetch(connection, COMPANY_PAPER())
    return facts, company


def read_credit_note(credit_note_id: int, language: str) -> tuple[DocumentFacts, CompanyPaper]:
    """What stands on a credit note, and its sender. Raises NotFound."""
    with db.current().reading() as connection:
        note = get_credit_note(connection, credit_note_id)
        lines = credit_note_lines(connection, credit_note_id, chinese=language == "zh")
        party = party_facts(connection, note.customer_id)
        [[company]] = fetch(connection, COMPANY_PAPER())
    facts = DocumentFacts(
        kind="credit_note",
        number=note.number,
        date=note.issued_on,
        party=party,
        lines=tuple(_line(line) for line in lines),
        currency=note.currency,
        origin=note.invoice,
        amount_net=note.amount_net,
        amount_tax=note.amount_tax,
        amount_total=note.amount_total,
        note=note.reason or "",
    )
    return facts, company


def party_facts(connection: Connection, customer_id: int, kind: str = "billing") -> PartyFacts:
    """A customer as addressee: the default address of the kind, else any."""
    customer: Any = connection.execute(
        select(Customer.name, Customer.legal_name, Customer.tax_id).where(Customer.id == customer_id)
    ).one()
    address: Any = connection.execute(
        select(Address.street, Address.postal_code, Address.city, Address.region, Address.country)
        .where(Address.customer_id == customer_id, Address.is_active)
        .order_by((Address.kind == kind).desc(), Address.is_default.desc(), Address.id)
        .limit(1)
    ).first()
    lines: tuple[str, ...] = ()
    if address:
        town = " ".join(part for part in (address.postal_code, address.city, address.region) if part)
        lines = tuple(part for part in (*address.street.splitlines(), town, address.country) if part)
    return PartyFacts(customer.legal_name or customer.name, lines, customer.tax_id or "")


def invoice_facts(connection: Connection, invoice: InvoiceRecord, lines: Sequence[DocumentLineRow]) -> DocumentFacts:
    """An invoice as it is printed, with what was paid so far."""
    return DocumentFacts(
        kind="invoice",
        number=invoice.number,
        date=invoice.issued_on,
        party=party_facts(connection, invoice.customer_id),
        lines=tuple(_line(line) for line in lines),
        currency=invoice.currency,
        due_on=invoice.due_on,
        customer_reference=invoice.customer_reference or "",
        origin=invoice.origin or "",
        amount_net=invoice.amount_net,
        amount_tax=invoice.amount_tax,
        amount_total=invoice.amount_total,
        amount_paid=invoice.amount_allocated,
        salesperson=invoice.salesperson or "",
    )


def _line(line: DocumentLineRow) -> DocumentLine:
    return DocumentLine(
        position=line.position,
        sku=line.sku or "",
        name=line.description,
        unit=line.unit or "",
        quantity=line.quantity,
        unit_price=line.unit_price or line.amount_net,
        discount_percent=line.discount_percent,
        tax_rate=line.tax_rate,
        amount_net=line.amount_net,
        amount_tax=line.amount_tax,
        amount_total=line.amount_net + line.amount_tax,
    )
