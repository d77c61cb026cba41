"""What approvals read: a kind's rule, requests under lock, and who may decide a step.

A request is locked after everything else a command locks but the numbers: most commands need none, and those that do
know so only once they have read their facts.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from core.statements import statement


class RuleFact(NamedTuple):
    """An active rule. `steps`: position, approver, role, person, from which measure on; `superior_id` is the
    actor's."""

    id: int
    basis: str
    threshold: Decimal
    valid_days: int
    steps: list[tuple[int, str, int | None, int | None, str]]
    superior_id: int | None
    admin_role_id: int | None
    currency: str


RULE = statement(
    "approvals.rule",
    """
    SELECT rule.id, rule.basis, rule.threshold, rule.valid_days,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(step.position, step.approver, step.role_id, step.user_id,
                                                        step.from_measure::text) ORDER BY step.position), '[]')
              FROM approval_step AS step WHERE step.rule_id = rule.id),
           (SELECT reports_to_id FROM app_user WHERE id = %(user_id)s::bigint),
           (SELECT id FROM role WHERE code = 'admin'), company.currency
      FROM approval_rule AS rule CROSS JOIN company WHERE rule.kind = %(kind)s AND rule.is_active
    """,
    tables="approval_rule approval_step app_user role company",
    scope="system",
    fact=RuleFact,
)


class CandidateFact(NamedTuple):
    """Somebody who fits a place: of a list of roles and persons, by its index."""

    place: int
    user_id: int
    name: str


CANDIDATES = statement(
    "approvals.candidates",
    """
    SELECT place.index, app_user.id, app_user.name
      FROM unnest(%(roles)s::bigint[], %(users)s::bigint[]) WITH ORDINALITY AS place (role_id, user_id, index)
      JOIN app_user ON app_user.is_active AND app_user.id <> %(user_id)s::bigint
       AND (app_user.id = place.user_id OR app_user.id IN (
            SELECT held.user_id FROM user_role AS held WHERE held.role_id = place.role_id))
     WHERE may_approve(app_user.id, place.role_id, place.user_id, %(customer_id)s::bigint)
     ORDER BY place.index, app_user.name, app_user.id
    """,
    tables="app_user user_role",
    scope="system",
    fact=CandidateFact,
)


class LiveFact(NamedTuple):
    """A request about a subject, under lock, that is open or approved and has not expired; and who approved it last."""

    id: int
    state: str
    measure: Decimal
    expires_at: datetime
    approved_by: str | None
    approved_at: datetime | None


LIVE_FOR_UPDATE = statement(
    "approvals.live_for_update",
    """
    SELECT request.id, request.state, request.measure, request.expires_at, made.name, made.decided_at
      FROM approval_request AS request
      LEFT JOIN LATERAL (SELECT app_user.name, decision.decided_at FROM approval_decision AS decision
                           JOIN app_user ON app_user.id = decision.decided_by_id
                          WHERE decision.request_id = request.id ORDER BY decision.position DESC LIMIT 1)
             AS made ON true
     WHERE request.kind = %(kind)s AND request.requested_by_id = %(user_id)s::bigint
       AND request.subject_type = %(subject_type)s
       AND request.subject_id IS NOT DISTINCT FROM %(subject_id)s::bigint
       AND (NOT %(is_exact)s::boolean OR request.arguments_digest = %(digest)s)
       AND request.state IN ('open', 'approved') AND request.expires_at > %(now)s::timestamptz
     ORDER BY request.id FOR NO KEY UPDATE OF request
    """,
    tables="approval_request approval_decision app_user",
    scope="system",
    fact=LiveFact,
)
USED_FOR = statement(
    "approvals.used_for",
    """
    SELECT id FROM approval_request
     WHERE kind = %(kind)s AND subject_type = %(subject_type)s AND subject_id = %(subject_id)s::bigint
       AND state = 'used' AND measure >= %(measure)s::numeric AND arguments_digest = %(digest)s LIMIT 1
    """,
    tables="approval_request",
    scope="system",
)


class RequestFact(NamedTuple):
    """A request under lock, as somebody who wants to do something about it meets it.

    `principal_id` is in whose right he may decide the step it waits for; `fits` the last step that he, or somebody he
    stands in for, has the role for; `has_decided` whether he has decided one already.
    """

    id: int
    kind: str
    action: str
    arguments: dict[str, Any]
    subject_type: str
    subject_id: int | None
    subject_label: str
    customer_id: int | None
    measure: Decimal
    requested_by_id: int
    state: str
    position: int
    last_position: int
    expires_at: datetime
    principal_id: int | None
    fits: int | None
    has_decided: bool


LOCK_REQUEST = statement(
    "approvals.lock_request",
    "SELECT id FROM approval_request WHERE id = %(request_id)s::bigint FOR NO KEY UPDATE",
    tables="approval_request",
    scope="system",
)
# Sent behind the lock as a statement of its own: only so does it see what was decided while the lock was waited for.
REQUEST = statement(
    "approvals.request",
    """
    SELECT request.id, request.kind, request.action, request.arguments, request.subject_type, request.subject_id,
           request.subject_label, request.customer_id, request.measure, request.requested_by_id, request.state,
           request.position,
           (SELECT max(step.position) FROM approval_request_step AS step WHERE step.request_id = request.id),
           request.expires_at, approver_for(%(user_id)s::bigint, request.id, %(now)s::timestamptz),
           (SELECT max(step.position) FROM approval_request_step AS step,
                   (SELECT %(user_id)s::bigint AS id
                    UNION SELECT away.from_user_id FROM approval_delegation AS away
                           WHERE away.to_user_id = %(user_id)s::bigint AND away.ended_at IS NULL
                             AND away.since <= %(now)s::timestamptz AND away.until > %(now)s::timestamptz) AS person
             WHERE step.request_id = request.id
               AND may_approve(person.id, step.role_id, step.user_id, request.customer_id)),
           EXISTS (SELECT FROM approval_decision AS decision
                    WHERE decision.request_id = request.id
                      AND %(user_id)s::bigint IN (decision.decided_by_id, decision.on_behalf_of_id))
      FROM approval_request AS request WHERE request.id = %(request_id)s::bigint
    """,
    tables="approval_request approval_request_step approval_decision approval_delegation",
    scope="system",
    fact=RequestFact,
)
