"""The list of orders as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from crm.lists.customers import MONEY
from crm.lists.orders import ORDERS
from web.lists.declared import Act, Empty, Head, ListPage, View, declare
from web.orders.sentences import INVOICING, PAYMENT, PAYMENT_TONES, SHIPPING, SHIPPING_TONES, STATE_TONES, STATES


def _flag(name: str, sort: str = "") -> State:
    return State(demands=(demand(name, "yes"),), sort=sort)


ORDER_LIST = declare(
    ListPage(
        source=ORDERS,
        title=_("Orders"),
        permission="orders.read",
        endpoint="orders.index",
        record=("orders.show", "order_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "customer_reference": Head(label=_("Their order number")),
            "owner": Head(label=_("Owner")),
            "ordered_on": Head(label=_("Ordered"), place="p2"),
            "requested_on": Head(label=_("Deliver on")),
            "state": Head(label=_("State"), words=STATES, tones=STATE_TONES, place=""),
            "shipping_status": Head(label=_("Shipping"), words=SHIPPING, tones=SHIPPING_TONES),
            "invoice_status": Head(label=_("Invoicing"), words=INVOICING),
            "payment_status": Head(label=_("Payment"), words=PAYMENT, tones=PAYMENT_TONES),
            "warehouse": Head(label=_("Warehouse")),
            "carrier": Head(label=_("Carrier")),
            "amount_total": Head(label=_("Amount"), place=""),
            "currency": Head(label=_("Currency")),
            "open_amount": Head(label=_("Open"), place="p2"),
            "due_on": Head(label=_("Due")),
            "back_ordered": Head(label=_("Back-ordered")),
            "is_open": Head(label=_("To ship")),
            "waits": Head(label=_("Held by stock")),
            "is_ready": Head(label=_("Something is reserved")),
            "is_owing": Head(label=_("Unpaid")),
            "is_overdue": Head(label=_("Overdue")),
            "is_returned": Head(label=_("Goods came back")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=("number", "customer", "ordered_on", "requested_on", "state", "payment_status", "amount_total"),
        default_sort="-ordered_on",
        views=(
            View("all", _("All")),
            View("draft", _("Drafts"), State(demands=(demand("state", "in", "draft"),))),
            View("to_ship", _("To ship"), _flag("is_open")),
            View("held", _("Held by stock"), _flag("waits"), is_hot=True),
            View("unpaid", _("Unpaid"), _flag("is_owing"), permission=MONEY),
            View("overdue", _("Overdue"), _flag("is_overdue", sort="ordered_on"), is_hot=True, permission=MONEY),
        ),
        imports="orders",
        find=_("Number, customer or their order number"),
        empty=Empty(_("No orders yet"), _("An order reserves stock and posts the receivable in one step.")),
        template="orders/index.html",
        cells="orders/cells.html",
        aliases={"customer_id": "customer", "owner": "owner"},
        acts=(Act("cancel_drafts", _("Cancel drafts"), "stop", _("Cancel these drafts?"), tabs=("draft",)),),
        phone_lines=("customer", "ordered_on"),
    )
)
