"""The last change of a record taken back by the opposite change, as long as it is the last one.

The audit trail says what stood in each field before; the type's own command writes it again, with all it checks. So a
type joins in by one `undoes`, nothing is kept for it, and whoever may not change a record takes nothing back in it.
What is posted is never taken back like this: money, stock and documents are reversed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from core.custom_fields.definitions import PREFIX, definitions_in
from core.custom_fields.kinds import from_data
from core.errors import DomainError, NotFound, PermissionDenied
from core.masks import RECORDS, sees
from core.needs import for_anybody
from core.plan import Plan
from core.statements import statement


@dataclass(frozen=True)
class Undoing:
    """How a change of one type of record is taken back: `change(plan, record, {field: value}, version)` under
    `permission`, where `fields` are the columns that it takes and `also` the permission a field asks for besides;
    `moved(plan, record, changes, version)` takes back a step to another stage. Both refuse with `edit_conflict`."""

    model: Any
    permission: str
    fields: Collection[str]
    change: Callable[[Plan, Any, dict[str, Any], int], Any]
    also: Mapping[str, str] = field(default_factory=dict)
    moved: Callable[[Plan, Any, Mapping[str, Any], int], Any] | None = None


class LastChange(NamedTuple):
    actor_id: int | None
    actor_name: str
    action: str
    changes: dict[str, Any]


UNDOINGS: Final[dict[str, Undoing]] = {}
LAST_CHANGE: Final = statement(
    "undo.last_change",
    """
    SELECT actor_id, actor_name, action, changes FROM audit_row
     WHERE record_type = %(record_type)s AND record_id = %(record_id)s::bigint AND action = ANY (%(actions)s::text[])
     ORDER BY recorded_at DESC, id DESC LIMIT 1
    """,
    tables="audit_row",
    scope="by_root",
    fact=LastChange,
)


def undoes(record_type: str, undoing: Undoing) -> None:
    """Makes changes of a type of record something that can be taken back."""
    UNDOINGS[record_type] = undoing


@for_anybody
def undo_change(plan: Plan, record_type: str, record_id: int, version: int) -> dict[str, Any]:
    """Puts back what the actor's own last change of a record replaced; `version` is the one that change made.

    Raises NotFound, PermissionDenied, `changed_by_another` (who) where the record was changed since or that change was
    not the actor's, `nothing_to_undo`, `cannot_undo` where a value can no longer be put back, and what the record's
    own command refuses.
    """
    undoing = UNDOINGS.get(record_type)
    if undoing is None:
        raise NotFound(record_type, record_id)
    check_may(plan, undoing.permission)
    found = plan.session.get(undoing.model, record_id, populate_existing=True)
    if found is None:
        raise NotFound(record_type, record_id)
    last = last_change(plan, record_type, record_id)
    if found.version != version or last.actor_id is None or last.actor_id != plan.actor.user_id:
        raise changed_by(last)
    try:
        _take_back(plan, record_type, undoing, found, last, version)
    except DomainError as error:
        if error.code == "edit_conflict":
            raise changed_by(last_change(plan, record_type, record_id)) from error
        raise
    return {"id": record_id, "record_type": record_type}


def _take_back(plan: Plan, record_type: str, undoing: Undoing, found: Any, last: LastChange, version: int) -> None:
    if last.action == f"{record_type}.moved" and undoing.moved is not None:
        undoing.moved(plan, found, last.changes, version)
        return
    before = {name: pair[0] for name, pair in last.changes.items() if last.action == f"{record_type}.changed"}
    values = _values(plan, record_type, undoing, before)
    if not values:
        raise DomainError("nothing_to_undo")
    for name in values.keys() & undoing.also.keys():
        check_may(plan, undoing.also[name])
    undoing.change(plan, found, values, version)


def check_may(plan: Plan, permission: str) -> None:
    """Raises PermissionDenied for whoever may not."""
    if not plan.actor.may(permission):
        raise PermissionDenied(permission)


def last_change(plan: Plan, record_type: str, record_id: int) -> LastChange:
    """What the trail says of a record's making or last change. The record is one that the actor sees."""
    actions = [f"{record_type}.{verb}" for verb in ("created", "changed", "moved")]
    [rows] = plan.fetch(LAST_CHANGE(record_type=record_type, record_id=record_id, actions=actions))
    return rows[0] if rows else LastChange(None, "", "", {})


def changed_by(last: LastChange) -> DomainError:
    """The refusal of what was changed since."""
    return DomainError("changed_by_another", name=last.actor_name)


def _values(plan: Plan, record_type: str, undoing: Undoing, before: Mapping[str, Any]) -> dict[str, Any]:
    """What stood in the fields, as the command takes it; what follows from others is left out."""
    columns = undoing.model.__table__.c
    given = {name: data for name, data in before.items() if name in undoing.fields}
    values = {name: _typed(record_type, columns[name], data) for name, data in given.items()}
    custom = {}
    for name, data in before.items():
        if not name.startswith(PREFIX):
            continue
        known = next((one for one in definitions_in(plan).of(record_type) if one.told == name), None)
        if known is None:
            raise DomainError("cannot_undo")
        custom[known.key] = None if data is None else from_data(known, data)
    return values | ({"custom": custom} if custom else {})


def _typed(record_type: str, column: Any, data: Any) -> Any:
    """A value as its column holds it, from what the trail keeps. For who does not see a field null says nothing, and an
    empty text empties it."""
    kind = column.type.python_type
    mask = RECORDS.get(record_type, {}).get(column.name)
    if data is None and mask and not sees(mask):
        if kind is not str:
            raise DomainError("cannot_undo")
        return ""
    if data is None:
        return None
    return date.fromisoformat(data) if kind is date else Decimal(data) if kind is Decimal else data
