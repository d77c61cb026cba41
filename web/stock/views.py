"""Levels, moves, alerts."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from inventory.alerts import dismiss_alert
from inventory.queries.alerts import open_alerts, waiting_orders
from web.http import flash_done, run_command, see_other
from web.i18n import language
from web.lists.address import text_of
from web.lists.pages import show_list
from web.stock import area
from web.stock.listing import LEVEL_LIST, MOVE_LIST


@area.route("", permission="stock.read")
def levels() -> ResponseReturnValue:
    """Stock per product and warehouse."""
    return show_list(LEVEL_LIST)


@area.route("/moves", permission="stock.read")
def moves() -> ResponseReturnValue:
    """Every move of stock."""
    return show_list(MOVE_LIST)


@area.route("/alerts", permission="stock.read")
def alerts() -> str:
    """Products to reorder, as cards."""
    tab = text_of("tab")
    with db.current().reading() as connection:
        found = open_alerts(connection, chinese=language() == "zh")
        waiting = waiting_orders(connection, found)
    live = [alert for alert in found if alert.dismissed_at is None]
    groups = {
        "": live,
        "short": [alert for alert in live if alert.back_ordered > 0],
        "low": [alert for alert in live if alert.back_ordered <= 0],
        "dismissed": [alert for alert in found if alert.dismissed_at is not None],
    }
    tab = tab if tab in groups else ""
    return render_template(
        "stock/alerts.html",
        groups=groups,
        tab=tab,
        alerts=groups[tab],
        waiting=waiting,
        warehouses=sorted({alert.warehouse for alert in found}),
    )


@area.route("/alerts/<int:alert_id>/dismiss", permission="stock.plan", methods=["POST"])
def dismiss(alert_id: int) -> ResponseReturnValue:
    """Mark an alert as seen."""
    run_command(dismiss_alert, alert_id)
    flash_done(_("Alert dismissed until stock recovers and falls again"))
    return see_other("stock.alerts", tab=request.form.get("tab") or None)
