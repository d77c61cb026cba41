"""The list of products: the catalog with its stock over all warehouses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, literal_column, not_, select

from core.catalog import Product, ProductCategory, ProductKind, UnitOfMeasure
from core.lists.custom import added
from core.lists.edits import Editing, edit_fields
from core.lists.kinds import Kind
from core.lists.shared import UNIT_LABEL
from core.lists.source import Column, Join, Source, columns_of
from core.masks import COSTS
from core.parties import Supplier
from core.queries.words import matches
from inventory.catalog import change_product
from inventory.models import ProductValuation, ReorderPoint, StockLevel
from inventory.queries.products import IS_LOW

_NOTHING: ColumnElement[Decimal] = literal_column("0")


def _stock(figure: Any) -> ColumnElement[Any]:
    """A figure added up over all warehouses; NULL for a service, which has no stock."""
    levels = select(func.sum(figure)).where(StockLevel.product_id == Product.id)
    return levels.correlate(Product).scalar_subquery()


def _figure(name: str, value: ColumnElement[Any], **more: Any) -> Column:
    return Column(name=name, kind=Kind.QUANTITY, value=value, order=func.coalesce(value, _NOTHING), **more)


_back_ordered = _stock(StockLevel.back_ordered)
_reorder_point = (
    select(func.sum(ReorderPoint.quantity))
    .where(ReorderPoint.product_id == Product.id)
    .correlate(Product)
    .scalar_subquery()
)
_state = case(
    (not_(Product.is_active), "inactive"),
    (_back_ordered > 0, "waiting"),
    (IS_LOW, "low"),
    (Product.is_discontinued, "discontinued"),
    (Product.kind == ProductKind.SERVICE, "service"),
    else_="enough",
)
_average_cost = ProductValuation.value / func.nullif(ProductValuation.quantity, 0)


PRODUCTS: Final = Source(
    name="products",
    root=Product,
    identity=Product.id,
    where=lambda: (),
    joins={
        "category": Join(ProductCategory, ProductCategory.id == Product.category_id, is_outer=True),
        "supplier": Join(Supplier, Supplier.id == Product.supplier_id, is_outer=True),
        "unit": Join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id),
        "valuation": Join(ProductValuation, ProductValuation.product_id == Product.id, is_outer=True),
    },
    columns=columns_of(
        Column(name="name", kind=Kind.TEXT, value=Product.name, order=Product.name),
        Column(name="sku", kind=Kind.TEXT, value=Product.sku, order=Product.sku),
        Column(
            name="category", kind=Kind.REFERENCE, value=Product.category_id, label=ProductCategory.name,
            refers="category", needs=("category",), groups=True,
        ),
        Column(
            name="supplier", kind=Kind.REFERENCE, value=Product.supplier_id, label=Supplier.name, refers="supplier",
            needs=("supplier",), groups=True,
        ),
        Column(name="kind", kind=Kind.CHOICE, value=Product.kind, groups=True),
        Column(name="barcode", kind=Kind.TEXT, value=Product.barcode),
        Column(name="description", kind=Kind.TEXT, value=Product.description),
        Column(name="price", kind=Kind.PRICE, value=Product.price, order=Product.price),
        Column(name="cost", kind=Kind.PRICE, value=Product.cost, mask=COSTS),
        Column(name="average_cost", kind=Kind.PRICE, value=_average_cost, needs=("valuation",), mask=COSTS),
        Column(
            name="value", kind=Kind.MONEY, value=ProductValuation.value, needs=("valuation",), mask=COSTS, sums=True
        ),
        Column(name="tax_rate", kind=Kind.PERCENT, value=Product.tax_rate * 100, groups=True),
        _figure("on_hand", _stock(StockLevel.on_hand)),
        _figure("reserved", _stock(StockLevel.reserved)),
        _figure("available", _stock(StockLevel.available), also=("unit", "is_low")),
        _figure("back_ordered", _back_ordered),
        Column(name="reorder_point", kind=Kind.QUANTITY, value=_reorder_point),
        Column(
            name="unit", kind=Kind.REFERENCE, value=Product.unit_id, label=UNIT_LABEL, refers="unit", needs=("unit",),
            groups=True,
        ),
        Column(name="state", kind=Kind.CHOICE, value=_state, groups=True, also=("back_ordered",)),
        Column(name="is_low", kind=Kind.FLAG, value=IS_LOW, groups=True),
        Column(name="is_discontinued", kind=Kind.FLAG, value=Product.is_discontinued, groups=True),
        Column(name="is_active", kind=Kind.FLAG, value=Product.is_active, groups=True),
        Column(name="created_at", kind=Kind.MOMENT, value=Product.created_at, order=Product.created_at, groups=True),
    ),
    added=added("product", Product.id),
    matches=lambda words: matches(Product.search_text, words),
)  # fmt: skip

edit_fields(
    "products",
    Editing(
        Product,
        "products.write",
        change_product,
        {
            "category": "category_id",
            "supplier": "supplier_id",
            "barcode": "barcode",
            "description": "description",
            "price": "price",
            "cost": "cost",
            "unit": "unit_id",
            "is_discontinued": "is_discontinued",
            "is_active": "is_active",
        },
        {"supplier": "suppliers.read"},
    ),
)
