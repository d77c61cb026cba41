"""Stock levels, moves, alerts, and the documents behind them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from core.catalog import Product, UnitOfMeasure
from core.masks import Cost, maker
from core.organization import User
from core.parties import Supplier
from core.queries.paging import AnySelect, Page, Sorting, Window, fetch_page
from core.queries.products import Choice
from core.queries.reading import get_record
from core.queries.words import matches
from finance.models import JournalEntry
from inventory.models import (
    ProductValuation,
    ReorderPoint,
    StockDocument,
    StockDocumentLine,
    StockLevel,
    StockMove,
    Warehouse,
)
from inventory.queries.products import MOVES, MoveRow


class LevelListRow(NamedTuple):
    """Stock of one product in one warehouse."""

    id: int
    product_id: int
    sku: str
    product: str
    unit: str
    warehouse: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    back_ordered: Decimal
    reorder_point: Decimal | None
    value: Cost | None

    @property
    def is_low(self) -> bool:
        return self.reorder_point is not None and self.available <= self.reorder_point


class DocumentRow(NamedTuple):
    """One line of the list of receipts and adjustments."""

    id: int
    number: str
    kind: str
    warehouse: str
    supplier: str | None
    effective_on: date
    recorded_at: datetime
    reason: str | None
    who: str | None
    lines: int
    value: Cost


class DocumentRecord(NamedTuple):
    """A receipt or an adjustment."""

    id: int
    number: str
    kind: str
    warehouse: str
    supplier_id: int | None
    supplier: str | None
    effective_on: date
    recorded_at: datetime
    reason: str | None
    who: str | None
    entry_id: int | None
    entry: str | None


class DocumentLineRow(NamedTuple):
    """A line of a receipt or an adjustment."""

    id: int
    position: int
    product_id: int
    sku: str
    product: str
    unit: str
    quantity: Decimal
    unit_cost: Cost
    value: Cost


LEVEL_FILTERS: dict[str, ColumnElement[bool]] = {
    "low": StockLevel.available <= ReorderPoint.quantity,
    "waiting": StockLevel.back_ordered > 0,
    "reserved": StockLevel.reserved > 0,
    "empty": StockLevel.on_hand == 0,
}
SAME_PLACE = and_(
    ReorderPoint.product_id == StockLevel.product_id, ReorderPoint.warehouse_id == StockLevel.warehouse_id
)


def warehouse_choices(connection: Connection, *, only_active: bool = False) -> list[Choice]:
    """Warehouses, the default one first."""
    query: AnySelect = select(Warehouse.id, Warehouse.name).order_by(Warehouse.is_default.desc(), Warehouse.name)
    if only_active:
        query = query.where(Warehouse.is_active)
    return [Choice(*row) for row in connection.execute(query)]


def list_levels(
    connection: Connection,
    window: Window,
    *,
    chinese: bool,
    search: str = "",
    warehouse_id: int | None = None,
    only: str = "",
) -> Page[LevelListRow]:
    """Stock per product and warehouse; the value is at the product's moving average."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    value = func.round(StockLevel.on_hand * ProductValuation.value / func.nullif(ProductValuation.quantity, 0), 2)
    query: AnySelect = (
        select(
            StockLevel.id,
            StockLevel.product_id,
            Product.sku,
            Product.name.label("product"),
            unit.label("unit"),
            Warehouse.name.label("warehouse"),
            StockLevel.on_hand,
            StockLevel.reserved,
            StockLevel.available,
            StockLevel.back_ordered,
            ReorderPoint.quantity,
            value.label("value"),
        )
        .join(Product, Product.id == StockLevel.product_id)
        .join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .join(Warehouse, Warehouse.id == StockLevel.warehouse_id)
        .outerjoin(ReorderPoint, SAME_PLACE)
        .outerjoin(ProductValuation, ProductValuation.product_id == StockLevel.product_id)
        .where(matches(Product.search_text, search))
    )
    if warehouse_id:
        query = query.where(StockLevel.warehouse_id == warehouse_id)
    if only in LEVEL_FILTERS:
        query = query.where(LEVEL_FILTERS[only])
    columns: dict[str, Any] = {
        "product": Product.name,
        "sku": Product.sku,
        "on_hand": StockLevel.on_hand,
        "available": StockLevel.available,
        "reserved": StockLevel.reserved,
    }
    sorting = window.sorting(columns, StockLevel.id)
    return fetch_page(connection, query, LevelListRow, sorting, window, sums=("value",))


