"""The list of stock moves: every change of a level, with the paper it came from."""

from __future__ import annotations

from typing import Final

from core.catalog import Product, ProductCategory
from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.masks import COSTS
from core.organization import User
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import StockMove, Warehouse

MOVES: Final = Source(
    name="stock-moves",
    root=StockMove,
    identity=StockMove.id,
    where=lambda: (),
    joins={
        "product": Join(Product, Product.id == StockMove.product_id),
        "category": Join(ProductCategory, ProductCategory.id == Product.category_id, is_outer=True),
        "warehouse": Join(Warehouse, Warehouse.id == StockMove.warehouse_id),
        "who": Join(User, User.id == StockMove.actor_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="origin", kind=Kind.TEXT, value=StockMove.origin),
        Column(
            name="recorded_at", kind=Kind.MOMENT, value=StockMove.recorded_at, order=StockMove.recorded_at, groups=True
        ),
        Column(name="effective_on", kind=Kind.DAY, value=StockMove.effective_on, groups=True),
        Column(
            name="product", kind=Kind.REFERENCE, value=StockMove.product_id, label=Product.name, refers="product",
            needs=("product",), groups=True,
        ),
        Column(name="sku", kind=Kind.TEXT, value=Product.sku, needs=("product",)),
        Column(
            name="category", kind=Kind.REFERENCE, value=Product.category_id, label=ProductCategory.name,
            refers="category", needs=("product", "category"), groups=True,
        ),
        Column(name="kind", kind=Kind.CHOICE, value=StockMove.kind, groups=True),
        Column(
            name="warehouse", kind=Kind.REFERENCE, value=StockMove.warehouse_id, label=Warehouse.name,
            refers="warehouse", needs=("warehouse",), groups=True,
        ),
        Column(name="quantity", kind=Kind.QUANTITY, value=StockMove.quantity),
        Column(name="on_hand_after", kind=Kind.QUANTITY, value=StockMove.on_hand_after),
        Column(name="value", kind=Kind.MONEY, value=StockMove.value, mask=COSTS, sums=True),
        Column(name="reason", kind=Kind.TEXT, value=StockMove.reason),
        Column(
            name="who", kind=Kind.REFERENCE, value=StockMove.actor_id, label=User.name, refers="user", needs=("who",),
            groups=True,
        ),
    ),
    matches=lambda words: StockMove.origin.icontains(words, autoescape=True),
)  # fmt: skip
