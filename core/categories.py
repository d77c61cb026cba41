"""Product categories: made, renamed, and taken away while no product stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from core.catalog import Product, ProductCategory
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.plan import Plan

TEXT_LIMITS = {"name": 80, "description": 2000}


@needs("products.write")
def save_category(
    plan: Plan, values: Mapping[str, Any], *, category_id: int | None = None, version: int | None = None
) -> dict[str, Any]:
    """Creates a category, or changes the fields given. Locks it. Raises NotFound, `edit_conflict`, InvalidInput beside
    the field, `duplicate_name`."""
    category = None if category_id is None else _lock(plan, category_id)
    if category is not None and version is not None and category.version != version:
        raise DomainError("edit_conflict", version=category.version)
    current = {} if category is None else {name: getattr(category, name) for name in TEXT_LIMITS}
    data = {name: clean((current | dict(values)).get(name)) for name in TEXT_LIMITS}
    errors = FieldErrors()
    for name, limit in TEXT_LIMITS.items():
        if len(data[name] or "") > limit:
            errors.add(name, "too_long", limit=limit)
    if not data["name"]:
        errors.add("name", "required")
    errors.raise_if_any()
    if category is None:
        category = ProductCategory()
        plan.session.add(category)
    for name, value in data.items():
        setattr(category, name, value)
    plan.session.flush()
    names = ("id", "name", "description", "version")
    return {name: getattr(category, name) for name in names}


@needs("products.write")
def remove_category(plan: Plan, category_id: int) -> dict[str, Any]:
    """Takes away an empty category. Locks it. Raises `category_in_use`."""
    category = _lock(plan, category_id)
    products = plan.session.execute(select(func.count()).where(Product.category_id == category_id)).scalar_one()
    if products:
        raise DomainError("category_in_use", name=category.name, products=products)
    plan.session.delete(category)
    plan.session.flush()
    return {"id": category_id, "name": category.name}


def _lock(plan: Plan, category_id: int) -> ProductCategory:
    category = plan.session.get(ProductCategory, category_id, with_for_update=True, populate_existing=True)
    if category is None:
        raise NotFound("product_category", category_id)
    return category
