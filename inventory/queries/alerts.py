"""Low-stock alerts with the stock of now, and the orders that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, select

from core.catalog import Product, UnitOfMeasure
from core.organization import User
from core.parties import Supplier
from inventory.models import ReorderPoint, Reservation, StockAlert, StockLevel, Warehouse

SAME_PLACE = and_(
    ReorderPoint.product_id == StockLevel.product_id, ReorderPoint.warehouse_id == StockLevel.warehouse_id
)


class AlertRow(NamedTuple):
    """An open alert with the stock as it is now."""

    id: int
    level_id: int
    product_id: int
    sku: str
    product: str
    unit: str
    warehouse_id: int
    warehouse: str
    supplier_id: int | None
    supplier: str | None
    on_hand: Decimal
    available: Decimal
    back_ordered: Decimal
    reorder_point: Decimal
    opened_at: datetime
    dismissed_at: datetime | None
    dismissed_by: str | None

    @property
    def missing(self) -> Decimal:
        """What has to come: for the orders that wait, and one more than the reorder point, at which it still is low."""
        return self.reorder_point + 1 - self.available + self.back_ordered


class WaitingRow(NamedTuple):
    """An order that waits for a product at a stock level."""

    level_id: int
    origin: str
    quantity: Decimal
    requested_on: date | None


IS_LIVE = StockAlert.dismissed_at.is_(None)
TABS: Mapping[str, ColumnElement[bool]] = {
    "": IS_LIVE,
    "short": and_(IS_LIVE, StockLevel.back_ordered > 0),
    "low": and_(IS_LIVE, StockLevel.back_ordered <= 0),
    "dismissed": StockAlert.dismissed_at.is_not(None),
}
"""The open alerts of a tab: all to be answered, those that keep orders waiting, the others, and those dismissed."""
_LEVEL_OF_ALERT = and_(
    StockLevel.product_id == StockAlert.product_id, StockLevel.warehouse_id == StockAlert.warehouse_id
)


class AlertCounts(NamedTuple):
    """How many open alerts there are by tab, and the warehouses they are of."""

    by_tab: dict[str, int]
    warehouses: list[str]


def count_alerts(connection: Connection) -> AlertCounts:
    """All open alerts, counted by tab. One statement."""
    counts = (func.count().filter(condition) for condition in TABS.values())
    *found, names = connection.execute(
        select(*counts, func.array_agg(func.distinct(Warehouse.name)))
        .select_from(StockAlert)
        .join(StockLevel, _LEVEL_OF_ALERT)
        .join(Warehouse, Warehouse.id == StockAlert.warehouse_id)
        .where(StockAlert.closed_at.is_(None))
    ).one()
    return AlertCounts(dict(zip(TABS, found, strict=True)), sorted(names or ()))


def open_alerts(connection: Connection, *, chinese: bool, tab: str = "", limit: int | None = None) -> list[AlertRow]:
    """The open alerts of a tab with today's stock: those that keep most waiting first."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    point = func.coalesce(ReorderPoint.quantity, StockAlert.reorder_point)
    rows: Any = connection.execute(
        select(
            StockAlert.id,
            StockLevel.id,
            StockAlert.product_id,
            Product.sku,
            Product.name,
            unit,
            StockAlert.warehouse_id,
            Warehouse.name,
            Product.supplier_id,
            Supplier.name,
            StockLevel.on_hand,
            StockLevel.available,
            StockLevel.back_ordered,
            point,
            StockAlert.opened_at,
            StockAlert.dismissed_at,
            User.name,
        )
        .join(Product, Product.id == StockAlert.product_id)
        .join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .join(Warehouse, Warehouse.id == StockAlert.warehouse_id)
        .join(StockLevel, _LEVEL_OF_ALERT)
        .outerjoin(ReorderPoint, SAME_PLACE)
        .outerjoin(Supplier, Supplier.id == Product.supplier_id)
        .outerjoin(User, User.id == StockAlert.dismissed_by_id)
        .where(StockAlert.closed_at.is_(None), TABS[tab])
        .order_by(StockLevel.back_ordered.desc(), StockLevel.available - point, Product.name, StockAlert.id)
        .limit(limit)
    )
    return [AlertRow(*row) for row in rows]


def waiting_orders(connection: Connection, alerts: Sequence[AlertRow]) -> dict[int, list[WaitingRow]]:
    """Who waits for the products of these alerts, by stock level, in the order in which they will be served. One
    statement."""
    rows: Any = connection.execute(
        select(
            Reservation.level_id,
            Reservation.origin,
            Reservation.quantity_back_ordered,
            Reservation.requested_on,
        )
        .where(
            Reservation.level_id.in_([alert.level_id for alert in alerts]),
            Reservation.quantity_back_ordered > literal_column("0"),
        )
        .order_by(Reservation.requested_on.nulls_last(), Reservation.recorded_at, Reservation.id)
    )
    found: dict[int, list[WaitingRow]] = {}
    for row in rows:
        waiting = WaitingRow(*row)
        found.setdefault(waiting.level_id, []).append(waiting)
    return found