def list_moves(
    connection: Connection,
    window: Window,
    *,
    product_id: int | None = None,
    warehouse_id: int | None = None,
    kind: str = "",
    origin: str = "",
) -> Page[MoveRow]:
    """Moves, the latest first."""
    query: AnySelect = MOVES
    if product_id:
        query = query.where(StockMove.product_id == product_id)
    if warehouse_id:
        query = query.where(StockMove.warehouse_id == warehouse_id)
    if kind:
        query = query.where(StockMove.kind == kind)
    if origin:
        query = query.where(StockMove.origin.icontains(origin, autoescape=True))
    sorting = Sorting(StockMove.recorded_at.expression, StockMove.id.expression, True)
    return fetch_page(connection, query, MoveRow, sorting, window)


def list_documents(
    connection: Connection, window: Window, *, kind: str = "", search: str = "", supplier_id: int | None = None
) -> Page[DocumentRow]:
    """Receipts and adjustments, the latest first."""
    sums = (
        select(
            StockDocumentLine.document_id,
            func.count().label("lines"),
            func.sum(StockDocumentLine.value).label("value"),
        )
        .group_by(StockDocumentLine.document_id)
        .subquery("sums")
    )
    query: AnySelect = (
        select(
            StockDocument.id,
            StockDocument.number,
            StockDocument.kind,
            Warehouse.name.label("warehouse"),
            Supplier.name.label("supplier"),
            StockDocument.effective_on,
            StockDocument.recorded_at,
            StockDocument.reason,
            User.name.label("who"),
            sums.c.lines,
            sums.c.value,
        )
        .join(Warehouse, Warehouse.id == StockDocument.warehouse_id)
        .join(sums, sums.c.document_id == StockDocument.id)
        .outerjoin(Supplier, Supplier.id == StockDocument.supplier_id)
        .outerjoin(User, User.id == StockDocument.actor_id)
    )
    if kind:
        query = query.where(StockDocument.kind == kind)
    if supplier_id:
        query = query.where(StockDocument.supplier_id == supplier_id)
    if search:
        query = query.where(
            StockDocument.number.icontains(search, autoescape=True)
            | StockDocument.reason.icontains(search, autoescape=True)
            | Supplier.name.icontains(search, autoescape=True)
        )
    sorting = Sorting(StockDocument.recorded_at.expression, StockDocument.id.expression, True)
    return fetch_page(connection, query, DocumentRow, sorting, window)


def get_document(
    connection: Connection, document_id: int, *, chinese: bool
) -> tuple[DocumentRecord, list[DocumentLineRow]]:
    """A receipt or an adjustment with its lines. Raises NotFound."""
    query: AnySelect = (
        select(
            StockDocument.id,
            StockDocument.number,
            StockDocument.kind,
            Warehouse.name,
            StockDocument.supplier_id,
            Supplier.name,
            StockDocument.effective_on,
            StockDocument.recorded_at,
            StockDocument.reason,
            User.name,
            StockDocument.entry_id,
            JournalEntry.number,
        )
        .join(Warehouse, Warehouse.id == StockDocument.warehouse_id)
        .outerjoin(Supplier, Supplier.id == StockDocument.supplier_id)
        .outerjoin(User, User.id == StockDocument.actor_id)
        .outerjoin(JournalEntry, JournalEntry.id == StockDocument.entry_id)
        .where(StockDocument.id == document_id)
    )
    record = get_record(connection, query, DocumentRecord, "stock_document", document_id)
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    lines: Any = connection.execute(
        select(
            StockDocumentLine.id,
            StockDocumentLine.position,
            Product.id,
            Product.sku,
            Product.name,
            unit,
            StockDocumentLine.quantity,
            StockDocumentLine.unit_cost,
            StockDocumentLine.value,
        )
        .join(Product, Product.id == StockDocumentLine.product_id)
        .join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .where(StockDocumentLine.document_id == document_id)
        .order_by(StockDocumentLine.position)
    )
    make = maker(DocumentLineRow)
    return record, [make(*line) for line in lines]
