"""Levels, moves, alerts."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.queries.paging import Page, Window
from inventory.alerts import dismiss_alert
from inventory.models import MoveKind
from inventory.queries.alerts import open_alerts, waiting_orders
from inventory.queries.products import get_product
from inventory.queries.stock import (
    LEVEL_FILTERS,
    LevelListRow,
    MoveRow,
    list_levels,
    list_moves,
    warehouse_choices,
)
from web.http import flash_done, run_command, see_other
from web.i18n import language
from web.lists.address import choice_of, id_of, text_of, window_of
from web.stock import area

LEVEL_ORDERS = ("product", "sku", "on_hand", "available", "reserved")
KINDS = tuple(kind.value for kind in MoveKind)


@area.route("", permission="stock.read")
def levels() -> str:
    """Stock per product and warehouse."""
    only = choice_of("only", LEVEL_FILTERS)
    window = window_of(LEVEL_ORDERS, "product")
    chosen: dict[str, Any] = {"search": text_of("q"), "warehouse_id": id_of("warehouse")}
    with db.current().reading() as connection:
        return render_template(
            "stock/levels.html",
            page=read_levels(connection, window),
            warehouses=warehouse_choices(connection),
            only=only,
            sort=window.sort,
            **chosen,
        )


def read_levels(connection: Connection, window: Window) -> Page[LevelListRow]:
    """The levels that the address asks for."""
    return list_levels(
        connection,
        window,
        chinese=language() == "zh",
        only=choice_of("only", LEVEL_FILTERS),
        search=text_of("q"),
        warehouse_id=id_of("warehouse"),
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
            page=read_moves(connection, window_of((), "")),
            warehouses=warehouse_choices(connection),
            kinds=KINDS,
            kind=kind,
            search=text_of("q"),
            product=product,
            **chosen,
        )


def read_moves(connection: Connection, window: Window) -> Page[MoveRow]:
    """The moves that the address asks for."""
    return list_moves(
        connection,
        window,
        kind=choice_of("kind", KINDS),
        origin=text_of("q"),
        product_id=id_of("product"),
        warehouse_id=id_of("warehouse"),
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
