"""Products as data."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from core.errors import existing
from core.queries.paging import Listing
from core.queries.reading import read
from core.statements import statement


class ProductRecord(NamedTuple):
    """One product; prices per unit, net of tax, in the company's currency."""

    id: int
    sku: str
    name: str
    description: str | None
    kind: str
    barcode: str | None
    category_id: int | None
    category: str | None
    supplier_id: int | None
    unit: str
    price: Decimal
    tax_rate: Decimal
    is_discontinued: bool
    is_active: bool
    version: int


SELECT = """
    SELECT row.id, row.sku, row.name, row.description, row.kind, row.barcode, row.category_id, category.name,
           row.supplier_id, unit.code, row.price, row.tax_rate, row.is_discontinued, row.is_active, row.version
      FROM product AS row JOIN unit_of_measure AS unit ON unit.id = row.unit_id
      LEFT JOIN product_category AS category ON category.id = row.category_id
"""
TABLES = "product unit_of_measure product_category"
PRODUCT = statement(
    "products.record",
    SELECT + " WHERE row.id = %(product_id)s::bigint",
    tables=TABLES,
    scope="system",
    fact=ProductRecord,
)
PRODUCTS = Listing(
    "products.list",
    SELECT,
    TABLES,
    ProductRecord,
    filters={
        "q": "row.search_text LIKE ALL (%(q)s::text[])",
        "sku": "row.sku = %(sku)s",
        "kind": "row.kind = %(kind)s",
        "category_id": "row.category_id = %(category_id)s::bigint",
        "is_active": "row.is_active = %(is_active)s::boolean",
    },
)


def get_product(product_id: int) -> ProductRecord:
    """One product. Raises NotFound."""
    [rows] = read(PRODUCT(product_id=product_id))
    return existing(rows, "product", product_id)
