"""What becomes of approvals once somebody is not here any more: nothing waits for ever for who cannot answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.approvals.models import ApprovalDelegation, ApprovalRequest, RequestState
from core.approvals.require import Subject, can_all_be_decided, on_record
from core.audit import record
from core.outbox import emit
from core.plan import Plan
from core.statements import statement

_HIS_STEP = """
    EXISTS (SELECT FROM approval_request_step AS step
             WHERE step.request_id = request.id AND step.position >= request.position
               AND (step.user_id = %(user_id)s::bigint
                    OR step.role_id IN (SELECT role_id FROM user_role WHERE user_id = %(user_id)s::bigint)))
"""
_HIS = f"""
    request.state IN ('open', 'approved') AND request.expires_at > %(now)s::timestamptz
    AND (request.requested_by_id = %(user_id)s::bigint OR request.state = 'open' AND {_HIS_STEP})
"""


class OpenRequest(NamedTuple):
    """A request that somebody who left asked for, or could have decided. `steps`: of each that is still to be decided,
    the ids of those who may."""

    id: int
    kind: str
    subject_type: str
    subject_id: int | None
    subject_label: str
    customer_id: int | None
    requested_by_id: int
    steps: list[list[int]]


LOCK_HIS = statement(
    "approvals.lock_of_leaver",
    f"SELECT id FROM approval_request AS request WHERE {_HIS} ORDER BY id FOR NO KEY UPDATE",  # noqa: S608 (a predicate of ours)
    tables="approval_request approval_request_step user_role",
    scope="system",
)
# Behind the lock, as a statement of its own: only so does it see what was decided while the lock was waited for.
HIS = statement(
    "approvals.of_leaver",
    f"""
    SELECT request.id, request.kind, request.subject_type, request.subject_id, request.subject_label,
           request.customer_id, request.requested_by_id,
           (SELECT coalesce(jsonb_agg(
                   (SELECT coalesce(jsonb_agg(one.id), '[]') FROM app_user AS one
                     WHERE one.is_active AND one.id <> request.requested_by_id
                       AND may_approve(one.id, step.role_id, step.user_id, request.customer_id)
                       AND NOT EXISTS (SELECT FROM approval_decision AS made WHERE made.request_id = request.id
                                          AND one.id IN (made.decided_by_id, made.on_behalf_of_id)))), '[]')
              FROM approval_request_step AS step
             WHERE request.state = 'open' AND step.request_id = request.id AND step.position >= request.position)
      FROM approval_request AS request WHERE {_HIS} ORDER BY request.id
    """,  # noqa: S608 (a predicate of ours)
    tables="approval_request approval_request_step approval_decision app_user user_role",
    scope="system",
    fact=OpenRequest,
)
LIVE_DELEGATIONS = statement(
    "approvals.delegations_of_leaver",
    """
    SELECT id FROM approval_delegation
     WHERE %(user_id)s::bigint IN (from_user_id, to_user_id) AND ended_at IS NULL AND until > %(now)s::timestamptz
     ORDER BY id FOR NO KEY UPDATE
    """,
    tables="approval_delegation",
    scope="system",
)
RULES_NAMING = statement(
    "approvals.rules_naming",
    """
    SELECT count(DISTINCT rule.id) FROM approval_rule AS rule JOIN approval_step AS step ON step.rule_id = rule.id
     WHERE rule.is_active AND step.user_id = %(user_id)s::bigint
    """,
    tables="approval_rule approval_step",
    scope="system",
)


def end_approvals_of(plan: Plan, user_id: int) -> None:
    """Ends what somebody who is inactive by now leaves behind: his requests, those that nobody else can decide, so that
    they are asked for anew, and his being a deputy or having one. Rules that name him are told of; their steps fall to
    the administrators. Each stands in the trail, and counted among the effects. Locks requests, delegations."""
    _, requests, delegations, [(rules,)] = plan.fetch(
        LOCK_HIS(user_id=user_id, now=plan.now),
        HIS(user_id=user_id, now=plan.now),
        LIVE_DELEGATIONS(user_id=user_id, now=plan.now),
        RULES_NAMING(user_id=user_id),
    )
    own = [found for found in requests if found.requested_by_id == user_id]
    stuck = [found for found in requests if found.requested_by_id != user_id and not can_all_be_decided(found.steps)]
    for found in [*own, *stuck]:
        _withdraw(plan, found, user_id)
    for (delegation_id,) in delegations:
        plan.set(ApprovalDelegation, delegation_id, ended_at=plan.now)
        changes = {"user_id": user_id}
        record(plan, "approval.delegation_ended", "approval_delegation", delegation_id, changes=changes)
    counts = {"own": len(own), "stuck": len(stuck), "deputies": len(delegations), "rules": rules}
    if any(counts.values()):
        plan.effect("approvals_end", **counts)


def _withdraw(plan: Plan, found: OpenRequest, user_id: int) -> None:
    subject = Subject(found.subject_type, found.subject_id, found.subject_label, found.customer_id)
    changes: dict[str, Any] = {"kind": found.kind, "user_id": user_id}
    plan.set(ApprovalRequest, found.id, state=RequestState.WITHDRAWN, closed_at=plan.now)
    on_record(plan, "withdrawn", found.id, subject, changes)
    emit(plan, "approval_decided", request_id=found.id, state=RequestState.WITHDRAWN)
