"""Notices about approvals: to those who may decide a step, and back to who asked. Written by a worker from events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.organization import Notice
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement

DECIDERS = statement(
    "approvals.deciders",
    """
    SELECT app_user.id, request.kind, request.subject_label, requester.name
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
    """
    SELECT requested_by_id, kind, subject_label FROM approval_request WHERE id = %(request_id)s::bigint
    """,
    tables="approval_request",
    scope="system",
)


@consumer("approval_asked", "tell_approvers")
def tell_approvers(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to each who may decide the step now, deputies among them."""
    [rows] = plan.fetch(DECIDERS(request_id=payload["request_id"], position=payload["position"], now=plan.now))
    for user_id, kind, subject, name in rows:
        plan.insert(
            Notice,
            user_id=user_id,
            kind="approval_asked",
            data={"request_id": payload["request_id"], "kind": kind, "subject": subject, "name": name},
            created_at=plan.now,
        )


@consumer("approval_decided", "tell_requester")
def tell_requester(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to who asked."""
    [rows] = plan.fetch(ASKED_BY(request_id=payload["request_id"]))
    for user_id, kind, subject in rows:
        plan.insert(
            Notice,
            user_id=user_id,
            kind="approval_decided",
            data={**payload, "kind": kind, "subject": subject},
            created_at=plan.now,
        )
