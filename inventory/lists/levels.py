"""The list of stock levels: what stands where, for whom, and what it is worth."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import and_, func

from core.catalog import Product, ProductCategory, UnitOfMeasure
from core.lists.kinds import Kind
from core.lists.shared import UNIT_LABEL
from core.lists.source import Column, Join, Source, columns_of
from core.masks import COSTS
from core.parties import Supplier
from core.queries.words import matches
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import ProductValuation, ReorderPoint, StockAlert, StockLevel, Warehouse
from inventory.queries.alerts import SAME_PLACE

_open_alert = and_(
    StockAlert.product_id == StockLevel.product_id,
    StockAlert.warehouse_id == StockLevel.warehouse_id,
    StockAlert.closed_at.is_(None),
    StockAlert.dismissed_at.is_(None),
)
_per_unit = ProductValuation.value / func.nullif(ProductValuation.quantity, 0)


def _of_product(name: str, kind: Kind, value: Any, *more: str, **rest: Any) -> Column:
    return Column(name=name, kind=kind, value=value, needs=("product", *more), **rest)


def _quantity(name: str, value: Any, **more: Any) -> Column:
    return Column(name=name, kind=Kind.QUANTITY, value=value, order=value, **more)


LEVELS: Final = Source(
    name="stock-levels",
    root=StockLevel,
    identity=StockLevel.id,
    where=lambda: (),
    joins={
        "product": Join(Product, Product.id == StockLevel.product_id),
        "category": Join(ProductCategory, ProductCategory.id == Product.category_id, is_outer=True),
        "supplier": Join(Supplier, Supplier.id == Product.supplier_id, is_outer=True),
        "unit": Join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id),
        "warehouse": Join(Warehouse, Warehouse.id == StockLevel.warehouse_id),
        "point": Join(ReorderPoint, SAME_PLACE, is_outer=True),
        "alert": Join(StockAlert, _open_alert, is_outer=True),
        "valuation": Join(ProductValuation, ProductValuation.product_id == StockLevel.product_id, is_outer=True),
    },
    columns=columns_of(
        Column(
            name="product", kind=Kind.REFERENCE, value=StockLevel.product_id, label=Product.name, refers="product",
            needs=("product",), order=Product.name, groups=True,
        ),
        _of_product("sku", Kind.TEXT, Product.sku, order=Product.sku),
        _of_product("barcode", Kind.TEXT, Product.barcode),
        _of_product(
            "category", Kind.REFERENCE, Product.category_id, "category", label=ProductCategory.name, refers="category",
            groups=True,
        ),
        _of_product(
            "supplier", Kind.REFERENCE, Product.supplier_id, "supplier", label=Supplier.name, refers="supplier",
            groups=True,
        ),
        Column(
            name="warehouse", kind=Kind.REFERENCE, value=StockLevel.warehouse_id, label=Warehouse.name,
            refers="warehouse", needs=("warehouse",), groups=True,
        ),
        _quantity("on_hand", StockLevel.on_hand),
        _quantity("reserved", StockLevel.reserved),
        _quantity("available", StockLevel.available, also=("is_low",)),
        _quantity("back_ordered", StockLevel.back_ordered),
        Column(name="reorder_point", kind=Kind.QUANTITY, value=ReorderPoint.quantity, needs=("point",)),
        _of_product(
            "unit", Kind.REFERENCE, Product.unit_id, "unit", label=UNIT_LABEL, refers="unit", groups=True,
        ),
        Column(
            name="value", kind=Kind.MONEY, value=func.round(StockLevel.on_hand * _per_unit, 2), needs=("valuation",),
            mask=COSTS, sums=True,
        ),
        Column(
            name="is_low", kind=Kind.FLAG, needs=("point",), groups=True,
            value=func.coalesce(StockLevel.available <= ReorderPoint.quantity, False),
        ),
        Column(
            name="has_alert", kind=Kind.FLAG, needs=("alert",), groups=True, value=StockAlert.id.is_not(None),
        ),
        Column(name="alert_since", kind=Kind.MOMENT, needs=("alert",), value=StockAlert.opened_at),
        _of_product("is_discontinued", Kind.FLAG, Product.is_discontinued, groups=True),
        _of_product("is_active", Kind.FLAG, Product.is_active, groups=True),
    ),
    matches=lambda words: matches(Product.search_text, words),
    words_need=("product",),
)  # fmt: skip
