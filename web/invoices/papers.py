"""Facts for printed documents, read from the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from core.parties import Address, Customer
from finance.queries.invoices import DocumentLineRow, InvoiceRecord
from web.documents.data import DocumentFacts, DocumentLine, PartyFacts


def party_facts(connection: Connection, customer_id: int, kind: str = "billing") -> PartyFacts:
    """A customer as addressee: the default address of the kind, else any."""
    customer: Any = connection.execute(
        select(Customer.name, Customer.legal_name, Customer.tax_id).where(Customer.id == customer_id)
    ).one()
    address: Any = connection.execute(
        select(Address.street, Address.postal_code, Address.city, Address.region, Address.country)
        .where(Address.customer_id == customer_id)
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
