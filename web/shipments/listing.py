"""The lists of orders to ship and of shipments, as their pages show them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from crm.lists.to_ship import TO_SHIP
from inventory.lists.shipments import SHIPMENTS
from web.lists.declared import Empty, Head, ListPage, View, declare

SHIPMENT_KINDS = {"out": _("Shipped"), "return": _("Goods back")}
READINESS = {"ready": _("Ready"), "late": _("Late"), "part": _("In part"), "waits": _("Waits for stock")}


def _flag(name: str) -> State:
    return State(demands=(demand(name, "yes"),))


def _of_kind(kind: str) -> State:
    return State(demands=(demand("kind", "in", kind),))


TO_SHIP_LIST = declare(
    ListPage(
        source=TO_SHIP,
        title=_("To ship"),
        permission="orders.ship",
        endpoint="shipments.index",
        record=("orders.show", "order_id"),
        note=_("The earliest wanted first. Ready is what is reserved; the rest waits for stock."),
        heads={
            "number": Head(label=_("Order"), place=""),
            "requested_on": Head(label=_("Wanted on"), place="p2"),
            "customer": Head(label=_("Customer"), place="p2"),
            "goods": Head(label=_("Goods")),
            "ready": Head(label=_("Ready"), place=""),
            "waiting": Head(label=_("Waits"), place=""),
            "state": Head(
                label=_("State"),
                words=READINESS,
                tones={"ready": "ok", "late": "bad", "part": "warn", "waits": "mute"},
                place="p2",
            ),
            "ordered_on": Head(label=_("Ordered")),
            "warehouse": Head(label=_("Warehouse")),
            "carrier": Head(label=_("Carrier")),
            "owner": Head(label=_("Owner")),
            "lines": Head(label=_("Lines")),
            "is_ready": Head(label=_("Can go now")),
            "waits": Head(label=_("Waits for stock")),
            "is_late": Head(label=_("Late")),
        },
        shown=("number", "requested_on", "customer", "goods", "ready", "waiting", "state"),
        default_sort="requested_on",
        views=(
            View("all", _("All")),
            View("now", _("Can go now"), _flag("is_ready")),
            View("waiting", _("Waits for stock"), _flag("waits")),
            View("late", _("Late"), _flag("is_late"), is_hot=True),
        ),
        find=_("Order or customer"),
        empty=Empty(
            _("Nothing to ship"),
            _("A confirmed order stands here until all its goods have left. There is none now."),
        ),
        template="shipments/index.html",
        cells="shipments/to_ship_cells.html",
        aliases={"customer": "customer", "warehouse": "warehouse"},
        phone_lines=("customer", "requested_on"),
    )
)

SHIPMENT_LIST = declare(
    ListPage(
        source=SHIPMENTS,
        title=_("Shipment records"),
        permission="stock.read",
        endpoint="shipments.records",
        record=("shipments.show", "shipment_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "shipped_on": Head(label=_("Date"), place="p2"),
            "customer": Head(label=_("Customer"), place="p2"),
            "origin": Head(label=_("Order"), place="p2"),
            "warehouse": Head(label=_("Warehouse")),
            "carrier": Head(label=_("Carrier")),
            "tracking_number": Head(label=_("Tracking number")),
            "ship_to": Head(label=_("Ship to")),
            "lines": Head(label=_("Lines")),
            "quantity": Head(label=_("Units"), place=""),
            "kind": Head(label=_("Kind"), words=SHIPMENT_KINDS, tones={"out": "ok", "return": "vio"}, place="p2"),
            "owner": Head(label=_("Owner")),
            "who": Head(label=_("Who")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=("number", "shipped_on", "customer", "origin", "warehouse", "carrier", "quantity", "kind"),
        default_sort="-recorded_at",
        views=(
            View("all", _("All")),
            View("out", _("Shipped"), _of_kind("out")),
            View("return", _("Goods back"), _of_kind("return")),
        ),
        find=_("Number, order, customer or tracking number"),
        empty=Empty(
            _("Nothing shipped yet"),
            _("What left for a customer, and what came back, stands here. Ship a confirmed order to see the first."),
        ),
        template="shipments/records.html",
        cells="shipments/cells.html",
        aliases={"customer": "customer", "warehouse": "warehouse"},
        phone_lines=("customer", "shipped_on"),
    )
)
