"""Deputies: who decides for somebody while he is away."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core import database as db
from core.approvals.models import ApprovalDelegation
from core.audit import record
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.plan import Plan
from core.statements import statement

LONGEST = timedelta(days=366)


class DeputyFact(NamedTuple):
    id: int
    name: str


class DelegationFact(NamedTuple):
    """A delegation under lock."""

    id: int
    from_user_id: int
    to_user_id: int
    ended_at: datetime | None
    until: datetime


DEPUTY = statement(
    "approvals.deputy",
    """
    SELECT id, name FROM app_user WHERE id = %(user_id)s::bigint AND is_active
       AND EXISTS (SELECT FROM user_role JOIN role ON role.id = user_role.role_id
                    WHERE user_role.user_id = app_user.id AND 'approvals.read' = ANY (role.permissions))
    """,
    tables="app_user user_role role",
    scope="system",
    fact=DeputyFact,
)
DELEGATION_FOR_UPDATE = statement(
    "approvals.delegation_for_update",
    """
    SELECT id, from_user_id, to_user_id, ended_at, until FROM approval_delegation
     WHERE id = %(delegation_id)s::bigint FOR NO KEY UPDATE
    """,
    tables="approval_delegation",
    scope="system",
    fact=DelegationFact,
)


@needs("approvals.read")
def delegate(plan: Plan, to_user_id: int | None, *, since: date | None, until: date | None) -> dict[str, Any]:
    """Lets somebody decide for the actor from one day to another, both included. What he was given for others he
    cannot pass on. Raises InvalidInput."""
    errors = FieldErrors()
    first, last = since or plan.today, until or date.min
    [found] = plan.fetch(DEPUTY(user_id=to_user_id))
    if to_user_id is None:
        errors.add("to_user_id", "required")
    elif to_user_id == plan.actor.user_id:
        errors.add("to_user_id", "own_deputy")
    elif not found:
        errors.add("to_user_id", "deputy_unknown")
    if first < plan.today:
        errors.add("since", "deputy_in_the_past", today=plan.today)
    if until is None:
        errors.add("until", "required")
    elif last < first or last - first > LONGEST:
        errors.add("until", "deputy_span", days=LONGEST.days)
    errors.raise_if_any()
    starts, ends = max(_midnight(first), plan.now), _midnight(last + timedelta(days=1))
    delegation_id = plan.insert(
        ApprovalDelegation,
        from_user_id=plan.actor.user_id,
        to_user_id=to_user_id,
        since=starts,
        until=ends,
        created_at=plan.now,
    )
    record(
        plan,
        "approval.delegated",
        "approval_delegation",
        delegation_id,
        label=plan.actor.login,
        changes={"to_user_id": to_user_id, "since": first, "until": last},
    )
    return {"id": delegation_id, "to_user_id": to_user_id, "name": found[0].name, "since": starts, "until": ends}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, clock_time(), ZoneInfo(db.current().time_zone()))


@needs("approvals.read")
def end_delegation(plan: Plan, delegation_id: int) -> dict[str, Any]:
    """Ends a delegation at once, by the one who gave it. Raises NotFound, `delegation_ended`."""
    [rows] = plan.fetch(DELEGATION_FOR_UPDATE(delegation_id=delegation_id))
    if not rows or rows[0].from_user_id != plan.actor.user_id:
        raise NotFound("approval_delegation", delegation_id)
    if rows[0].ended_at is not None or rows[0].until <= plan.now:
        raise DomainError("delegation_ended")
    plan.set(ApprovalDelegation, delegation_id, ended_at=plan.now)
    record(plan, "approval.delegation_ended", "approval_delegation", delegation_id, label=plan.actor.login)
    return {"id": delegation_id, "ended_at": plan.now}
