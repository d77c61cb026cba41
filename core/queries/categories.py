"""Product categories: the list with how many products stand in each, one record, and as data."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import NotFound
from core.queries.paging import Listing
from core.queries.reading import read, read_one
from core.statements import statement


class CategoryRecord(NamedTuple):
    """A category with the number of its products."""

    id: int
    name: str
    description: str | None
    version: int
    products: int


SELECT = """
    SELECT row.id, row.name, row.description, row.version,
           (SELECT count(*) FROM product WHERE product.category_id = row.id)
      FROM product_category AS row
"""
TABLES = "product_category product"
CATEGORY = statement(
    "categories.record",
    SELECT + " WHERE row.id = %(category_id)s::bigint",
    tables=TABLES,
    scope="system",
    fact=CategoryRecord,
)
BY_NAME = statement(
    "categories.by_name", SELECT + " ORDER BY row.name", tables=TABLES, scope="system", fact=CategoryRecord
)
CATEGORIES = Listing("categories.list", SELECT, TABLES, CategoryRecord)


def list_categories() -> list[CategoryRecord]:
    """All of them by name."""
    [rows] = read(BY_NAME())
    return rows


def get_category(category_id: int) -> CategoryRecord:
    """One category. Raises NotFound."""
    found: CategoryRecord | None = read_one(CATEGORY(category_id=category_id))
    if found is None:
        raise NotFound("product_category", category_id)
    return found
