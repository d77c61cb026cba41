"""Warehouses, levels, valuation, moves, reservations, shipments, receipts, reorder points and alerts.

available = on_hand − reserved, never negative, one meaning everywhere. Moves are immutable and numbered per level
without a gap (`ordinal`), each with the quantity on hand after it, so that "never negative on the way" can be proved.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Day, Id, Moment, Money, Price, Quantity, enum_type
from core.scope import Owned

NONE = Decimal(0)


class Warehouse(Base):
    __tablename__ = "warehouse"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str | None] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("uq_warehouse_default", "is_default", unique=True, postgresql_where="is_default"),)
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.code


class StockLevel(Base):
    """Stock of one product in one warehouse. Written by plans only, by SQL expressions under the row's lock."""

    __tablename__ = "stock_level"

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    on_hand: Mapped[Quantity] = mapped_column(default=NONE)
    reserved: Mapped[Quantity] = mapped_column(default=NONE)
    back_ordered: Mapped[Quantity] = mapped_column(default=NONE)
    available: Mapped[Quantity] = mapped_column(Numeric(18, 3), Computed("on_hand - reserved", persisted=True))
    move_count: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (
        UniqueConstraint("product_id", "warehouse_id"),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
        CheckConstraint("back_ordered >= 0", name="back_ordered"),
        {"postgresql_with": {"fillfactor": 70}},
    )


class ProductValuation(Base):
    """Quantity and value of a product over the whole company: moving average. The last unit takes the whole value."""

    __tablename__ = "product_valuation"

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    quantity: Mapped[Quantity] = mapped_column(default=NONE)
    value: Mapped[Money] = mapped_column(default=Decimal("0.00"))

    __table_args__ = (
        CheckConstraint("quantity >= 0 AND value >= 0", name="not_negative"),
        CheckConstraint("quantity > 0 OR value = 0", name="empty_is_worthless"),
        {"postgresql_with": {"fillfactor": 70}},
    )


class MoveKind(StrEnum):
    OPENING = "opening"
    RECEIPT = "receipt"
    SHIPMENT = "shipment"
    RETURN = "return"
    ADJUSTMENT = "adjustment"


