"""One product with its stock: levels, moves and reservations; and what is to be reordered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, exists, func, not_, select

from core.catalog import Product, ProductCategory, UnitOfMeasure
from core.masks import Cost, maker
from core.organization import User
from core.parties import Supplier
from core.queries.paging import AnySelect
from core.queries.reading import get_record, select_record
from inventory.models import ProductValuation, ReorderPoint, Reservation, StockLevel, StockMove, Warehouse

RECENT_MOVES = 12


_STOCK = (
    select(
        StockLevel.product_id,
        func.sum(StockLevel.on_hand).label("on_hand"),
        func.sum(StockLevel.available).label("available"),
        func.sum(StockLevel.back_ordered).label("back_ordered"),
    )
    .group_by(StockLevel.product_id)
    .subquery("stock")
)
IS_LOW = and_(
    not_(Product.is_discontinued),
    exists(
        select(ReorderPoint.id)
        .join(
            StockLevel,
            and_(
                StockLevel.product_id == ReorderPoint.product_id, StockLevel.warehouse_id == ReorderPoint.warehouse_id
            ),
        )
        .where(ReorderPoint.product_id == Product.id, StockLevel.available <= ReorderPoint.quantity)
    ).correlate(Product),
)


class ProductRecord(NamedTuple):
    """A product with the names of what it refers to, and its value over the company."""

    id: int
    sku: str
    name: str
    description: str | None
    kind: str
    barcode: str | None
    category_id: int | None
    category: str | None
    unit_id: int
    unit: str
    supplier_id: int | None
    supplier: str | None
    price: Decimal
    cost: Cost | None
    tax_rate: Decimal
    is_discontinued: bool
    is_active: bool
    created_at: datetime
    version: int
    quantity: Decimal | None
    value: Cost | None

    @property
    def average_cost(self) -> Decimal | None:
        """Moving average per unit; None without stock."""
        return self.value / self.quantity if self.quantity and self.value is not None else None


class LevelRow(NamedTuple):
    """Stock of a product in one warehouse, with its reorder point."""

    warehouse_id: int
    warehouse: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    back_ordered: Decimal
    reorder_point: Decimal | None


class ReservationRow(NamedTuple):
    """What an order holds or waits for."""

    id: int
    origin: str
    warehouse: str
    reserved: Decimal
    back_ordered: Decimal
    requested_on: date | None
    recorded_at: datetime


class MoveRow(NamedTuple):
    """One move of stock: what, how much, how much stood there after it, by which document, by whom."""

    id: int
    recorded_at: datetime
    kind: str
    product_id: int
    sku: str
    product: str
    warehouse: str
    quantity: Decimal
    on_hand_after: Decimal
    value: Cost
    origin: str
    reason: str | None
    who: str | None


def get_product(connection: Connection, product_id: int, *, chinese: bool) -> ProductRecord:
    """One product. Raises NotFound."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    query = (
        select_record(
            ProductRecord,
            Product,
            category=ProductCategory.name,
            unit=unit,
            supplier=Supplier.name,
            quantity=ProductValuation.quantity,
            value=ProductValuation.value,
        )
        .join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .outerjoin(ProductCategory, ProductCategory.id == Product.category_id)
        .outerjoin(Supplier, Supplier.id == Product.supplier_id)
        .outerjoin(ProductValuation, ProductValuation.product_id == Product.id)
        .where(Product.id == product_id)
    )
    return get_record(connection, query, ProductRecord, "product", product_id)


def levels_of(connection: Connection, product_id: int) -> list[LevelRow]:
    """The product's stock in every warehouse, the default one first."""
    rows: Any = connection.execute(
        select(
            Warehouse.id,
            Warehouse.name,
            StockLevel.on_hand,
            StockLevel.reserved,
            StockLevel.available,
            StockLevel.back_ordered,
            ReorderPoint.quantity,
        )
        .join(StockLevel, StockLevel.warehouse_id == Warehouse.id)
        .outerjoin(ReorderPoint, and_(ReorderPoint.product_id == product_id, ReorderPoint.warehouse_id == Warehouse.id))
        .where(StockLevel.product_id == product_id)
        .order_by(Warehouse.is_default.desc(), Warehouse.name)
    )
    return [LevelRow(*row) for row in rows]


def reservations_of(connection: Connection, product_id: int) -> list[ReservationRow]:
    """Open reservations in the order in which they will be served."""
    rows: Any = connection.execute(
        select(
            Reservation.id,
            Reservation.origin,
            Warehouse.name,
            Reservation.quantity_reserved,
            Reservation.quantity_back_ordered,
            Reservation.requested_on,
            Reservation.recorded_at,
        )
        .join(Warehouse, Warehouse.id == Reservation.warehouse_id)
        .where(
            Reservation.product_id == product_id,
            (Reservation.quantity_reserved > 0) | (Reservation.quantity_back_ordered > 0),
        )
        .order_by(Reservation.requested_on.nulls_last(), Reservation.recorded_at, Reservation.id)
        .limit(50)
    )
    return [ReservationRow(*row) for row in rows]


MOVES = (
    select(
        StockMove.id,
        StockMove.recorded_at,
        StockMove.kind,
        Product.id.label("product_id"),
        Product.sku,
        Product.name.label("product"),
        Warehouse.name.label("warehouse"),
        StockMove.quantity,
        StockMove.on_hand_after,
        StockMove.value,
        StockMove.origin,
        StockMove.reason,
        User.name.label("who"),
    )
    .join(Product, Product.id == StockMove.product_id)
    .join(Warehouse, Warehouse.id == StockMove.warehouse_id)
    .outerjoin(User, User.id == StockMove.actor_id)
)


def recent_moves(connection: Connection, product_id: int) -> list[MoveRow]:
    """The product's latest moves."""
    query: AnySelect = MOVES.where(StockMove.product_id == product_id)
    rows: Any = connection.execute(
        query.order_by(StockMove.recorded_at.desc(), StockMove.id.desc()).limit(RECENT_MOVES)
    )
    make = maker(MoveRow)
    return [make(*row) for row in rows]


class SuppliedRow(NamedTuple):
    """A product of a supplier with its stock."""

    id: int
    sku: str
    name: str
    unit: str
    cost: Cost | None
    available: Decimal | None
    is_low: bool


def supplied_products(
    connection: Connection, supplier_id: int, *, chinese: bool, limit: int = 100
) -> list[SuppliedRow]:
    """Active products that come from a supplier, those to reorder first."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    rows: Any = connection.execute(
        select(Product.id, Product.sku, Product.name, unit, Product.cost, _STOCK.c.available, IS_LOW.label("is_low"))
        .join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .outerjoin(_STOCK, _STOCK.c.product_id == Product.id)
        .where(Product.supplier_id == supplier_id, Product.is_active)
        .order_by(IS_LOW.desc(), Product.name)
        .limit(limit)
    )
    make = maker(SuppliedRow)
    return [make(*row) for row in rows]
