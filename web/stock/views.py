"""Levels, moves, alerts."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.columns import read_id
from core.errors import DomainError, NotFound
from inventory.alerts import dismiss_alert, restore_alert
from inventory.queries.alerts import TABS, AlertRow, count_alerts, open_alerts, waiting_orders
from web.filters import plain
from web.http import flash_done, flash_refusal, run_command, see_other
from web.i18n import language
from web.lists.address import text_of
from web.lists.pages import show_list
from web.navigation import link
from web.stock import area
from web.stock.listing import LEVEL_LIST, MOVE_LIST

CARDS = 24
"""Alerts shown as cards at first, and how many more each time they are asked for."""
MOST_CARDS = 240
"""Beyond as many the list of stock levels is the better place."""
MOST_AT_ONCE = 50
"""Alerts that one receipt is prepared for: its lines stand in the address."""


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
    tab = text_of("tab") if text_of("tab") in TABS else ""
    shown = min(max(read_id(text_of("show")) or CARDS, CARDS), MOST_CARDS)
    with db.current().reading() as connection:
        counts = count_alerts(connection)
        found = open_alerts(connection, chinese=language() == "zh", tab=tab, limit=MOST_CARDS)
        waiting = waiting_orders(connection, found[:shown])
    return render_template(
        "stock/alerts.html",
        counts=counts.by_tab,
        warehouses=counts.warehouses,
        tab=tab,
        alerts=found[:shown],
        rest=len(found[shown : shown + CARDS]),
        cards=shown,
        waiting=waiting,
        refills=_refills(found) if tab != "dismissed" else [],
    )


def _refills(alerts: list[AlertRow]) -> list[tuple[str, int, str]]:
    """By warehouse: its name, how many products, and the address of a receipt that lifts each to its reorder point."""
    wanted: dict[int, list[AlertRow]] = {}
    for alert in alerts:
        if alert.missing > 0:
            wanted.setdefault(alert.warehouse_id, []).append(alert)
    found = []
    for warehouse_id, rows in wanted.items():
        values: dict[str, Any] = {"warehouse_id": warehouse_id}
        suppliers = {row.supplier_id for row in rows}
        if len(suppliers) == 1:
            values["supplier_id"] = suppliers.pop()
        for line, row in enumerate(rows[:MOST_AT_ONCE]):
            values |= {f"lines-{line}-product": row.sku, f"lines-{line}-quantity": plain(row.missing)}
        if (address := link("stock.new_receipt", **values)) is not None:
            found.append((rows[0].warehouse, len(rows[:MOST_AT_ONCE]), address))
    return found


@area.route("/alerts/<int:alert_id>/dismiss", permission="stock.plan", methods=["POST"])
def dismiss(alert_id: int) -> ResponseReturnValue:
    """Mark an alert as seen."""
    tab = request.form.get("tab") or None
    run_command(dismiss_alert, alert_id)
    undo = url_for("stock.restore", alert_id=alert_id, tab=tab)
    flash_done(_("Alert dismissed until stock recovers and falls again"), undo)
    return see_other("stock.alerts", tab=tab)


@area.route("/alerts/<int:alert_id>/restore", permission="stock.plan", methods=["POST"])
def restore(alert_id: int) -> ResponseReturnValue:
    """Put a dismissed alert back; one that stock has answered meanwhile stays closed."""
    try:
        run_command(restore_alert, alert_id)
        flash_done(_("The alert is open again"))
    except NotFound:
        flash_refusal(DomainError("alert_closed"))
    return see_other("stock.alerts", tab=request.args.get("tab") or None)