class StockMove(Base):
    """One change of a level: signed quantity and value, why, and which document. Immutable."""

    __tablename__ = "stock_move"

    id: Mapped[Id]
    level_id: Mapped[int] = mapped_column(ForeignKey("stock_level.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    ordinal: Mapped[int] = mapped_column(Integer)
    kind: Mapped[MoveKind] = mapped_column(enum_type(MoveKind, "move_kind"))
    quantity: Mapped[Quantity]
    value: Mapped[Money]
    on_hand_after: Mapped[Quantity]
    effective_on: Mapped[Day]
    recorded_at: Mapped[Moment]
    origin: Mapped[str] = mapped_column(String(40), index=True)
    reason: Mapped[str | None] = mapped_column(String(300))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("journal_entry.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        UniqueConstraint("level_id", "ordinal"),
        CheckConstraint("quantity <> 0 AND (quantity > 0) = (value >= 0 AND quantity > 0)", name="quantity"),
        CheckConstraint("value = 0 OR sign(value) = sign(quantity)", name="value"),
        CheckConstraint("on_hand_after >= 0", name="on_hand_after"),
        Index("ix_stock_move_product", "product_id", "recorded_at"),
        Index("ix_stock_move_by_time", "recorded_at", "id"),
        Index(
            "ix_stock_move_rare",
            "kind",
            "recorded_at",
            "id",
            postgresql_where="kind = 'return' OR kind = 'adjustment' OR kind = 'opening'",
        ),
    )


class Reservation(Base):
    """What one order line demands of one level: held now (`quantity_reserved`) and waiting for stock
    (`quantity_back_ordered`).

    Receipts fill waiting ones by requested date, then in order of confirmation.
    """

    __tablename__ = "reservation"

    id: Mapped[Id]
    level_id: Mapped[int] = mapped_column(ForeignKey("stock_level.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    quantity_reserved: Mapped[Quantity] = mapped_column(default=NONE)
    quantity_back_ordered: Mapped[Quantity] = mapped_column(default=NONE)
    requested_on: Mapped[date | None]
    recorded_at: Mapped[Moment]
    origin: Mapped[str] = mapped_column(String(40), index=True)

    __table_args__ = (
        CheckConstraint("quantity_reserved >= 0 AND quantity_back_ordered >= 0", name="not_negative"),
        Index("ix_reservation_open", "level_id", postgresql_where="quantity_reserved > 0 OR quantity_back_ordered > 0"),
        Index("ix_reservation_reserved", "origin", postgresql_where="quantity_reserved > 0"),
        Index("ix_reservation_back_ordered", "origin", postgresql_where="quantity_back_ordered > 0"),
        Index("ix_reservation_waiting", "level_id", "requested_on", postgresql_where="quantity_back_ordered > 0"),
        {"postgresql_with": {"fillfactor": 80}},
    )


class Shipment(Owned, Base):
    """Goods that left for a customer (or, negative lines, came back: see StockReturn)."""

    __tablename__ = "shipment"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[str] = mapped_column(String(8), default="out")
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    shipped_on: Mapped[Day]
    ship_to: Mapped[str | None] = mapped_column(Text)
    carrier: Mapped[str | None] = mapped_column(String(80))
    tracking_number: Mapped[str | None] = mapped_column(String(80))
    origin: Mapped[str] = mapped_column(String(40), index=True)
    recorded_at: Mapped[Moment]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        CheckConstraint("kind IN ('out', 'return')", name="kind"),
        Index("ix_shipment_shipped_on", "shipped_on", "id"),
        Index("ix_shipment_by_time", "recorded_at", "id"),
        Index("ix_shipment_returns", "recorded_at", "id", postgresql_where="kind = 'return'"),
    )


class ShipmentLine(Base):
    """Quantity shipped (or taken back) of an order's line; `position` is that of the order's line, `cost` what it cost
    us."""

    __tablename__ = "shipment_line"

    id: Mapped[Id]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[Quantity]
    cost: Mapped[Money]

    __table_args__ = (
        CheckConstraint("quantity > 0 AND cost >= 0", name="quantity"),
        UniqueConstraint("shipment_id", "position"),
    )


class StockDocument(Base):
    """A receipt or an adjustment: the paper behind its moves."""

    __tablename__ = "stock_document"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[MoveKind] = mapped_column(enum_type(MoveKind, "stock_document_kind"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    effective_on: Mapped[Day]
    reason: Mapped[str | None] = mapped_column(String(300))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("journal_entry.id"))
    recorded_at: Mapped[Moment]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        Index("ix_stock_document_by_time", "recorded_at", "id"),
        Index("ix_stock_document_by_kind", "kind", "recorded_at", "id"),
        Index("ix_stock_document_by_day", "effective_on", "id"),
    )


class StockDocumentLine(Base):
    __tablename__ = "stock_document_line"

    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("stock_document.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[Quantity]
    unit_cost: Mapped[Price]
    value: Mapped[Money]


class ReorderPoint(Base):
    """When available stock of a product in a warehouse is at or under `quantity`, an alert is due."""

    __tablename__ = "reorder_point"

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    quantity: Mapped[Quantity]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("product_id", "warehouse_id"), CheckConstraint("quantity >= 0", name="quantity"))
    __mapper_args__ = {"version_id_col": version}


class StockAlert(Base):
    """A low-stock alert: opened once when available falls to the reorder point, closed on recovery, then armed
    again."""

    __tablename__ = "stock_alert"

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    available: Mapped[Quantity]
    reorder_point: Mapped[Quantity]
    opened_at: Mapped[Moment]
    closed_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        Index("uq_stock_alert_open", "product_id", "warehouse_id", unique=True, postgresql_where="closed_at IS NULL"),
    )
