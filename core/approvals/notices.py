"""Notices about approvals: to those who may decide a step, and back to who asked. Written by a worker from events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.notices import notify
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement

DECIDERS = statement(
    "approvals.deciders",
    """
    SELECT app_user.id, request.kind, requester.name
      FROM approval_request AS request JOIN app_user AS requester ON requester.id = request.requested_by_id
      JOIN app_user ON app_user.is_active
     WHERE request.id = %(request_id)s::bigint AND request.position = %(position)s::int
       AND approver_for(app_user.id, request.id, %(now)s::timestamptz) IS NOT NULL
     ORDER BY app_user.id
    """,
    tables="approval_request app_user",
    scope="system",
)
ASKED_BY = statement(
    "approvals.asked_by",
    "SELECT requested_by_id, kind FROM approval_request WHERE id = %(request_id)s::bigint",
    tables="approval_request",
    scope="system",
)


@consumer("approval_asked", "tell_approvers")
def tell_approvers(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to each who may decide the step now, deputies among them."""
    request_id = payload["request_id"]
    [rows] = plan.fetch(DECIDERS(request_id=request_id, position=payload["position"], now=plan.now))
    if rows:
        _, kind, name = rows[0]
        people = [row[0] for row in rows]
        notify(plan, "approval_asked", people, ("approval_request", request_id), approval=kind, name=name,
               request_id=request_id)  # fmt: skip


@consumer("approval_decided", "tell_requester")
def tell_requester(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to who asked."""
    [rows] = plan.fetch(ASKED_BY(request_id=payload["request_id"]))
    for user_id, kind in rows:
        about = ("approval_request", payload["request_id"])
        notify(plan, "approval_decided", [user_id], about, **payload, approval=kind)
