"""What moves of stock and entries of the books are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

MOVE_KINDS = {
    "opening": _("Opening stock"),
    "receipt": _("Receipt"),
    "shipment": _("Shipment"),
    "return": _("Goods back"),
    "adjustment": _("Adjustment"),
}
EVENTS = {
    "confirm": _("Order confirmed, receivable"),
    "bill": _("Shipment billed, receivable"),
    "service": _("Service delivered"),
    "shipment": _("Shipment"),
    "tax_point": _("Tax point"),
    "payment": _("Payment"),
    "match": _("Match"),
    "unmatch": _("Un-match"),
    "refund": _("Refund"),
    "credit_note": _("Credit note"),
    "cancel": _("Cancellation"),
    "price": _("Credit note"),
    "return": _("Goods back"),
    "credit": _("Credit"),
    "receipt": _("Receipt"),
    "adjustment": _("Adjustment"),
    "opening": _("Opening stock"),
    "manual": _("Manual entry"),
    "reversal": _("Reversal"),
    "write_off": _("Write-off"),
    "write_off_reversal": _("Write-off taken back"),
}


def move_kind(kind: str) -> str:
    """The word for a kind of move."""
    return str(MOVE_KINDS[str(kind)])


def event_name(event: str) -> str:
    """The word for what an entry was posted for; an event without one by its own name."""
    return str(EVENTS.get(event, event.replace("_", " ")))
