"""Payment terms."""

from __future__ import annotations

from typing import Any

from core.queries.terms import list_terms
from core.terms import MOST_DAYS, change_terms, create_terms
from web.api.fields import Body, Flag, Integer, Text
from web.api.operation import Call, operation

SHAPE = {"id": int, "code": str, "name": str, "name_zh": str, "days": int, "is_active": bool, "version": int}


@operation(
    "GET", "/payment-terms", "customers.read", summary="Payment terms, archived ones too",
    answer=[SHAPE | {"customers": int}],
)  # fmt: skip
def list_terms_call(call: Call) -> Any:
    return {"items": [row._asdict() for row in list_terms()], "next_cursor": None}


@operation(
    "POST", "/payment-terms", "company.write", summary="Make payment terms", answer=SHAPE, status=201,
    body=Body(
        code=Text(required=True, limit=20), name=Text(required=True, limit=80), name_zh=Text(limit=80),
        days=Integer(required=True, smallest=0, largest=MOST_DAYS),
    ),
)  # fmt: skip
def create_terms_call(call: Call) -> Any:
    return call.run(create_terms, call.body)


@operation(
    "PATCH", "/payment-terms/{terms_id}", "company.write", summary="Rename, archive or offer payment terms again",
    body=Body(
        name=Text(nullable=False, limit=80), name_zh=Text(limit=80), is_active=Flag(), version=Integer(smallest=1)
    ),
    answer=SHAPE, refusals=("edit_conflict",),
)  # fmt: skip
def change_terms_call(call: Call, terms_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_terms, terms_id, call.body, version=version)
