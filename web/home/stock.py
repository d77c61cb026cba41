"""Cards of what is in stock and what is to be shipped."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from core.lists.state import demand
from web.home.cards import Figure, Rows, asking, declare
from web.shipments.listing import TO_SHIP_LIST
from web.stock.listing import LEVEL_LIST

_READY = asking(demand("is_ready", "yes"), sort="requested_on")
_SHORT = asking(demand("back_ordered", "gt", 0), sort="-back_ordered")
_ALERTS = asking(demand("has_alert", "yes"), sort="available")

declare(
    Figure(
        name="ready",
        title=_("Ready to ship"),
        page=TO_SHIP_LIST,
        state=_READY,
        is_count=True,
        note=lambda held: gettext("something is reserved"),
        tone="info",
    ),
    Figure(
        name="late_shipments",
        title=_("Late to ship"),
        page=TO_SHIP_LIST,
        state=asking(demand("is_late", "yes"), sort="requested_on"),
        is_count=True,
        note=lambda held: gettext("wanted before today"),
        tone="bad",
    ),
    Figure(
        name="short",
        title=_("Short products"),
        page=LEVEL_LIST,
        state=_SHORT,
        is_count=True,
        note=lambda held: gettext("orders wait for them"),
        tone="warn",
    ),
    Figure(
        name="alerts",
        title=_("Stock alerts"),
        page=LEVEL_LIST,
        state=_ALERTS,
        is_count=True,
        note=lambda held: gettext("at or under the reorder point"),
        tone="bad",
    ),
    Figure(
        name="stock_value",
        title=_("Value of the stock"),
        page=LEVEL_LIST,
        state=asking(demand("on_hand", "gt", 0)),
        sums="value",
        note=lambda held: gettext("at the moving average"),
    ),
    Rows(
        name="to_ship",
        title=_("To ship"),
        page=TO_SHIP_LIST,
        state=_READY,
        columns=("number", "customer", "requested_on", "waiting"),
        most=8,
        empty=_("Nothing is ready to ship."),
    ),
    Rows(
        name="short_products",
        title=_("Short products"),
        page=LEVEL_LIST,
        state=_SHORT,
        columns=("product", "sku", "warehouse", "on_hand", "back_ordered"),
        most=8,
        empty=_("No product is short."),
    ),
    Rows(
        name="stock_alerts",
        title=_("Stock alerts"),
        page=LEVEL_LIST,
        state=_ALERTS,
        columns=("product", "available", "reorder_point", "alert_since"),
        most=8,
        empty=_("No product is at its reorder point."),
        beside=("stock.alerts", _("Answer them")),
    ),
)
