"""The delivery note: its facts, read from the database."""

from __future__ import annotations

from core import database as db
from core.queries.company import COMPANY_PAPER, CompanyPaper
from core.queries.reading import fetch
from inventory.queries.shipments import get_shipment, shipment_lines
from web.documents.build import document_of, party_of
from web.documents.data import DocumentFacts, DocumentLine
from web.invoices.papers import party_facts


def read_delivery_note(shipment_id: int, language: str) -> tuple[DocumentFacts, CompanyPaper]:
    """What stands on a delivery note, and its sender. Raises NotFound."""
    with db.current().reading() as connection:
        shipment = get_shipment(connection, shipment_id)
        lines = shipment_lines(connection, shipment_id, chinese=language == "zh")
        party = party_facts(connection, shipment.customer_id, "shipping")
        [[company]] = fetch(connection, COMPANY_PAPER())
    facts = document_of(
        "delivery_note",
        shipment,
        party,
        (
            DocumentLine(line.position, line.sku, line.product, line.unit, line.quantity, line.description or "")
            for line in lines
        ),
        date=shipment.shipped_on,
        ship_to=party_of(shipment.customer, None, shipment.ship_to) if shipment.ship_to else None,
    )
    return facts, company
