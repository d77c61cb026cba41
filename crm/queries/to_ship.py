"""Confirmed orders with goods to ship: what can go now, and what waits for stock."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, or_, select

from core.catalog import Product
from core.parties import Customer
from core.queries.paging import AnySelect, Page, Sorting, Window, fetch_page
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.models import OrderState, SalesOrder, SalesOrderLine, ShippingStatus
from inventory.models import Reservation, Warehouse

FAR = date(9999, 1, 1)
TABS = ("now", "waiting", "late")


class ToShipRow(NamedTuple):
    """An order to ship. `ready` is what is reserved, `waiting` what lacks stock; in units over all its lines."""

    id: int
    number: str
    customer_id: int
    customer: str
    warehouse: str
    ordered_on: date
    requested_on: date | None
    carrier: str | None
    ready: Decimal
    waiting: Decimal
    lines: int
    ready_lines: int


class ToShipLine(NamedTuple):
    """A line of an order to ship."""

    order_id: int
    position: int
    sku: str
    product: str
    to_ship: Decimal
    ready: Decimal


class ToShipTabs(NamedTuple):
    """How many orders stand under each tab."""

    all: int
    now: int
    waiting: int
    late: int


_LINES = (
    select(
        SalesOrderLine.order_id,
        func.coalesce(func.sum(Reservation.quantity_reserved), 0).label("ready"),
        func.coalesce(func.sum(Reservation.quantity_back_ordered), 0).label("waiting"),
        func.count().label("lines"),
        func.count().filter(Reservation.quantity_reserved > 0).label("ready_lines"),
    )
    .outerjoin(Reservation, Reservation.id == SalesOrderLine.reservation_id)
    .where(SalesOrderLine.quantity_to_ship > 0)
    .group_by(SalesOrderLine.order_id)
    .subquery("open_lines")
)
_TO_SHIP = (
    (SalesOrder.state == OrderState.CONFIRMED),
    (SalesOrder.shipping_status != ShippingStatus.SHIPPED),
)


def _condition(tab: str, today: date) -> Any:
    conditions: dict[str, Any] = {
        "now": _LINES.c.ready > 0,
        "waiting": _LINES.c.waiting > 0,
        "late": SalesOrder.requested_on < today,
    }
    return conditions.get(tab)


def orders_to_ship(
    connection: Connection, window: Window, *, today: date, tab: str = "", search: str = ""
) -> Page[ToShipRow]:
    """Orders by requested date, those without one last."""
    query: AnySelect = (
        select(
            SalesOrder.id,
            SalesOrder.number,
            SalesOrder.customer_id,
            Customer.name.label("customer"),
            Warehouse.name.label("warehouse"),
            SalesOrder.ordered_on,
            SalesOrder.requested_on,
            SalesOrder.carrier,
            _LINES.c.ready,
            _LINES.c.waiting,
            _LINES.c.lines,
            _LINES.c.ready_lines,
        )
        .join(_LINES, _LINES.c.order_id == SalesOrder.id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .join(Warehouse, Warehouse.id == SalesOrder.warehouse_id)
        .where(visible_rows(SalesOrder), *_TO_SHIP)
    )
    condition = _condition(tab, today)
    if condition is not None:
        query = query.where(condition)
    if search:
        by_number = SalesOrder.number.icontains(search, autoescape=True)
        query = query.where(or_(by_number, matches_customer(Customer, search)))
    value = func.coalesce(SalesOrder.requested_on, FAR)
    return fetch_page(connection, query, ToShipRow, Sorting(value, SalesOrder.id.expression), window)


def count_to_ship(connection: Connection, *, today: date) -> ToShipTabs:
    """The numbers beside the tabs."""
    counts = [func.count(case((_condition(tab, today), 1))) for tab in TABS]
    query: AnySelect = (
        select(func.count(), *counts).select_from(SalesOrder).join(_LINES, _LINES.c.order_id == SalesOrder.id)
    )
    return ToShipTabs(*connection.execute(query.where(visible_rows(SalesOrder), *_TO_SHIP)).one())


def lines_to_ship(connection: Connection, order_ids: list[int]) -> dict[int, list[ToShipLine]]:
    """The open lines of several orders, in one statement."""
    rows: Any = connection.execute(
        select(
            SalesOrderLine.order_id,
            SalesOrderLine.position,
            Product.sku,
            Product.name,
            SalesOrderLine.quantity_to_ship,
            func.coalesce(Reservation.quantity_reserved, 0),
        )
        .join(Product, Product.id == SalesOrderLine.product_id)
        .join(SalesOrder, SalesOrder.id == SalesOrderLine.order_id)
        .outerjoin(Reservation, Reservation.id == SalesOrderLine.reservation_id)
        .where(visible_rows(SalesOrder), SalesOrderLine.order_id.in_(order_ids), SalesOrderLine.quantity_to_ship > 0)
        .order_by(SalesOrderLine.order_id, SalesOrderLine.position)
    )
    found: dict[int, list[ToShipLine]] = {}
    for row in rows:
        line = ToShipLine(*row)
        found.setdefault(line.order_id, []).append(line)
    return found
