"""The rules: which each company begins with, and changing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.approvals.models import ApprovalKind, ApprovalRule, ApprovalStep, Approver, Basis
from core.audit import record
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.money import is_finer
from core.needs import needs
from core.organization import Role, User
from core.plan import Plan

MOST_STEPS = 5
PLACES = 3
# Threshold, and the steps as (code of the role, from which measure on). Amounts are in the company's currency.
USUAL: dict[ApprovalKind, tuple[Decimal, tuple[tuple[str, Decimal], ...]]] = {
    ApprovalKind.CREDIT: (Decimal(0), (("manager", Decimal(0)),)),
    ApprovalKind.DISCOUNT: (Decimal(30), (("sales_manager", Decimal(30)), ("manager", Decimal(50)))),
    ApprovalKind.WRITE_OFF: (Decimal(0), (("manager", Decimal(0)),)),
    ApprovalKind.ADJUSTMENT: (Decimal(5000), (("manager", Decimal(5000)),)),
    ApprovalKind.REOPENING: (Decimal(0), (("manager", Decimal(0)),)),
}


def add_usual_rules(session: Session) -> None:
    """The rules of a new company. Its roles stand in the session already."""
    roles = {role.code: role.id for role in session.execute(select(Role)).scalars()}
    for kind, (threshold, steps) in USUAL.items():
        rule = ApprovalRule(kind=kind, threshold=threshold)
        rule.steps = [
            ApprovalStep(position=position, approver=Approver.ROLE, role_id=roles[code], from_measure=measure)
            for position, (code, measure) in enumerate(steps, start=1)
        ]
        session.add(rule)


@needs("approvals.rules")
def change_rule(plan: Plan, rule_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes the fields given: is_active, threshold, basis, valid_days, steps (each with approver, role_id, user_id,
    from_measure; all of them anew). Requests that were asked keep the steps they were asked under.

    Raises NotFound, `edit_conflict`, InvalidInput beside the field.
    """
    rule = plan.session.get(ApprovalRule, rule_id, with_for_update=True, populate_existing=True)
    if rule is None:
        raise NotFound("approval_rule", rule_id)
    if version is not None and version != rule.version:
        raise DomainError("edit_conflict", version=rule.version)
    errors = FieldErrors()
    _set_plain(rule, values, errors)
    steps = values.get("steps")
    made = _steps(plan, rule.kind, steps, errors) if steps is not None else []
    errors.raise_if_any()
    before, after = ([_told(step) for step in each] for each in (rule.steps, made))
    if steps is not None and before != after:
        rule.steps = []
        plan.session.flush()
        rule.steps = made
        rule.version = rule.version + 1
        changes = {"steps": [before, after]}
        record(plan, "approval_rule.steps_changed", "approval_rule", rule.id, label=rule.audit_label, changes=changes)
    plan.session.flush()
    return {"id": rule.id, "kind": rule.kind, "is_active": rule.is_active, "version": rule.version}


def _told(step: ApprovalStep) -> dict[str, Any]:
    """What a step says, as it is compared and recorded."""
    whose = {"role_id": step.role_id, "user_id": step.user_id}
    named = {name: value for name, value in whose.items() if value is not None}
    return {"approver": Approver(step.approver), **named, "from_measure": step.from_measure}


def _set_plain(rule: ApprovalRule, values: Mapping[str, Any], errors: FieldErrors) -> None:
    if "is_active" in values:
        rule.is_active = bool(values["is_active"])
    if "basis" in values:
        if values["basis"] not in list(Basis):
            errors.add("basis", "unknown_choice", choices=list(Basis))
        else:
            rule.basis = Basis(values["basis"])
    if "threshold" in values and _is_measure("threshold", values["threshold"], rule.kind, errors):
        rule.threshold = values["threshold"]
    if "valid_days" in values:
        days = values["valid_days"]
        if days is None or not 1 <= days <= 365:
            errors.add("valid_days", "out_of_range", smallest=1, largest=365)
        else:
            rule.valid_days = days


def _is_measure(name: str, value: Decimal | None, kind: str, errors: FieldErrors) -> bool:
    """Whether it is a measure of the kind: not negative, of a discount at most a hundred."""
    if value is None:
        errors.add(name, "required")
    elif value < 0:
        errors.add(name, "negative")
    elif is_finer(value, PLACES):
        errors.add(name, "too_many_decimals", places=PLACES)
    elif kind == ApprovalKind.DISCOUNT and value > 100:
        errors.add(name, "out_of_range", smallest=0, largest=100)
    else:
        return True
    return False


def _steps(plan: Plan, kind: str, steps: Sequence[Mapping[str, Any]], errors: FieldErrors) -> list[ApprovalStep]:
    if not steps:
        errors.add("steps", "required")
    if len(steps) > MOST_STEPS:
        errors.add("steps", "too_many", limit=MOST_STEPS)
        return []
    made = []
    for index, step in enumerate(steps):
        name, approver = f"steps.{index}", step.get("approver")
        if approver not in list(Approver):
            errors.add(f"{name}.approver", "unknown_choice", choices=list(Approver))
            continue
        role_id = step.get("role_id") if approver == Approver.ROLE else None
        user_id = step.get("user_id") if approver == Approver.PERSON else None
        if approver == Approver.ROLE and (role_id is None or plan.session.get(Role, role_id) is None):
            errors.add(f"{name}.role_id", "role_unknown")
        if approver == Approver.PERSON:
            person = plan.session.get(User, user_id) if user_id is not None else None
            if person is None or not person.is_active:
                errors.add(f"{name}.user_id", "user_unknown")
        measure = step.get("from_measure") or Decimal(0)
        _is_measure(f"{name}.from_measure", measure, kind, errors)
        made.append(
            ApprovalStep(
                position=index + 1, approver=Approver(approver), role_id=role_id, user_id=user_id, from_measure=measure
            )
        )
    return made


means("uq_approval_rule_kind", "done_meanwhile")
