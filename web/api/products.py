"""Products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.catalog import ProductKind
from core.queries.product_record import PRODUCTS, get_product
from core.queries.words import patterns_of
from inventory.catalog import change_product, create_product
from web.api.custom_fields import Custom, CustomAnswer, page_with_custom, with_custom
from web.api.fields import Body, Choice, Flag, Id, Integer, Price, Rate, Text
from web.api.operation import PAGING, Call, operation

KIND = Choice(choices=tuple(ProductKind))
VALUES: dict[str, Any] = {
    "tax_rate": Rate(help='"0.13" is 13 %; the company\'s own when left out.'),
    "unit": Text(limit=12, help="Code of the unit, e.g. pcs."),
    "kind": KIND,
    "cost": Price(help="Cost per unit, net; values stock that comes without a cost."),
    "description": Text(limit=2000),
    "barcode": Text(limit=40),
    "category_id": Id(),
    "supplier_id": Id(),
    "is_discontinued": Flag(),
    "is_active": Flag(),
    "custom": Custom(record_type="product"),
}
NEW = Body(
    sku=Text(required=True, limit=40),
    name=Text(required=True, limit=200),
    price=Price(required=True, help="Net of tax."),
    **VALUES,
)
CHANGE = Body(sku=Text(limit=40), name=Text(limit=200), price=Price(), **VALUES, version=Integer(smallest=1))
SHAPE = {
    "id": int,
    "sku": str,
    "name": str,
    "description": str | None,
    "kind": str,
    "barcode": str | None,
    "category_id": int | None,
    "supplier_id": int | None,
    "unit": str,
    "price": Decimal,
    "tax_rate": Decimal,
    "is_discontinued": bool,
    "is_active": bool,
    "version": int,
    "custom": CustomAnswer("product"),
}


@operation(
    "POST", "/products", "products.write", summary="Create a product", body=NEW, answer=SHAPE, status=201,
    refusals=("duplicate_sku", "duplicate_barcode"),
)  # fmt: skip
def create_product_call(call: Call) -> Any:
    return call.run(create_product, call.body)


@operation(
    "GET", "/products", "products.read", summary="Find products",
    query=Body(
        q=Text(limit=100), sku=Text(limit=40), kind=KIND, category_id=Id(), is_active=Flag()
    ) | PAGING,
    answer=[SHAPE],
)  # fmt: skip
def list_products(call: Call) -> Any:
    if call.query.get("q") is not None:
        call.query["q"] = patterns_of(call.query["q"])
    return page_with_custom("product", call.page(PRODUCTS, lambda row: row._asdict()))


@operation("GET", "/products/{product_id}", "products.read", summary="One product", answer=SHAPE)
def get_product_call(call: Call, product_id: int) -> Any:
    return with_custom("product", [get_product(product_id)._asdict()])[0]


@operation(
    "PATCH", "/products/{product_id}", "products.write", summary="Change a product", body=CHANGE, answer=SHAPE,
    refusals=("duplicate_sku", "duplicate_barcode", "edit_conflict", "kind_is_fixed"),
)  # fmt: skip
def change_product_call(call: Call, product_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_product, product_id, call.body, version=version)
