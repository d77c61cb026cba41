"""Kinds of records that can be brought in: each is a declaration; the frame reads, maps, checks, does and undoes.

A kind says its fields, how a record that is there already is found, and the domain's own commands that create and
change one. What those commands refuse is the reason of a row, in a dry run too: there they are run and taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import DomainError, FieldError
from core.imports.company_fields import company_fields
from core.imports.fields import Field
from core.imports.models import Action
from core.plan import Plan

Values = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """The record there is already; `is_hidden` where the importer does not see it, and may only be told whose it is."""

    id: int
    label: str
    owner: str | None = None
    is_hidden: bool = False
    refusal: DomainError | None = None


@dataclass
class Row:
    """One row of the file: its cells read (`values`), and what is wrong with it by field."""

    position: int
    line: int
    cells: list[str | None]
    values: Values = field(default_factory=dict)
    faults: dict[str, FieldError] = field(default_factory=dict)


@dataclass
class Unit:
    """The rows of one record, and what is to be done with them.

    `data` is what the check made of the values, kept for the doing, and `kept_data` as much of it as is kept already;
    `ready` what one step hands to the next. `keys` are what the record is known by: two units of a file with a key in
    common are the same record. `notes` are remarks that refuse nothing.
    """

    rows: list[Row]
    choice: Action | None = None
    data: Values | None = None
    kept_data: Values | None = None
    keys: list[str] = field(default_factory=list)
    found: Found | None = None
    action: Action | None = None
    record_id: int | None = None
    before: Values | None = None
    version: int | None = None
    notes: dict[str, FieldError] = field(default_factory=dict)
    refusal: FieldError | None = None
    ready: Any = None

    @property
    def values(self) -> Values:
        """The values of the record: those of its first row."""
        return self.rows[0].values

    @property
    def is_bad(self) -> bool:
        return self.refusal is not None or any(row.faults for row in self.rows)

    def refuse(self, error: DomainError) -> None:
        """Takes a refusal as the reason: beside its fields where it names some. Those of lines belong to their rows."""
        for name, fault in error.fields.items():
            parts = name.split(".")
            row = self.rows[0]
            if len(parts) == 3 and parts[0] == "lines" and parts[1].isdecimal():
                row, name = self.rows[min(int(parts[1]), len(self.rows) - 1)], parts[2]
            row.faults.setdefault(name, fault)
        if not error.fields:
            self.refusal = FieldError(error.code, error.data)


Many = Callable[[Plan, Sequence[Unit]], None]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of records as files bring them.

    `permission` is that of writing them; `record_type` what audit rows call them, `table` where they stand. `group_by`
    names the field whose rows make one record. `find` sets `unit.found` (and `unit.keys`) for units without faults.

    `look` finds for a dry run, where `find` takes locks.

    One by one: `create(plan, unit)` and `change(plan, unit)` run the domain's commands and set `record_id` (and
    `before`, the values an update writes over, and `version`); `restore(plan, id, before, version)` puts them back and
    answers the version that makes.
    Many at once: `check` judges units without writing, `create_many` writes what was judged. `check_fields` adds to
    units that are refused for some of their fields what is wrong with the others. `foresee(cells, state)` may ask pure
    functions that remember for what the check or the doing (`state`) of rows to come will ask them, by the rows' filled
    cells.

    `own_parts` are the tables whose rows are part of a record, by the column that names it; of `listed_parts` among
    them only those rows whose ids the import noted (`before["parts"]`). Anything else that refers to a record was built
    on it, unless `built_on(plan, batch_id, rows)` says otherwise. `remove(plan, ids)` deletes records on which nothing
    was built; `take_back(plan, units)` instead reverses what cannot be deleted. `existing` is what is proposed for
    records there are already. With `has_custom`, the fields that a company has added to records of `table` come in as
    well.
    """

    name: str
    zh: str
    en: str
    permission: str
    record_type: str
    fields: Sequence[Field]
    find: Many
    look: Many | None = None
    create: Callable[[Plan, Unit], None] | None = None
    change: Callable[[Plan, Unit], None] | None = None
    check: Many | None = None
    check_fields: Many | None = None
    create_many: Many | None = None
    foresee: Callable[[Sequence[Mapping[str, str]], str], None] | None = None
    group_by: str = ""
    table: str = ""
    own_parts: Mapping[str, str] = field(default_factory=dict)
    listed_parts: Sequence[str] = ()
    restore: Callable[[Plan, int, Values, int], int | None] | None = None
    remove: Callable[[Plan, Sequence[int]], None] | None = None
    take_back: Many | None = None
    built_on: Callable[[Plan, int, Sequence[Any]], list[Any]] | None = None
    label: str = "name"
    endpoint: str = ""
    argument: str = ""
    needed_any: Sequence[str] = ()
    has_custom: bool = False
    batch: int = 500
    existing: Action = Action.SKIP

    def title(self, language: str) -> str:
        """What the records are called, in the plural."""
        return self.zh if language == "zh" else self.en

    def all_fields(self) -> list[Field]:
        """The fields declared, and those a company has added to these records."""
        return [*self.fields, *(company_fields(self.table) if self.has_custom else ())]

    def open_fields(self, may: Callable[[str], bool]) -> list[Field]:
        """Those of them that somebody may set."""
        return [wanted for wanted in self.all_fields() if not wanted.permission or may(wanted.permission)]

    def field(self, name: str) -> Field | None:
        return next((wanted for wanted in self.all_fields() if wanted.name == name), None)


KINDS: dict[str, Kind] = {}


def declare(kind: Kind) -> Kind:
    """Registers a kind. Raises ValueError for a name that is taken."""
    if kind.name in KINDS:
        raise ValueError(f"the kind {kind.name} is declared twice")
    KINDS[kind.name] = kind
    return kind
