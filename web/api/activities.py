"""Activities: what was done with a customer, what is planned, and finishing it."""

from __future__ import annotations

from datetime import date
from typing import Any

from crm.activities import LONGEST_RESULT, LONGEST_SUBJECT, complete_activity, record_activity, reopen_activity
from crm.models import ActivityKind
from crm.queries.activity_record import ACTIVITIES
from web.api.fields import Body, Choice, Day, Flag, Id, Integer, Text
from web.api.operation import PAGING, Call, operation

SAVED = {
    "id": int, "kind": str, "customer_id": int, "contact_id": int | None, "opportunity_id": int | None,
    "owner_id": int, "subject": str, "result": str | None, "due_on": date | None, "done_at": str | None,
    "version": int,
}  # fmt: skip


@operation(
    "POST", "/customers/{customer_id}/activities", "activities.write",
    summary="Record something done with a customer, or plan it", status=201,
    body=Body(
        kind=Choice(choices=tuple(ActivityKind), help="A note when left out."),
        subject=Text(required=True, limit=LONGEST_SUBJECT),
        due_on=Day(help="With a day it is planned, without one it is done now."),
        result=Text(limit=LONGEST_RESULT), contact_id=Id(), opportunity_id=Id(),
    ),
    answer=SAVED,
)  # fmt: skip
def create_activity(call: Call, customer_id: int) -> Any:
    return call.run(record_activity, customer_id, call.body)


@operation(
    "GET", "/activities", "home.read", summary="Find activities; open ones are the follow-ups",
    query=Body(customer_id=Id(), opportunity_id=Id(), owner_id=Id(), open=Flag(), due_before=Day()) | PAGING,
    answer=[SAVED | {"customer_name": str, "created_at": str}],
)  # fmt: skip
def list_activities(call: Call) -> Any:
    return call.page(ACTIVITIES, lambda row: row._asdict())


@operation(
    "POST", "/activities/{activity_id}/done", "activities.write", summary="Mark what was planned as done",
    body=Body(result=Text(limit=LONGEST_RESULT), version=Integer(smallest=1)), answer=SAVED,
    refusals=("edit_conflict",),
)  # fmt: skip
def complete_activity_call(call: Call, activity_id: int) -> Any:
    return call.run(complete_activity, activity_id, result=call.body.get("result"), version=call.body.get("version"))


@operation(
    "POST", "/activities/{activity_id}/reopen", "activities.write",
    summary="Have what was marked as done wait again", body=Body(version=Integer(smallest=1)), answer=SAVED,
    refusals=("never_planned", "changed_since"),
)  # fmt: skip
def reopen_activity_call(call: Call, activity_id: int) -> Any:
    return call.run(reopen_activity, activity_id, version=call.body.get("version"))
