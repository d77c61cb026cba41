"""Products, categories and units as lists to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from core.catalog import Product, ProductCategory, ProductKind, UnitOfMeasure
from core.normalise import fold
from core.queries.paging import AnySelect
from core.queries.words import matches

SUGGESTIONS = 20


class Choice(NamedTuple):
    """Something to choose: its id and what stands there."""

    id: int
    text: str


class FoundProduct(NamedTuple):
    """A product as somebody named it in a line."""

    id: int
    sku: str
    name: str
    kind: str
    price: Decimal
    cost: Decimal | None
    unit: str

    @property
    def text(self) -> str:
        return f"{self.sku} {self.name}"


def categories(connection: Connection) -> list[Choice]:
    """All categories by name."""
    rows: Any = connection.execute(select(ProductCategory.id, ProductCategory.name).order_by(ProductCategory.name))
    return [Choice(*row) for row in rows]


def units(connection: Connection, *, chinese: bool) -> list[Choice]:
    """All units of measure, the usual one first."""
    name = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    rows: Any = connection.execute(select(UnitOfMeasure.id, name).order_by(UnitOfMeasure.id))
    return [Choice(*row) for row in rows]


_FOUND = select(
    Product.id, Product.sku, Product.name, Product.kind, Product.price, Product.cost, UnitOfMeasure.code
).join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)


def products_named(connection: Connection, texts: Sequence[str]) -> dict[str, FoundProduct]:
    """The products meant by texts typed into lines: the code, the barcode, the whole name, or code and name together.

    One statement for all texts; a text that means none or several products is left out.
    """
    wanted = {text: fold(text).strip() for text in texts if text.strip()}
    if not wanted:
        return {}
    first_words = {text.split()[0] for text in texts if text.strip()}
    query: AnySelect = _FOUND.where(
        or_(
            Product.sku.in_(set(wanted) | first_words),
            Product.barcode.in_(set(wanted)),
            Product.name.in_(set(wanted)),
            *[Product.search_text.contains(key, autoescape=True) for key in set(wanted.values())],
        )
    )
    rows = [FoundProduct(*row) for row in connection.execute(query.limit(500))]
    answer = {}
    for text, key in wanted.items():
        exact = [row for row in rows if text.strip() in (row.sku, row.name, row.text)]
        near = exact or [row for row in rows if key in fold(row.text)]
        if len(near) == 1:
            answer[text] = near[0]
    return answer


def suggest_products(connection: Connection, text: str, *, goods_only: bool = False) -> list[FoundProduct]:
    """At most twenty active products whose code, name or pinyin fits what was typed so far."""
    query: AnySelect = _FOUND.where(Product.is_active, matches(Product.search_text, text))
    if goods_only:
        query = query.where(Product.kind == ProductKind.GOODS)
    return [FoundProduct(*row) for row in connection.execute(query.order_by(Product.name).limit(SUGGESTIONS))]
