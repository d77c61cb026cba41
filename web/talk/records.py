"""Where the records stand that people talk about, and what their kinds are called."""

from __future__ import annotations

from typing import Any, Final

from flask import g
from flask_babel import lazy_gettext as _

from core.errors import NotFound
from core.queries.talk import Talk
from core.queries.talk import talk_of as read_talk
from core.talk.records import RECORDS
from web.navigation import link
from web.permissions import may

# Of each type what it is called, and the page it stands on.
PLACES: Final[dict[str, tuple[Any, str, str]]] = {
    "customer": (_("Customer"), "customers.show", "customer_id"),
    "opportunity": (_("Opportunity"), "opportunities.show", "opportunity_id"),
    "quotation": (_("Quotation"), "quotations.show", "quotation_id"),
    "sales_order": (_("Order"), "orders.show", "order_id"),
    "shipment": (_("Shipment"), "shipments.show", "shipment_id"),
    "invoice": (_("Invoice"), "invoices.show", "invoice_id"),
    "credit_note": (_("Credit note"), "invoices.credit_note", "credit_note_id"),
    "payment": (_("Payment"), "payments.show", "payment_id"),
    "product": (_("Product"), "products.show", "product_id"),
    "supplier": (_("Supplier"), "suppliers.show", "supplier_id"),
    "approval_request": (_("Approval request"), "approvals.show", "request_id"),
    "activity": (_("Activity"), "customers.show", "customer_id"),
}


def type_name(record_type: str) -> str:
    """What a type of record is called."""
    return str(PLACES[record_type][0]) if record_type in PLACES else record_type


def open_types() -> list[str]:
    """The types whose records the reader may open, as far as he sees them."""
    return [name for name, kind in RECORDS.items() if kind.is_talked and may(kind.permission)]


def record_address(record_type: str, record_id: int, customer_id: int | None = None) -> str | None:
    """Where a record stands; None without a page, or where the reader may not open it."""
    if record_type not in PLACES:
        return None
    _name, endpoint, argument = PLACES[record_type]
    return link(endpoint, **{argument: customer_id if record_type == "activity" else record_id})


def talk_of(record_type: str, record_id: int) -> Talk | None:
    """What the page of a record shows of its comments, followers and files; None where the reader does not see it."""
    try:
        return read_talk(g.actor, record_type, record_id)
    except NotFound:
        return None
