"""Warehouses: the list and one record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from core.queries.reading import get_record
from inventory.models import StockLevel, Warehouse


class WarehouseRow(NamedTuple):
    """A warehouse with how much of what is in it."""

    id: int
    code: str
    name: str
    address: str | None
    is_default: bool
    is_active: bool
    version: int
    products: int
    waiting: Decimal


_STOCK = (
    select(
        StockLevel.warehouse_id,
        func.count().filter(StockLevel.on_hand > 0).label("products"),
        func.coalesce(func.sum(StockLevel.back_ordered), 0).label("waiting"),
    )
    .group_by(StockLevel.warehouse_id)
    .subquery("stock")
)
_ROWS = select(
    Warehouse.id,
    Warehouse.code,
    Warehouse.name,
    Warehouse.address,
    Warehouse.is_default,
    Warehouse.is_active,
    Warehouse.version,
    func.coalesce(_STOCK.c.products, 0),
    func.coalesce(_STOCK.c.waiting, 0),
).outerjoin(_STOCK, _STOCK.c.warehouse_id == Warehouse.id)


def list_warehouses(connection: Connection) -> list[WarehouseRow]:
    """All warehouses, the default one first."""
    rows: Any = connection.execute(_ROWS.order_by(Warehouse.is_default.desc(), Warehouse.name))
    return [WarehouseRow(*row) for row in rows]


def get_warehouse(connection: Connection, warehouse_id: int) -> WarehouseRow:
    """One warehouse. Raises NotFound."""
    return get_record(connection, _ROWS.where(Warehouse.id == warehouse_id), WarehouseRow, "warehouse", warehouse_id)
