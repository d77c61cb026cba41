"""Activities: what was said and done with a customer, and what is planned next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.notices import given_to
from core.organization import User
from core.parties import Contact, Customer
from core.plan import Plan
from crm.models import Activity, ActivityKind, Opportunity

LONGEST_SUBJECT = 4000
LONGEST_RESULT = 80


@needs("activities.write")
def record_activity(plan: Plan, customer_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Records something done with a customer, or plans it.

    With `due_on` it is planned (a task without a day is planned for today), else it is done now. `values`: kind,
    subject, and where they apply due_on, result, contact_id, opportunity_id, owner_id (default: the actor, else the
    customer's owner). Raises NotFound, InvalidInput per field; what is planned needs an owner who is still here, whose
    row is shared meanwhile.
    """
    customer = plan.session.get(Customer, customer_id)
    if customer is None or customer.merged_into_id is not None:
        raise NotFound("customer", customer_id)
    data = _checked(plan, customer_id, values)
    planned = data["due_on"] is not None
    owner_id = values.get("owner_id") or plan.actor.user_id or customer.owner_id
    if planned:
        _check_owner(plan, owner_id)
    activity = Activity(
        **data,
        customer_id=customer_id,
        owner_id=owner_id,
        done_at=None if planned else plan.now,
        created_at=plan.now,
    )
    plan.session.add(activity)
    plan.session.flush()
    if planned:
        given_to(plan, owner_id, "activity", activity.id)
    return activity_answer(activity)


@needs("activities.write")
def complete_activity(
    plan: Plan, activity_id: int, *, result: str | None = None, version: int | None = None
) -> dict[str, Any]:
    """Marks what was planned as done, now. A second time changes nothing. Raises NotFound, `edit_conflict`."""
    activity = _lock(plan, activity_id)
    if activity.done_at is None:
        if version is not None and activity.version != version:
            raise DomainError("edit_conflict", version=activity.version)
        activity.done_at = plan.now
        activity.result = clean(result) or activity.result
        plan.session.flush()
    return activity_answer(activity)


@needs("activities.write")
def reopen_activity(plan: Plan, activity_id: int, *, version: int | None = None) -> dict[str, Any]:
    """What was marked as done waits again for its day. Raises NotFound, `never_planned` for what was recorded as
    done, `changed_since` when somebody changed it since `version`."""
    activity = _lock(plan, activity_id)
    if activity.due_on is None:
        raise DomainError("never_planned")
    if activity.done_at is not None:
        if version is not None and activity.version != version:
            raise DomainError("changed_since")
        activity.done_at = None
        plan.session.flush()
    return activity_answer(activity)


def _lock(plan: Plan, activity_id: int) -> Activity:
    activity = plan.session.execute(
        select(Activity).where(Activity.id == activity_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if activity is None:
        raise NotFound("activity", activity_id)
    return activity


def activity_answer(activity: Activity) -> dict[str, Any]:
    names = ("id", "kind", "customer_id", "contact_id", "opportunity_id", "owner_id", "subject", "result", "due_on")
    return {
        **{name: getattr(activity, name) for name in names},
        "done_at": activity.done_at,
        "version": activity.version,
    }


def _check_owner(plan: Plan, owner_id: int) -> None:
    """Who is to do it is still here; his row is shared until the end, so that he does not leave meanwhile."""
    shared = {"read": True, "key_share": True}
    owner = plan.session.get(User, owner_id, with_for_update=shared, populate_existing=True)
    errors = FieldErrors()
    if owner is None:
        errors.add("owner_id", "user_unknown")
    elif not owner.is_active:
        errors.add("owner_id", "planner_inactive", owner=owner.name)
    errors.raise_if_any()


def _checked(plan: Plan, customer_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    errors = FieldErrors()
    kinds = [kind.value for kind in ActivityKind]
    kind = values.get("kind") or ActivityKind.NOTE
    if kind not in kinds:
        errors.add("kind", "unknown_choice", choices=kinds)
    subject, result = clean(values.get("subject")), clean(values.get("result"))
    if not subject:
        errors.add("subject", "required")
    elif len(subject) > LONGEST_SUBJECT:
        errors.add("subject", "too_long", limit=LONGEST_SUBJECT)
    if result and len(result) > LONGEST_RESULT:
        errors.add("result", "too_long", limit=LONGEST_RESULT)
    due_on = values.get("due_on") or (plan.today if kind == ActivityKind.TASK else None)
    if due_on is not None and due_on < plan.today:
        errors.add("due_on", "in_the_past", today=plan.today)
    errors.day("due_on", due_on, plan.today)
    contact_id, deal_id = values.get("contact_id"), values.get("opportunity_id")
    if contact_id and not _belongs(plan, Contact, contact_id, customer_id):
        errors.add("contact_id", "contact_unknown")
    if deal_id and not _belongs(plan, Opportunity, deal_id, customer_id):
        errors.add("opportunity_id", "opportunity_unknown")
    errors.raise_if_any()
    return {
        "kind": ActivityKind(kind),
        "subject": subject,
        "result": result,
        "due_on": due_on,
        "contact_id": contact_id or None,
        "opportunity_id": deal_id or None,
    }


def _belongs(plan: Plan, model: Any, identity: int, customer_id: int) -> bool:
    found = select(model.id).where(model.id == identity, model.customer_id == customer_id)
    return plan.session.execute(found).first() is not None
