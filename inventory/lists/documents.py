"""The list of receipts, adjustments and opening stock: the papers behind moves."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select

from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.masks import COSTS
from core.organization import User
from core.parties import Supplier
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import StockDocument, StockDocumentLine, Warehouse


def _of_lines(value: Any) -> ColumnElement[Any]:
    lines = select(value).where(StockDocumentLine.document_id == StockDocument.id)
    return lines.correlate(StockDocument).scalar_subquery()


def _words(words: str) -> ColumnElement[bool]:
    columns = (StockDocument.number, StockDocument.reason, Supplier.name)
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


DOCUMENTS: Final = Source(
    name="stock-documents",
    root=StockDocument,
    identity=StockDocument.id,
    where=lambda: (),
    joins={
        "warehouse": Join(Warehouse, Warehouse.id == StockDocument.warehouse_id),
        "supplier": Join(Supplier, Supplier.id == StockDocument.supplier_id, is_outer=True),
        "who": Join(User, User.id == StockDocument.actor_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=StockDocument.number, order=StockDocument.number),
        Column(name="kind", kind=Kind.CHOICE, value=StockDocument.kind, groups=True),
        Column(
            name="effective_on", kind=Kind.DAY, value=StockDocument.effective_on, order=StockDocument.effective_on,
            groups=True,
        ),
        Column(
            name="warehouse", kind=Kind.REFERENCE, value=StockDocument.warehouse_id, label=Warehouse.name,
            refers="warehouse", needs=("warehouse",), groups=True,
        ),
        Column(
            name="supplier", kind=Kind.REFERENCE, value=StockDocument.supplier_id, label=Supplier.name,
            refers="supplier", needs=("supplier",), groups=True,
        ),
        Column(name="reason", kind=Kind.TEXT, value=StockDocument.reason),
        Column(name="lines", kind=Kind.NUMBER, value=_of_lines(func.count())),
        Column(
            name="value", kind=Kind.MONEY, value=_of_lines(func.sum(StockDocumentLine.value)), mask=COSTS, sums=True
        ),
        Column(
            name="who", kind=Kind.REFERENCE, value=StockDocument.actor_id, label=User.name, refers="user",
            needs=("who",), groups=True,
        ),
        Column(
            name="recorded_at", kind=Kind.MOMENT, value=StockDocument.recorded_at, order=StockDocument.recorded_at,
            groups=True,
        ),
    ),
    matches=_words,
    words_need=("supplier",),
)  # fmt: skip
