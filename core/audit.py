"""Audit rows: by hand for planned commands (before from facts, after from writes), by the session for edited
records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from core.needs import for_the_system
from core.plan import Plan
from core.trace import AuditRow


def record(
    plan: Plan,
    action: str,
    record_type: str,
    record_id: int,
    *,
    label: object = None,
    changes: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Adds one audit row to the plan. `changes` maps a column to [before, after], or to its first value; `reason` goes
    before the one the request gave."""
    context = plan.context
    plan.insert(
        AuditRow,
        recorded_at=plan.now,
        actor_id=plan.actor.user_id,
        actor_name=plan.actor.name,
        action=action,
        record_type=record_type,
        record_id=record_id,
        record_label=label,
        changes=dict(changes or {}),
        route=context.route or None,
        address=context.address,
        reason=reason or context.reason,
        channel=context.channel or plan.actor.channel or None,
        request_id=context.request_id,
    )


def record_new(plan: Plan, model: Any, identity: int, values: Mapping[str, Any], *, label: object = None) -> None:
    """The audit row of a record that was added together with many others (`Plan.insert_records`): as the session writes
    it, with all first values."""
    table = model.__table__
    shown = {name: _shown(name, value) for name, value in values.items() if value is not None}
    record(plan, f"{table.name}.created", table.name, identity, label=label, changes=shown)


def only_changed(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of [before, after] by field those that differ."""
    return {name: pair for name, pair in told.items() if pair[0] != pair[1]}


@for_the_system
def note_event(plan: Plan, action: str, record_type: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Records what changed no record: something done at the command line, say."""
    record(plan, action, record_type, 0, changes=changes)
    return {}


_PLAIN = frozenset((str, int, bool))
HIDDEN = frozenset({"password_hash", "token_hash", "secret", "code_hash", "previous_hash"})


def _shown(name: str, value: Any) -> Any:
    if name in HIDDEN:
        return "•" if value is not None else None
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal | date | datetime | bytes):
        return str(value) if not isinstance(value, bytes) else f"{len(value)} bytes"
    return value


def _changed_columns(instance: Any) -> dict[str, Any]:
    state = inspect(instance)
    changes = {}
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        if history.has_changes() and attribute.key not in ("version", "updated_at"):
            before = history.deleted[0] if history.deleted else None
            after = history.added[0] if history.added else None
            changes[attribute.key] = [_shown(attribute.key, before), _shown(attribute.key, after)]
    return changes


def _first_values(instance: Any) -> dict[str, Any]:
    state = inspect(instance)
    values = {attribute.key: getattr(instance, attribute.key) for attribute in state.mapper.column_attrs}
    return {name: _shown(name, value) for name, value in values.items() if value is not None}


def tell(plan: Plan, instance: Any, changes: Mapping[str, Any]) -> None:
    """Has changes told with those of a record that the session is about to write: what belongs to it and is kept
    elsewhere."""
    plan.session.info.setdefault("told", {})[instance] = dict(changes)


@event.listens_for(Session, "before_flush")
def _collect(session: Session, _context: Any, _instances: Any) -> None:
    plan: Plan | None = session.info.get("plan")
    if plan is None:
        return
    pending: list[tuple[str, Any, dict[str, Any]]] = session.info.setdefault("audit", [])
    told: dict[Any, dict[str, Any]] = session.info.get("told", {})
    for instance in session.dirty:
        if session.is_modified(instance) and (changes := _changed_columns(instance) | told.pop(instance, {})):
            pending.append(("changed", instance, changes))
    for instance in session.deleted:
        pending.append(("deleted", instance, _first_values(instance)))
    pending.extend(("created", instance, {}) for instance in session.new)


@event.listens_for(Session, "after_flush")
def _write(session: Session, _context: Any) -> None:
    plan: Plan | None = session.info.get("plan")
    if plan is None:
        return
    for action, instance, changes in session.info.pop("audit", []):
        table = instance.__table__
        if getattr(instance, "__audited__", True):
            record(
                plan,
                f"{table.name}.{action}",
                table.name,
                getattr(instance, "id", 0) or 0,
                label=getattr(instance, "audit_label", None),
                changes=changes or _first_values(instance) | session.info.get("told", {}).pop(instance, {}),
            )
