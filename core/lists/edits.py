"""A field of a list's records edited in place: of one record, or the same of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.errors import DomainError, NotFound, PermissionDenied
from core.lists.bulk import Action, offer
from core.needs import for_anybody
from core.plan import Plan


@dataclass(frozen=True)
class Editing:
    """How fields of one kind of record are edited one by one: `change(plan, record_id, {field: value})` under
    `permission`; `fields` gives the field that a column of the list shows, `also` the permission a field asks for
    besides. `lock(plan, record_id)` locks what `change` locks before the record, so that both keep one order."""

    model: Any
    permission: str
    change: Callable[[Plan, int, dict[str, Any]], Any]
    fields: Mapping[str, str]
    also: Mapping[str, str]
    lock: Callable[[Plan, int], object] | None = None


EDITINGS: Final[dict[str, Editing]] = {}
EDIT: Final = "edit"


def edit_fields(list_name: str, editing: Editing) -> None:
    """Makes fields of a list's records editable in the list: one by one, and for many records at once."""
    EDITINGS[list_name] = editing

    def act(plan: Plan, record_id: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        field, value = data["field"], decode(editing, data)
        _check_may(plan, editing, field)
        before = _standing(plan, editing, record_id, field)
        if before != value:
            editing.change(plan, record_id, {field: value})
        return {"value": before}

    def undo(plan: Plan, record_id: int, before: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        field = data["field"]
        if _standing(plan, editing, record_id, field) != decode(editing, data):
            raise DomainError("changed_since")
        editing.change(plan, record_id, {field: decode(editing, {"field": field, **before})})

    offer(list_name, Action(EDIT, editing.permission, act, undo))


@for_anybody
def edit_record(plan: Plan, list_name: str, record_id: int, field: str, value: Any, was: Any) -> dict[str, Any]:
    """Changes one field of one record of a list. Raises NotFound, PermissionDenied, `changed_since` where the field no
    longer holds what was shown, and what the record refuses."""
    editing = EDITINGS.get(list_name)
    if editing is None or field not in editing.fields.values():
        raise NotFound("field", field)
    _check_may(plan, editing, field)
    if _standing(plan, editing, record_id, field) != was:
        raise DomainError("changed_since")
    if value != was:
        editing.change(plan, record_id, {field: value})
    return {"id": record_id}


def _check_may(plan: Plan, editing: Editing, field: str) -> None:
    """Raises PermissionDenied for who may not edit the record, or not this field of it."""
    column = next(name for name, stored in editing.fields.items() if stored == field)
    for permission in filter(None, (editing.permission, editing.also.get(column, ""))):
        if not plan.actor.may(permission):
            raise PermissionDenied(permission)


def _standing(plan: Plan, editing: Editing, record_id: int, field: str) -> Any:
    """What a field holds now. Raises NotFound for a record that is not seen."""
    if editing.lock is not None:
        editing.lock(plan, record_id)
    found = plan.session.get(editing.model, record_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound(editing.model.__tablename__, record_id)
    return getattr(found, field)


def decode(editing: Editing, data: Mapping[str, Any]) -> Any:
    """The value of a field as its column holds it, from what JSON keeps."""
    value, column = data["value"], editing.model.__table__.c[data["field"]]
    if value is None:
        return None
    kind = column.type.python_type
    return date.fromisoformat(value) if kind is date else Decimal(value) if kind is Decimal else value
