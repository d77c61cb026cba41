"""Somebody leaves: the plan, its preview, how far it is; and whose a customer was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.errors import NotFound
from crm.departures import LONGEST_REASON, HeirGroup, Heirs, resume_departure, start_departure
from crm.queries.departures import latest_departure, list_owners
from finance.queries.customer_record import get_customer
from web.api.fields import Body, Id, Ids, Many, Text
from web.api.operation import Call, operation

STARTED = {"id": int, "user_id": int, "state": str}
PROGRESS = {
    "id": int, "user_id": int, "user": str, "is_active": bool, "state": str, "reason": str, "started_at": datetime,
    "started_by": str | None, "delegate": str, "customers_total": int, "customers_done": int, "documents_moved": int,
    "activities_moved": int, "shares_moved": int, "finished_at": str | None, "attempts": int, "error": str | None,
    "heirs": [{"heir_id": int, "heir": str, "customers": int, "customers_done": int}],
}  # fmt: skip


def _group(**values: Any) -> HeirGroup:
    return HeirGroup(**{**values, "customer_ids": tuple(values.get("customer_ids", ()))})


GROUPS = Many(
    item=Body(
        heir_id=Id(required=True),
        region=Text(limit=80, help='Of this region; "" is none.'),
        industry=Text(limit=80, help='Of this industry; "" is none.'),
        customer_ids=Ids(help="These ones."),
    ),
    make=_group,
    help="Customers that go to somebody of their own: exactly one of region, industry, customer_ids each.",
)


@operation(
    "POST", "/users/{user_id}/departure", "users.manage", previewable=True, status=201,
    summary="Put somebody out at once and hand all of his over, batch by batch",
    body=Body(
        heir_ids=Ids(required=True, help="Several share evenly; the first also gets what arrives later."),
        groups=GROUPS,
        reports_to_id=Id(help="Who those who reported to him report to; his own superior when left out."),
        reason=Text(required=True, limit=LONGEST_REASON),
    ),
    answer=STARTED | {"name": str, "customers": int},
    refusals=("already_left", "departure_of_yourself", "last_administrator"),
)  # fmt: skip
def start_departure_call(call: Call, user_id: int) -> Any:
    body = call.body
    heirs = Heirs(tuple(body["heir_ids"]), tuple(body.get("groups") or ()), body.get("reports_to_id"))
    return call.run(start_departure, user_id, heirs, body["reason"])


@operation(
    "GET", "/users/{user_id}/departure", "users.manage", answer=PROGRESS,
    summary="How far somebody's last departure is; `stopped` is one that a worker gave up",
)  # fmt: skip
def get_departure_call(call: Call, user_id: int) -> Any:
    found, heirs = latest_departure(user_id)
    if found is None:
        raise NotFound("departure", user_id)
    return {**found._asdict(), "heirs": [heir._asdict() for heir in heirs]}


@operation(
    "POST", "/users/{user_id}/departure/resume", "users.manage", body=Body(), answer=STARTED,
    summary="Try again what a worker gave up", refusals=("departure_not_stopped",),
)  # fmt: skip
def resume_departure_call(call: Call, user_id: int) -> Any:
    return call.run(resume_departure, user_id)


@operation(
    "GET", "/customers/{customer_id}/owners", "customers.read", summary="Whose a customer is and was",
    answer=[{"user_id": int, "owner": str, "since": datetime, "until": str | None}],
)  # fmt: skip
def list_owners_call(call: Call, customer_id: int) -> Any:
    get_customer(customer_id)
    return {"items": [row._asdict() for row in list_owners(customer_id)], "next_cursor": None}
