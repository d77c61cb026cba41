"""From a document's number to its page."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core import clock
from core import database as db
from core.errors import NotFound
from core.parties import Customer, Supplier
from core.scope import Owned, visible_rows
from crm.models import Opportunity, Quotation, SalesOrder
from finance.models import CreditNote, Invoice, JournalEntry, Payment
from inventory.models import Shipment, StockDocument
from web.ledger import area
from web.permissions import SIGNED_IN

# Every series of the number table: the model, the page, and the name of its argument.
PAGES: dict[str, tuple[Any, str, str]] = {
    "CUS": (Customer, "customers.show", "customer_id"),
    "SUP": (Supplier, "suppliers.show", "supplier_id"),
    "OPP": (Opportunity, "opportunities.show", "opportunity_id"),
    "QT": (Quotation, "quotations.show", "quotation_id"),
    "SO": (SalesOrder, "orders.show", "order_id"),
    "INV": (Invoice, "invoices.show", "invoice_id"),
    "CN": (CreditNote, "invoices.credit_note", "credit_note_id"),
    "PAY": (Payment, "payments.show", "payment_id"),
    "REF": (Payment, "payments.show", "payment_id"),
    "SHP": (Shipment, "shipments.show", "shipment_id"),
    "RET": (Shipment, "shipments.show", "shipment_id"),
    "OPN": (StockDocument, "stock.document", "document_id"),
    "RCV": (StockDocument, "stock.document", "document_id"),
    "ADJ": (StockDocument, "stock.document", "document_id"),
    "SAL": (JournalEntry, "ledger.entry", "entry_id"),
    "STK": (JournalEntry, "ledger.entry", "entry_id"),
    "BNK": (JournalEntry, "ledger.entry", "entry_id"),
    "GEN": (JournalEntry, "ledger.entry", "entry_id"),
}


@area.route("/document/<number>", permission=SIGNED_IN)
def document(number: str) -> ResponseReturnValue:
    """Leads to the page of the document; that page asks for its own permission."""
    model, endpoint, name = PAGES.get(number.split("-")[0].upper(), (None, "", ""))
    if model is None or endpoint not in current_app.view_functions:
        raise NotFound("document", number)
    named = model.code if hasattr(model, "code") else model.number
    with db.current().reading() as connection:
        query = select(model.id).where(named == number.upper())
        identity = connection.execute(query.where(visible_rows(model)) if issubclass(model, Owned) else query).scalar()
    if identity is None:
        raise NotFound("document", number)
    return redirect(url_for(endpoint, **{name: identity}), 302)


area.app_template_global("clock_now")(clock.now)
