"""Products for line grids: found by what was typed, with price and live availability in a warehouse."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.catalog import ProductKind
from core.masks import Cost
from core.normalise import fold
from core.queries.reading import fetch
from core.queries.words import patterns_of
from core.statements import Query, statement

SUGGESTIONS = 8


class ProductMatch(NamedTuple):
    """A product as a line needs it. Stock is that of one warehouse, in the product's unit; a service has none."""

    id: int
    sku: str
    name: str
    kind: str
    unit: str
    unit_zh: str
    price: Decimal
    cost: Cost | None
    tax_rate: Decimal
    is_active: bool
    is_discontinued: bool
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    back_ordered: Decimal
    asked: str

    @property
    def is_service(self) -> bool:
        return self.kind == "service"

    @property
    def text(self) -> str:
        """How the product is written into a line."""
        return f"{self.sku} {self.name}"


_COLUMNS = """
    product.id, product.sku, product.name, product.kind, unit.name AS unit, unit.name_zh AS unit_zh, product.price,
    product.cost, product.tax_rate, product.is_active, product.is_discontinued, coalesce(level.on_hand, 0) AS on_hand,
    coalesce(level.reserved, 0) AS reserved, coalesce(level.available, 0) AS available,
    coalesce(level.back_ordered, 0) AS back_ordered
"""
_JOINS = """
    JOIN unit_of_measure AS unit ON unit.id = product.unit_id
    LEFT JOIN stock_level AS level ON level.product_id = product.id AND level.warehouse_id = coalesce(
         %(warehouse_id)s::bigint, (SELECT id FROM warehouse WHERE is_default))
"""
# What was typed is an SKU, a barcode, a whole name, or a part that only one product has, in this order.
EXACT = statement(
    "pages.products_exact",
    f"""
    SELECT DISTINCT ON (asked.ordinal) {_COLUMNS}, asked.text
      FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS asked (text, ordinal)
      JOIN product ON upper(product.sku) = upper(asked.text) OR product.barcode = asked.text
                   OR product.name = asked.text OR concat(product.sku, ' ', product.name) = asked.text
      {_JOINS}
     ORDER BY asked.ordinal, upper(product.sku) = upper(asked.text) DESC, product.is_active DESC, product.id
    """,
    tables="product unit_of_measure stock_level warehouse",
    scope="system",
    fact=ProductMatch,
)
SEARCH = statement(
    "pages.products_search",
    f"""
    SELECT {_COLUMNS}, ''::text FROM product {_JOINS}
     WHERE product.is_active AND (%(kind)s::text IS NULL OR product.kind = %(kind)s::text)
       AND product.search_text LIKE ALL (%(patterns)s::text[])
     ORDER BY left(product.search_text, length(%(start)s::text)) = %(start)s::text DESC, product.name, product.id
     LIMIT %(limit)s::int
    """,
    tables="product unit_of_measure stock_level warehouse",
    scope="system",
    fact=ProductMatch,
)


def find_products(
    connection: Connection, texts: list[str], warehouse_id: int | None
) -> dict[str, ProductMatch | list[ProductMatch]]:
    """Per text the product that is meant, or the several it may be (none: an empty list). Two round trips at most."""
    wanted = list(dict.fromkeys(texts))
    [exact] = fetch(connection, EXACT(texts=wanted, warehouse_id=warehouse_id))
    found: dict[str, ProductMatch | list[ProductMatch]] = {match.asked: match for match in exact}
    open_texts = [text for text in wanted if text not in found]
    searches = [_search(text, warehouse_id) for text in open_texts if patterns_of(text)]
    answers = fetch(connection, *searches) if searches else []
    for text, matches in zip([text for text in open_texts if patterns_of(text)], answers, strict=True):
        found[text] = matches[0] if len(matches) == 1 else matches
    return found


def suggest_products(
    connection: Connection, text: str, warehouse_id: int | None, kind: ProductKind | None = None
) -> list[ProductMatch]:
    """The first few products (of a kind) a text may mean."""
    if not patterns_of(text):
        return []
    [rows] = fetch(connection, _search(text, warehouse_id, kind))
    return rows


def _search(text: str, warehouse_id: int | None, kind: ProductKind | None = None) -> Query:
    return SEARCH(
        patterns=patterns_of(text), start=fold(text).strip(), warehouse_id=warehouse_id, kind=kind, limit=SUGGESTIONS
    )
