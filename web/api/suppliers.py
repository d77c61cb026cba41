"""Suppliers, each with the person to talk to and the address."""

from __future__ import annotations

from typing import Any

from core.masks import Email, Phone
from core.queries.supplier_record import SUPPLIERS, get_supplier
from core.queries.words import MOST_WORDS, containing
from core.suppliers import LIMITS, change_supplier, create_supplier
from web.api.custom_fields import Custom, CustomAnswer, page_with_custom, with_custom
from web.api.fields import Body, Field, Integer, Text
from web.api.operation import PAGING, Call, operation

VALUES: dict[str, Field] = {
    name: Text(limit=limit) for name, limit in LIMITS.items() if name not in ("name", "country", "code")
}
CUSTOM = {"custom": Custom(record_type="supplier")}
CODE = Text(limit=LIMITS["code"], help="The next number when left out.")
SHAPE = {
    "id": int, "code": str, "name": str, **{name: str | None for name in VALUES}, "phone": Phone | None,
    "email": Email | None, "country": str, "version": int, "custom": CustomAnswer("supplier"),
}  # fmt: skip


@operation(
    "POST", "/suppliers", "suppliers.write", summary="Create a supplier", status=201, answer=SHAPE,
    body=Body(
        name=Text(required=True, limit=LIMITS["name"]), country=Text(required=True, limit=2, help="Two letters."),
        code=CODE, **VALUES, **CUSTOM,
    ),
    refusals=("duplicate_supplier", "duplicate_code"),
)  # fmt: skip
def create_supplier_call(call: Call) -> Any:
    return call.run(create_supplier, call.body)


@operation(
    "GET", "/suppliers", "suppliers.read", summary="Find suppliers", answer=[SHAPE],
    query=Body(q=Text(limit=100, help="Words of the name, code, contact or town."), code=Text(limit=20)) | PAGING,
)  # fmt: skip
def list_suppliers(call: Call) -> Any:
    if call.query.get("q") is not None:
        call.query["q"] = [containing(word) for word in call.query["q"].split()[:MOST_WORDS]]
    return page_with_custom("supplier", call.page(SUPPLIERS, lambda row: row._asdict()))


@operation("GET", "/suppliers/{supplier_id}", "suppliers.read", summary="One supplier", answer=SHAPE)
def get_supplier_call(call: Call, supplier_id: int) -> Any:
    return with_custom("supplier", [get_supplier(supplier_id)._asdict()])[0]


@operation(
    "PATCH", "/suppliers/{supplier_id}", "suppliers.write", summary="Change a supplier", answer=SHAPE,
    body=Body(
        name=Text(nullable=False, limit=LIMITS["name"]), country=Text(nullable=False, limit=2),
        code=Text(nullable=False, limit=LIMITS["code"]), **VALUES, **CUSTOM, version=Integer(smallest=1),
    ),
    refusals=("duplicate_supplier", "duplicate_code", "edit_conflict"),
)  # fmt: skip
def change_supplier_call(call: Call, supplier_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_supplier, supplier_id, call.body, version=version)
