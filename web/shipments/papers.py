"""The delivery note: its facts, read from the database."""

from __future__ import annotations

from core import database as db
from core.queries.company import COMPANY_PAPER, CompanyPaper
from core.queries.reading import fetch
from inventory.queries.shipments import get_shipment, shipment_lines
from web.documents.data import DocumentFacts, DocumentLine, PartyFacts
from web.invoices.papers import party_facts


def read_delivery_note(shipment_id: int, language: str) -> tuple[DocumentFacts, CompanyPaper]:
    """What stands on a delivery note, and its sender. Raises NotFound."""
    with db.current().reading() as connection:
        shipment = get_shipment(connection, shipment_id)
        lines = shipment_lines(connection, shipment_id, chinese=language == "zh")
        party = party_facts(connection, shipment.customer_id, "shipping")
        [[company]] = fetch(connection, COMPANY_PAPER())
    ship_to = PartyFacts(shipment.customer, tuple(shipment.ship_to.splitlines())) if shipment.ship_to else None
    facts = DocumentFacts(
        kind="delivery_note",
        number=shipment.number,
        date=shipment.shipped_on,
        party=party,
        ship_to=ship_to,
        origin=shipment.origin,
        carrier=shipment.carrier or "",
        lines=tuple(
            DocumentLine(line.position, line.sku, line.product, line.unit, line.quantity, line.description or "")
            for line in lines
        ),
    )
    return facts, company
