"""Low-stock alerts with the stock of now, and the orders that wait."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

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
    """An order that waits for a product."""

    product_id: int
    warehouse_id: int
    origin: str
    quantity: Decimal
    requested_on: date | None


def open_alerts(connection: Connection, *, chinese: bool, limit: int = 200) -> list[AlertRow]:
    """Open alerts with today's stock: those that keep orders waiting first, dismissed ones last."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    point = func.coalesce(ReorderPoint.quantity, StockAlert.reorder_point)
    rows: Any = connection.execute(
        select(
            StockAlert.id,
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
        .join(
            StockLevel,
            and_(StockLevel.product_id == StockAlert.product_id, StockLevel.warehouse_id == StockAlert.warehouse_id),
        )
        .outerjoin(ReorderPoint, SAME_PLACE)
        .outerjoin(Supplier, Supplier.id == Product.supplier_id)
        .outerjoin(User, User.id == StockAlert.dismissed_by_id)
        .where(StockAlert.closed_at.is_(None))
        .order_by(
            StockAlert.dismissed_at.is_not(None),
            StockLevel.back_ordered.desc(),
            StockLevel.available - point,
            Product.name,
        )
        .limit(limit)
    )
    return [AlertRow(*row) for row in rows]


def waiting_orders(connection: Connection, alerts: list[AlertRow]) -> dict[tuple[int, int], list[WaitingRow]]:
    """Who waits for the products of these alerts, in the order in which they will be served. One statement."""
    rows: Any = connection.execute(
        select(
            Reservation.product_id,
            Reservation.warehouse_id,
            Reservation.origin,
            Reservation.quantity_back_ordered,
            Reservation.requested_on,
        )
        .where(
            Reservation.product_id.in_({alert.product_id for alert in alerts}), Reservation.quantity_back_ordered > 0
        )
        .order_by(Reservation.requested_on.nulls_last(), Reservation.recorded_at, Reservation.id)
    )
    found: dict[tuple[int, int], list[WaitingRow]] = {}
    for row in rows:
        waiting = WaitingRow(*row)
        found.setdefault((waiting.product_id, waiting.warehouse_id), []).append(waiting)
    return found
