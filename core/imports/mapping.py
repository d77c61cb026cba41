"""Which column of a file fills which field: guessed, remembered, checked; always by what the actor may set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import FieldErrors
from core.imports.fields import guess_mapping, guess_units
from core.imports.kinds import Kind
from core.imports.reading import Line
from core.plan import Plan


def still_open(plan: Plan, kind: Kind, mapping: dict[str, Any]) -> dict[str, Any]:
    """A mapping without fields that are there no more, or are not the actor's to set."""
    names = {wanted.name for wanted in kind.open_fields(plan.actor.may)}
    return {name: told for name, told in mapping.items() if name in names}


def with_guarded(kind: Kind, mapping: dict[str, Any], guess: Mapping[str, Any]) -> dict[str, Any]:
    """Another's mapping, and what he may not have been let set: fields under a permission, guessed from columns that he
    has left open. Without them such a column would be passed over for whoever may set it."""
    guarded = {wanted.name for wanted in kind.all_fields() if wanted.permission} - mapping.keys()
    taken = {told["column"] for told in mapping.values()}
    return mapping | {name: told for name, told in guess.items() if name in guarded and told["column"] not in taken}


def guessed(plan: Plan, kind: Kind, heads: Sequence[str], samples: Sequence[Line]) -> dict[str, Any]:
    """The column, and how its cells are meant, of every field that a head is like; `samples` are first rows."""
    fields = kind.open_fields(plan.actor.may)
    columns = guess_mapping(fields, heads)
    units = guess_units(fields, columns, samples)
    found: dict[str, Any] = {name: {"column": column} for name, column in columns.items()}
    for name, unit in units.items():
        found[name]["unit"] = unit
    return found


def check_mapping(plan: Plan, kind: Kind, heads: Sequence[str], mapping: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises InvalidInput beside each field that cannot come from its column, or lacks one."""
    errors = FieldErrors()
    fields = {wanted.name: wanted for wanted in kind.all_fields()}
    for name, told in mapping.items():
        column = told.get("column")
        if name not in fields:
            errors.add(name, "unknown_choice", choices=list(fields))
        elif (permission := fields[name].permission) and not plan.actor.may(permission):
            errors.add(name, "import_field_forbidden")
        elif not isinstance(column, int) or not 0 <= column < len(heads):
            errors.add(name, "not_a_choice")
    for wanted in fields.values():
        if wanted.required and wanted.name not in mapping:
            errors.add(wanted.name, "import_column_needed")
    if kind.needed_any and not any(name in mapping for name in kind.needed_any):
        errors.add(kind.needed_any[0], "import_column_needed")
    errors.raise_if_any()
