"""Stock levels, reorder points and alerts as data."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from core.queries.paging import Listing


class LevelRecord(NamedTuple):
    """Stock of a product in a warehouse: available = on_hand − reserved; `projected` also takes off what waits."""

    id: int
    product_id: int
    sku: str
    name: str
    warehouse_id: int
    warehouse: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    back_ordered: Decimal
    projected: Decimal


class ReorderPointRecord(NamedTuple):
    id: int
    product_id: int
    sku: str
    warehouse_id: int
    quantity: Decimal
    available: Decimal


class AlertRecord(NamedTuple):
    """A low-stock alert; `available` and `reorder_point` as they were when it was opened."""

    id: int
    product_id: int
    sku: str
    name: str
    warehouse_id: int
    available: Decimal
    reorder_point: Decimal
    opened_at: datetime
    closed_at: datetime | None
    dismissed_at: datetime | None


class DocumentRecord(NamedTuple):
    """A receipt, an adjustment or opening stock."""

    id: int
    number: str
    kind: str
    warehouse_id: int
    effective_on: date
    reason: str | None


LEVELS = Listing(
    "stock_levels.list",
    """
    SELECT row.id, row.product_id, product.sku, product.name, row.warehouse_id, warehouse.code, row.on_hand,
           row.reserved, row.available, row.back_ordered, row.available - row.back_ordered
      FROM stock_level AS row JOIN product ON product.id = row.product_id
      JOIN warehouse ON warehouse.id = row.warehouse_id
    """,
    "stock_level product warehouse",
    LevelRecord,
    filters={
        "product_id": "row.product_id = %(product_id)s::bigint",
        "warehouse_id": "row.warehouse_id = %(warehouse_id)s::bigint",
        "sku": "product.sku = %(sku)s",
    },
)
REORDER_POINTS = Listing(
    "reorder_points.list",
    """
    SELECT row.id, row.product_id, product.sku, row.warehouse_id, row.quantity, level.available
      FROM reorder_point AS row JOIN product ON product.id = row.product_id
      JOIN stock_level AS level ON level.product_id = row.product_id AND level.warehouse_id = row.warehouse_id
    """,
    "reorder_point product stock_level",
    ReorderPointRecord,
    filters={
        "product_id": "row.product_id = %(product_id)s::bigint",
        "warehouse_id": "row.warehouse_id = %(warehouse_id)s::bigint",
    },
)
ALERTS = Listing(
    "stock_alerts.list",
    """
    SELECT row.id, row.product_id, product.sku, product.name, row.warehouse_id, row.available, row.reorder_point,
           row.opened_at, row.closed_at, row.dismissed_at
      FROM stock_alert AS row JOIN product ON product.id = row.product_id
    """,
    "stock_alert product",
    AlertRecord,
    filters={
        "open": "(row.closed_at IS NULL) = %(open)s::boolean",
        "product_id": "row.product_id = %(product_id)s::bigint",
        "warehouse_id": "row.warehouse_id = %(warehouse_id)s::bigint",
    },
)
DOCUMENTS = Listing(
    "stock_documents.list",
    "SELECT row.id, row.number, row.kind, row.warehouse_id, row.effective_on, row.reason FROM stock_document AS row",
    "stock_document",
    DocumentRecord,
    filters={"kind": "row.kind = %(kind)s", "number": "row.number = %(number)s"},
)
