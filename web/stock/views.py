"""Levels, moves, alerts."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from inventory.alerts import dismiss_alert
from inventory.models import MoveKind
from inventory.queries.alerts import open_alerts, waiting_orders
from inventory.queries.products import get_product
from inventory.queries.stock import (
    LEVEL_FILTERS,
    list_levels,
    list_moves,
    warehouse_choices,
)
from web.http import flash_done, run_command, see_other
from web.i18n import language
from web.lists import choice_of, id_of, text_of, window_of
from web.stock import area

KINDS = tuple(kind.value for kind in MoveKind)


@area.route("", permission="stock.read")
def levels() -> str:
    """Stock per product and warehouse."""
    only = choice_of("only", LEVEL_FILTERS)
    window = window_of(("product", "sku", "on_hand", "available", "reserved"), "product")
    chosen: dict[str, Any] = {"search": text_of("q"), "warehouse_id": id_of("warehouse")}
    with db.current().reading() as connection:
        return render_template(
            "stock/levels.html",
            page=list_levels(connection, window, chinese=language() == "zh", only=only, **chosen),
            warehouses=warehouse_choices(connection),
            only=only,
            sort=window.sort,
            **chosen,
        )


@area.route("/moves", permission="stock.read")
def moves() -> str:
    """Every move of stock."""
    kind = choice_of("kind", KINDS)
    chosen: dict[str, Any] = {"product_id": id_of("product"), "warehouse_id": id_of("warehouse")}
    with db.current().reading() as connection:
        product = (
            get_product(connection, chosen["product_id"], chinese=language() == "zh") if chosen["product_id"] else None
        )
        return render_template(
            "stock/moves.html",
            page=list_moves(connection, window_of((), ""), kind=kind, origin=text_of("q"), **chosen),
            warehouses=warehouse_choices(connection),
            kinds=KINDS,
            kind=kind,
            search=text_of("q"),
            product=product,
            **chosen,
        )


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
