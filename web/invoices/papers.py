"""Facts for printed documents, read from the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from core.queries.party import get_party
from finance.queries.invoices import DocumentLineRow, InvoiceRecord
from web.documents.build import document_of, line_of, party_of
from web.documents.data import DocumentFacts, PartyFacts


def party_facts(connection: Connection, customer_id: int, kind: str = "billing") -> PartyFacts:
    """A customer as addressee: the default address of the kind, else any."""
    return party_of(*get_party(connection, customer_id, kind))


def invoice_facts(connection: Connection, invoice: InvoiceRecord, lines: Sequence[DocumentLineRow]) -> DocumentFacts:
    """An invoice as it is printed, with what was paid so far."""
    return document_of(
        "invoice",
        invoice,
        party_facts(connection, invoice.customer_id),
        (line_of(line, line.description, line.unit) for line in lines),
        date=invoice.issued_on,
        amount_paid=invoice.amount_allocated,
    )
