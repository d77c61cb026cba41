"""The list of orders and the record page of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from core import database as db
from crm.queries.order_page import HistoryRow, OrderPage, order_page
from web.approvals.sentences import HISTORY as APPROVAL_WORDS
from web.approvals.sentences import HISTORY_LOOKS as APPROVAL_LOOKS
from web.filters import day, quantity, today
from web.lists.pages import show_list
from web.orders import area
from web.orders.listing import ORDER_LIST
from web.orders.refused import refused_of
from web.orders.sentences import (
    INVOICING,
    PAYMENT,
    PAYMENT_TONES,
    SHIPPING,
    SHIPPING_TONES,
    STATE_TONES,
    STATES,
)
from web.orders.specs import ACTIONS
from web.permissions import may

WORDS = {
    "states": STATES,
    "state_tones": STATE_TONES,
    "shipping": SHIPPING,
    "shipping_tones": SHIPPING_TONES,
    "payment": PAYMENT,
    "payment_tones": PAYMENT_TONES,
}
HISTORY = {
    "sales_order.created": lazy_gettext("wrote the draft"),
    "sales_order.changed": lazy_gettext("changed the draft"),
    "sales_order.confirmed": lazy_gettext("confirmed the order"),
    "sales_order.shipped": lazy_gettext("shipped"),
    "sales_order.billed": lazy_gettext("posted an invoice"),
    "sales_order.cancelled": lazy_gettext("cancelled"),
    "sales_order.returned": lazy_gettext("took goods back"),
    "sales_order.credited": lazy_gettext("credited the price"),
    **APPROVAL_WORDS,
}
HISTORY_LOOKS = {
    "sales_order.created": ("pen", "mute"),
    "sales_order.changed": ("pen", "mute"),
    "sales_order.confirmed": ("ok", "info"),
    "sales_order.shipped": ("truck", "vio"),
    "sales_order.billed": ("coin", "info"),
    "sales_order.cancelled": ("x", "bad"),
    "sales_order.returned": ("swap", "warn"),
    "sales_order.credited": ("minus", "warn"),
    **APPROVAL_LOOKS,
}


@area.route("", permission="orders.read")
def index() -> ResponseReturnValue:
    """Orders: the list."""
    return show_list(ORDER_LIST)


def record_page(order_id: int, *, dialog: dict[str, Any] | None = None) -> str:
    """The record page, with a dialog in front of it."""
    with db.current().reading() as connection:
        page = order_page(connection, order_id)
    payment_status = page.payment_status(today())
    return render_template(
        "orders/show.html",
        **vars(page),
        page=page,
        payment_status=payment_status,
        progress=steps_of(page, payment_status),
        actions=[action for action in ACTIONS.values() if may(action.permission) and action.may_now(page)],
        refused=refused_of(page),
        dialog=dialog,
        history_words=HISTORY,
        history_looks=HISTORY_LOOKS,
        history_note=history_note,
        invoicing=INVOICING,
        **WORDS,
    )


def steps_of(page: OrderPage, payment_status: str) -> list[dict[str, Any]]:
    """Draft, confirmed, shipped, invoiced, paid, each with its day."""
    order = page.order
    if order.state == "cancelled":
        ended = day(order.cancelled_at) if order.cancelled_at else ""
        return [
            {"label": _("Draft"), "note": day(order.recorded_at), "state": "done"},
            {"label": _("Cancelled"), "note": ended, "state": "stop"},
        ]
    confirmed = order.state != "draft"
    out = [shipment.shipped_on for shipment in page.shipments if shipment.kind == "out"]
    paid = [entry.on for entry in page.payments if entry.kind == "payment"]
    shipped = day(max(out)) if out else _("planned %(day)s", day=day(order.requested_on)) if order.requested_on else ""
    due = _("due %(day)s", day=day(page.due_on)) if page.due_on else ""
    found = [
        (_("Draft"), day(order.recorded_at), confirmed, False),
        (_("Confirmed"), day(order.confirmed_at), confirmed, False),
        (_("Shipped"), shipped, order.shipping_status == "shipped", order.shipping_status == "partial"),
        (
            _("Invoiced"),
            day(page.invoices[-1].issued_on) if page.invoices else "",
            order.invoice_status == "invoiced",
            order.invoice_status == "partial",
        ),
        (_("Paid"), day(max(paid)) if payment_status == "paid" and paid else due, payment_status == "paid", False),
    ]
    return _marked(found)


def _marked(found: list[tuple[str, str, bool, bool]]) -> list[dict[str, Any]]:
    """The first step that is not reached is where things stand now."""
    steps: list[dict[str, Any]] = []
    now = next((number for number, step in enumerate(found) if not step[2]), None)
    for number, (label, note, reached, partly) in enumerate(found):
        state = "done" if reached else "now" if number == now else "next"
        if partly:
            label = _("%(step)s in part", step=label)
        steps.append({"label": label, "note": note, "state": state})
    return steps


def history_note(row: HistoryRow) -> str:
    """What an audit row of an order adds in words."""
    lines = row.changes.get("lines")
    parts = []
    if row.action == "sales_order.shipped" and isinstance(lines, list):
        parts.append(_(", ").join(f"{line[0]} × {quantity(Decimal(line[1]))}" for line in lines[:6]))
    if row.changes.get("reason"):
        parts.append(str(row.changes["reason"]))
    return " ".join(parts)
