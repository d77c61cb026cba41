"""Product categories."""

from __future__ import annotations

from typing import Any

from core.categories import remove_category, save_category
from core.queries.categories import CATEGORIES
from web.api.fields import Body, Integer, Text
from web.api.operation import PAGING, Call, operation

SHAPE = {"id": int, "name": str, "description": str | None, "version": int}


@operation(
    "GET", "/product-categories", "products.read", summary="Product categories, the newest first", query=PAGING,
    answer=[SHAPE | {"products": int}],
)  # fmt: skip
def list_product_categories(call: Call) -> Any:
    return call.page(CATEGORIES, lambda row: row._asdict())


@operation(
    "POST", "/product-categories", "products.write", summary="Create a product category", answer=SHAPE, status=201,
    body=Body(name=Text(required=True, limit=80), description=Text(limit=2000)), refusals=("duplicate_name",),
)  # fmt: skip
def create_product_category(call: Call) -> Any:
    return call.run(save_category, call.body)


@operation(
    "PATCH", "/product-categories/{category_id}", "products.write", summary="Rename a product category",
    body=Body(name=Text(limit=80), description=Text(limit=2000), version=Integer(smallest=1)), answer=SHAPE,
    refusals=("duplicate_name", "edit_conflict"),
)  # fmt: skip
def change_product_category(call: Call, category_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(save_category, call.body, category_id=category_id, version=version)


@operation(
    "POST", "/product-categories/{category_id}/remove", "products.write", summary="Remove an empty product category",
    body=Body(), answer={"id": int, "name": str}, refusals=("category_in_use",),
)  # fmt: skip
def remove_product_category(call: Call, category_id: int) -> Any:
    return call.run(remove_category, category_id)
