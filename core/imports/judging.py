"""What is to be done with each record of a file, and doing it: the same way in a dry run and when it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import DomainError, FieldError
from core.imports.facts import BatchFact, RowFact
from core.imports.fields import Field, Unreadable
from core.imports.kinds import Kind, Many, Row, Unit
from core.imports.models import Action
from core.masks import shown_refusal
from core.plan import Plan


def units_of(rows: Iterable[RowFact]) -> list[Unit]:
    """Rows by record, in order."""
    units: dict[int, Unit] = {}
    for row in rows:
        made = Row(row.position, row.line, row.cells)
        if row.unit in units:
            units[row.unit].rows.append(made)
        else:
            choice = Action(row.choice) if row.choice else None
            units[row.unit] = Unit([made], choice, row.data, row.data)
    return list(units.values())


def read_cells(kind: Kind, mapping: Mapping[str, Any], units: Sequence[Unit], may: Any) -> None:
    """Fills the values of every row from its cells, and says which could not be read or are missing.

    A field that the importer may not set, or that is there no more, was so when the columns were chosen: its cells are
    refused, never passed over.
    """
    fields = {wanted.name: wanted for wanted in kind.all_fields()}
    taken = [(fields[name], told["column"], told.get("unit", "")) for name, told in mapping.items() if name in fields]
    lost = {name: "unknown_field" for name in mapping if name not in fields}
    lost |= {part[0].name: "import_field_forbidden" for part in taken if not _is_open(part[0], may)}
    needed = [wanted.name for wanted in fields.values() if wanted.required]
    for unit in units:
        for row in unit.rows:
            for name, code in lost.items():
                if _cell(row, mapping[name]["column"]) is not None:
                    row.faults[name] = FieldError(code)
            for wanted, column, how in taken:
                if wanted.name in lost:
                    continue
                text = _cell(row, column)
                if text is None:
                    continue
                try:
                    row.values[wanted.name] = wanted.read(text, how)
                except Unreadable as error:
                    row.faults[wanted.name] = error.fault
            for name in needed:
                if row.values.get(name) is None and name not in row.faults:
                    row.faults[name] = FieldError("required")


def _is_open(wanted: Field, may: Any) -> bool:
    return not wanted.permission or may(wanted.permission)


def _cell(row: Row, column: int) -> str | None:
    return row.cells[column] if column < len(row.cells) else None


def resolve_references(plan: Plan, kind: Kind, units: Sequence[Unit]) -> None:
    """Replaces what a reference says by the id it means; one statement for each field that refers to something."""
    rows = [row for unit in units for row in unit.rows]
    for wanted in kind.all_fields():
        if wanted.look_up is None:
            continue
        texts = sorted({text for row in rows if isinstance(text := row.values.get(wanted.name), str)})
        if not texts:
            continue
        [answers] = plan.fetch(wanted.look_up(texts=texts))
        found: dict[str, list[int]] = {}
        for text, identity in answers:
            found.setdefault(text, []).append(identity)
        for row in rows:
            text = row.values.get(wanted.name)
            if not isinstance(text, str):
                continue
            ids = found.get(text, [])
            if len(ids) == 1:
                row.values[wanted.name] = ids[0]
            else:
                del row.values[wanted.name]
                code = "import_ambiguous" if ids else "import_not_found"
                row.faults[wanted.name] = FieldError(code, {"text": text[:80]})


def judge(plan: Plan, kind: Kind, units: Sequence[Unit], policy: Action) -> None:
    """Says of every unit what is to be done with it, or why nothing can be; nothing that it tries stays."""
    find(plan, kind.look or kind.find, units)
    _decide(kind, units, policy)
    refused = [unit for unit in units if any(row.faults for row in unit.rows)]
    if kind.check_fields is not None and refused:
        kind.check_fields(plan, refused)
    tried = [unit for unit in units if unit.action in (Action.CREATE, Action.UPDATE) and not unit.is_bad]
    new = [unit for unit in tried if unit.action is Action.CREATE]
    if kind.check is not None:
        kind.check(plan, new)
        tried = [unit for unit in tried if unit.action is Action.UPDATE]
    for unit in tried:
        _do_one(plan, kind, unit, keep=False)


def carry_out(plan: Plan, kind: Kind, units: Sequence[Unit], policy: Action) -> None:
    """Does what is to be done. Units that are the same record are done one after the other, so that a later one meets
    what an earlier one made."""
    waiting = list(units)
    while waiting:
        now, waiting = _apart(plan, kind, waiting)
        _decide(kind, now, policy)
        good = [unit for unit in now if not unit.is_bad]
        new = [unit for unit in good if unit.action is Action.CREATE]
        if kind.create_many is not None and new:
            if kind.check is not None:
                kind.check(plan, new)
            kind.create_many(plan, [unit for unit in new if not unit.is_bad])
            good = [unit for unit in good if unit.action is not Action.CREATE]
        for unit in good:
            if unit.action in (Action.CREATE, Action.UPDATE):
                _do_one(plan, kind, unit, keep=True)


def _apart(plan: Plan, kind: Kind, units: list[Unit]) -> tuple[list[Unit], list[Unit]]:
    """The units of which no two share a key, and those that wait for one of them."""
    find(plan, kind.find, units)
    now: list[Unit] = []
    later: list[Unit] = []
    seen: set[str] = set()
    for unit in units:
        (later if not unit.is_bad and seen.intersection(unit.keys) else now).append(unit)
        seen.update(unit.keys)
    return now, later


def find(plan: Plan, look: Many, units: Sequence[Unit]) -> None:
    """Looks up the record that is there already of every unit that could be read."""
    good = [unit for unit in units if not unit.is_bad]
    for unit in good:
        unit.found, unit.keys = None, []
    if good:
        look(plan, good)


def _decide(kind: Kind, units: Sequence[Unit], policy: Action) -> None:
    for unit in units:
        found = unit.found
        wanted = unit.choice or policy
        if unit.is_bad:
            continue
        if found is None:
            unit.action = Action.SKIP if unit.choice is Action.SKIP else Action.CREATE
        elif wanted is Action.SKIP:
            unit.action = Action.SKIP
        elif found.is_hidden or wanted is Action.CREATE:
            unit.refuse(found.refusal or DomainError("import_exists", label=found.label))
        else:
            unit.action = wanted


def _do_one(plan: Plan, kind: Kind, unit: Unit, *, keep: bool) -> None:
    act = kind.create if unit.action is Action.CREATE else kind.change
    if act is None:
        unit.refuse(DomainError("import_exists", label=unit.found.label if unit.found else ""))
        return
    try:
        with plan.attempt() as attempt:
            act(plan, unit)
            if not keep:
                attempt.take_back()
    except DomainError as error:
        unit.refuse(error)
    if not keep or unit.is_bad:
        unit.record_id, unit.before, unit.version = None, None, None


def reasons_of(unit: Unit, row: Row) -> list[dict[str, Any]] | None:
    """Why a row is refused, and what there is to remark, as it is kept: fields, codes, data of their sentences."""
    found: list[dict[str, Any]] = []
    if unit.refusal is not None:
        found.append({"field": None, "code": unit.refusal.code, "data": dict(shown_refusal(unit.refusal.data))})
    for name, fault in row.faults.items():
        found.append({"field": name, "code": fault.code, "data": dict(fault.data)})
    if unit.is_bad and not found:
        bad = next(other.line for other in unit.rows if other.faults)
        found.append({"field": None, "code": "import_other_row", "data": {"line": bad}})
    if row is unit.rows[0]:
        found += [
            {"field": name, "code": fault.code, "data": dict(fault.data), "note": True}
            for name, fault in unit.notes.items()
        ]
    return found or None


def policy_of(batch: BatchFact) -> Action:
    return Action(batch.options.get("existing") or Action.SKIP)
