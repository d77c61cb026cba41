"""Facts for printed documents, read from the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from core import database as db
from core.queries.company import COMPANY_PAPER, CompanyPaper
from core.queries.party import get_party
from core.queries.reading import fetch
from finance.queries.invoices import (
    DocumentLineRow,
    InvoiceRecord,
    credit_note_lines,
    get_credit_note,
    get_invoice,
    invoice_lines,
)
from web.documents.build import document_of, line_of, party_of
from web.documents.data import DocumentFacts, PartyFacts


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
    facts = document_of(
        "credit_note",
        note,
        party,
        (line_of(line, line.description, line.unit) for line in lines),
        date=note.issued_on,
        origin=note.invoice,
        note=note.reason,
    )
    return facts, company


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
