"""Receipts and adjustments as records, and which warehouses there are."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from core.catalog import Product, UnitOfMeasure
from core.masks import Cost, maker
from core.organization import User
from core.parties import Supplier
from core.queries.paging import AnySelect
from core.queries.products import Choice
from core.queries.reading import get_record
from finance.models import JournalEntry
from inventory.models import (
    StockDocument,
    StockDocumentLine,
    Warehouse,
)


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


def warehouse_choices(connection: Connection, *, only_active: bool = False) -> list[Choice]:
    """Warehouses, the default one first."""
    query: AnySelect = select(Warehouse.id, Warehouse.name).order_by(Warehouse.is_default.desc(), Warehouse.name)
    if only_active:
        query = query.where(Warehouse.is_active)
    return [Choice(*row) for row in connection.execute(query)]


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
