"""Products, categories and units as lists to choose from."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from core.catalog import ProductCategory, UnitOfMeasure


class Choice(NamedTuple):
    """Something to choose: its id and what stands there."""

    id: int
    text: str


def categories(connection: Connection) -> list[Choice]:
    """All categories by name."""
    rows: Any = connection.execute(select(ProductCategory.id, ProductCategory.name).order_by(ProductCategory.name))
    return [Choice(*row) for row in rows]


def units(connection: Connection, *, chinese: bool) -> list[Choice]:
    """All units of measure, the usual one first."""
    name = UnitOfMeasure.name_zh if chinese else UnitOfMeasure.name
    rows: Any = connection.execute(select(UnitOfMeasure.id, name).order_by(UnitOfMeasure.id))
    return [Choice(*row) for row in rows]
