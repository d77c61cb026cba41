"""One shipment, or goods taken back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from core.catalog import Product, UnitOfMeasure
from core.masks import Cost, maker
from core.organization import User
from core.parties import Customer
from core.queries.reading import get_record, select_record
from core.scope import visible_rows
from inventory.models import Shipment, ShipmentLine, Warehouse


class ShipmentRecord(NamedTuple):
    """A shipment or goods taken back."""

    id: int
    number: str
    kind: str
    customer_id: int
    customer: str
    warehouse: str
    shipped_on: date
    ship_to: str | None
    carrier: str | None
    tracking_number: str | None
    origin: str
    recorded_at: datetime
    who: str | None


class ShipmentLineRow(NamedTuple):
    """A line of a shipment."""

    id: int
    position: int
    product_id: int
    sku: str
    product: str
    description: str | None
    unit: str
    quantity: Decimal
    cost: Cost


def get_shipment(connection: Connection, shipment_id: int) -> ShipmentRecord:
    """One shipment. Raises NotFound."""
    query = (
        select_record(ShipmentRecord, Shipment, customer=Customer.name, warehouse=Warehouse.name, who=User.name)
        .join(Customer, Customer.id == Shipment.customer_id)
        .join(Warehouse, Warehouse.id == Shipment.warehouse_id)
        .outerjoin(User, User.id == Shipment.actor_id)
        .where(Shipment.id == shipment_id, visible_rows(Shipment))
    )
    return get_record(connection, query, ShipmentRecord, "shipment", shipment_id)


def shipment_lines(connection: Connection, shipment_id: int, *, chinese: bool) -> list[ShipmentLineRow]:
    """The lines in the order of the order's lines."""
    unit = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    rows: Any = connection.execute(
        select(
            ShipmentLine.id,
            ShipmentLine.position,
            Product.id,
            Product.sku,
            Product.name,
            Product.description,
            unit,
            ShipmentLine.quantity,
            ShipmentLine.cost,
        )
        .join(Product, Product.id == ShipmentLine.product_id)
        .join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)
        .where(ShipmentLine.shipment_id == shipment_id)
        .order_by(ShipmentLine.position)
    )
    make = maker(ShipmentLineRow)
    return [make(*row) for row in rows]
