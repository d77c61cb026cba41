"""The tree of the company, who belongs where, and customers shared beyond their owner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.organization import UnitKind
from core.queries.units import list_shares, list_units
from core.units import end_share, place_user, save_unit, share_customer
from finance.queries.customer_record import get_customer
from web.api.fields import Body, Choice, Id, Integer, Text
from web.api.operation import Call, operation

SHAPE = {"id": int, "name": str, "kind": str, "parent_id": int | None, "version": int}
KINDS = (UnitKind.REGION, UnitKind.TEAM)
SHARE = {"id": int, "customer_id": int, "user_id": int | None, "unit_id": int | None}


@operation(
    "GET", "/units", "users.manage", summary="Regions and teams in the order of the tree, with their people",
    answer=[SHAPE | {"depth": int, "people": [str]}],
)  # fmt: skip
def list_units_call(call: Call) -> Any:
    return {"items": [row._asdict() for row in list_units()], "next_cursor": None}


@operation(
    "POST", "/units", "users.manage", summary="Make a region or team", answer=SHAPE, status=201,
    body=Body(name=Text(required=True, limit=120), kind=Choice(choices=KINDS, required=True), parent_id=Id()),
    refusals=("unit_cycle",),
)  # fmt: skip
def create_unit_call(call: Call) -> Any:
    return call.run(save_unit, call.body)


@operation(
    "PATCH", "/units/{unit_id}", "users.manage", summary="Rename or move a region or team", answer=SHAPE,
    body=Body(name=Text(nullable=False, limit=120), kind=Choice(choices=KINDS), parent_id=Id(),
              version=Integer(smallest=1)),
    refusals=("unit_cycle", "edit_conflict"),
)  # fmt: skip
def change_unit_call(call: Call, unit_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(save_unit, call.body, unit_id=unit_id, version=version)


@operation(
    "POST", "/users/{user_id}/place", "users.manage", summary="Say to which region or team a person belongs",
    body=Body(unit_id=Id()), answer={"id": int, "name": str, "unit_id": int | None},
)  # fmt: skip
def place_user_call(call: Call, user_id: int) -> Any:
    return call.run(place_user, user_id, call.body.get("unit_id"))


@operation(
    "GET", "/customers/{customer_id}/shares", "customers.read", summary="Whom a customer is shown to beyond its owner",
    answer=[{"id": int, "user_id": int | None, "unit_id": int | None, "reader": str, "reason": str | None,
             "created_at": datetime, "created_by": str | None}],
)  # fmt: skip
def list_shares_call(call: Call, customer_id: int) -> Any:
    get_customer(customer_id)
    return {"items": [row._asdict() for row in list_shares(customer_id)], "next_cursor": None}


@operation(
    "POST", "/customers/{customer_id}/shares", "customers.assign",
    summary="Show a customer and all that is his to a person, a region or a team", answer=SHARE, status=201,
    body=Body(user_id=Id(), unit_id=Id(), reason=Text(limit=300)),
)  # fmt: skip
def share_customer_call(call: Call, customer_id: int) -> Any:
    return call.run(share_customer, customer_id, **call.body)


@operation(
    "POST", "/customers/{customer_id}/shares/{share_id}/end", "customers.assign", summary="Take a shared customer back",
    body=Body(), answer={"id": int, "customer_id": int},
)  # fmt: skip
def end_share_call(call: Call, customer_id: int, share_id: int) -> Any:
    get_customer(customer_id)
    return call.run(end_share, customer_id, share_id)
