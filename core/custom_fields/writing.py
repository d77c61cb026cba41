"""Custom fields in the commands of their records: checked with the other fields, written and told in the same step.

A command takes `custom` (key → plain value) among its values, asks `take_custom` for what becomes of it before it
raises what is wrong, has the change told with that of the record, and writes once the record has its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.audit import tell
from core.custom_fields.definitions import Field, definitions_in
from core.custom_fields.kinds import check_value, from_data, text_key
from core.custom_fields.models import TABLES, FieldKind
from core.custom_fields.references import unseen_references
from core.custom_fields.values import ROWS, VALUES, ValueRow, covered, plain_value
from core.errors import FieldErrors
from core.masks import Masked, hint_of
from core.plan import Plan
from core.statements import Statement, statement

# The columns of each table of values, with their types.
_COLUMNS: Final = {
    "custom_text": {"text": "text", "text_key": "text"},
    "custom_number": {"number": "numeric"},
    "custom_day": {"day": "date"},
    "custom_flag": {"flag": "boolean"},
    "custom_chosen": {"choice_id": "bigint"},
    "custom_reference": {"reference_id": "bigint"},
}


def _deleting(table: str) -> Statement:
    return statement(
        f"custom_fields.delete_{table}",
        f"DELETE FROM {table} WHERE record_id = %(record_id)s::bigint AND field_id = ANY (%(field_ids)s::bigint[])",  # noqa: S608 (names of tables, no values)
        tables=table,
        scope="by_root",
    )


def _inserting(table: str, columns: Mapping[str, str]) -> Statement:
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in columns.items())
    return statement(
        f"custom_fields.insert_{table}",
        f"INSERT INTO {table} (record_id, field_id, {', '.join(columns)}) "  # noqa: S608 (names of tables, no values)
        f"SELECT %(record_id)s::bigint, given.* FROM unnest(%(field_id)s::bigint[], {arrays}) AS given",
        tables=table,
        scope="by_root",
    )


DELETE: Final = {table: _deleting(table) for table in _COLUMNS}
INSERT: Final = {table: _inserting(table, columns) for table, columns in _COLUMNS.items()}


@dataclass
class Custom:
    """What becomes of a record's custom fields: before and after by key, of fields in use; what is wrong is in
    `errors`."""

    errors: FieldErrors
    fields: Sequence[Field] = ()
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    is_new: bool = False

    @property
    def changed(self) -> list[Field]:
        """The fields that have another value now."""
        return [each for each in self.fields if self.before.get(each.key) != self.after.get(each.key)]

    @property
    def told(self) -> dict[str, Any]:
        """What the audit trail says of it: [before, after], or what a new record has."""
        pairs = {each.told: (self.before.get(each.key), self.after.get(each.key)) for each in self.changed}
        if self.is_new:
            return {name: _as_data(after) for name, (_, after) in pairs.items()}
        return {name: [_as_data(before), _as_data(after)] for name, (before, after) in pairs.items()}

    def tell(self, plan: Plan, record: Any) -> None:
        """Has the change told with the record's own, which the session is about to write; its version goes up also
        where nothing else of it has changed."""
        if self.changed:
            tell(plan, record, self.told)
            if not self.is_new:
                record.version = record.version + 1

    def write(self, plan: Plan, record_id: int) -> None:
        """Writes what has changed, in one round trip. The record is new or locked by the command."""
        changed = self.changed
        if not changed:
            return
        tables: dict[str, list[Field]] = {}
        for each in changed:
            tables.setdefault(TABLES[FieldKind(each.kind)].__tablename__, []).append(each)
        queries = []
        for table, fields in sorted(tables.items()):
            if not self.is_new:
                queries.append(DELETE[table](record_id=record_id, field_ids=[each.id for each in fields]))
            rows = [row for each in fields for row in _rows(each, self.after.get(each.key))]
            if rows:
                columns = dict(zip(("field_id", *_COLUMNS[table]), zip(*rows, strict=True), strict=True))
                queries.append(INSERT[table](record_id=record_id, **columns))
        plan.fetch(*queries)

    def insert(self, plan: Plan, record_id: int) -> None:
        """Adds to the plan what a new record of many has."""
        for each in self.changed:
            model = TABLES[FieldKind(each.kind)]
            names = ("field_id", *_COLUMNS[model.__tablename__])
            for row in _rows(each, self.after.get(each.key)):
                plan.insert(model, record_id=record_id, **dict(zip(names, row, strict=True)))

    def answer(self) -> dict[str, Any]:
        """`custom` as the command answers it: every field in use, null where there is nothing, or
        what is referred to is nothing to its actor."""
        return {
            each.key: None if each.key in self.unseen - {key.key for key in self.changed} else self.after.get(each.key)
            for each in self.fields
        }

    def shown_before(self) -> dict[str, Any]:
        """What stands there now, as the actor may see it: for who meant to change something older."""
        return {
            each.key: Masked(ROWS) if each.key in self.unseen else covered(each, self.before.get(each.key))
            for each in self.fields
        }


def take_custom(plan: Plan, record_type: str, given: Mapping[str, Any] | None, record_id: int | None = None) -> Custom:
    """What becomes of the custom fields of a record that is made, or that the command has locked, when it is given
    these values by key.

    A new record has each field's preset where nothing was given, and every required field. A change leaves alone what
    it does not name. What does not fit stands in `errors` by the field's name, `custom.KEY`; the caller raises it.
    Reads at most what fields there are, what the record has, and whether what is referred to can be seen.
    """
    custom = Custom(FieldErrors(), definitions_in(plan).of(record_type), is_new=record_id is None)
    if record_id is not None and custom.fields:
        [rows] = plan.fetch(VALUES(record_ids=[record_id], field_ids=[each.id for each in custom.fields]))
        _take_before(custom, rows)
    for name in unseen_references(plan, _take_given(custom, given or {})):
        custom.errors.add(name, "reference_unknown")
    return custom


def take_many(plan: Plan, record_type: str, given: Iterable[Mapping[str, Any]]) -> list[Custom]:
    """The same for many records that are made together; reads what it does for one."""
    fields = definitions_in(plan).of(record_type)
    taken: list[Custom] = []
    wanted: dict[tuple[int, str], tuple[str, int]] = {}
    for place, values in enumerate(given):
        taken.append(Custom(FieldErrors(), fields, is_new=True))
        wanted |= {(place, name): meant for name, meant in _take_given(taken[place], values).items()}
    for place, name in unseen_references(plan, wanted):
        taken[place].errors.add(name, "reference_unknown")
    return taken


def kept_values(plan: Plan, record_type: str, record_id: int, keys: Iterable[str]) -> dict[str, Any]:
    """What a record has in these fields now, as data that `from_data` reads; null where it has nothing."""
    fields = [each for key in keys if (each := definitions_in(plan).find(record_type, key)) is not None]
    [rows] = plan.fetch(VALUES(record_ids=[record_id], field_ids=[each.id for each in fields]))
    held = {each.key: [row for row in rows if row.field_id == each.id] for each in fields}
    return {each.key: _as_data(plain_value(each, own)) if (own := held[each.key]) else None for each in fields}


def _take_given(custom: Custom, given: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Takes what was given, or what a new record has by itself; answers what it refers to by the fields' names."""
    if not custom.fields and not given:
        return {}
    for name in given.keys() - {each.key for each in custom.fields}:
        custom.errors.add(f"custom.{name}", "unknown_field")
    custom.after = dict(custom.before)
    wanted: dict[str, tuple[str, int]] = {}
    for each in custom.fields:
        if each.key in given:
            _take(custom, each, given[each.key])
        elif custom.is_new and each.preset is not None:
            custom.after[each.key] = check_value(each, from_data(each, each.preset), FieldErrors())
        value = custom.after.get(each.key)
        if value is None and each.is_required and (custom.is_new or each.key in given):
            custom.errors.add(each.column, "required")
        if each.target and value is not None and value != custom.before.get(each.key):
            wanted[each.column] = (each.target, value)
    return wanted


def _take_before(custom: Custom, rows: Sequence[ValueRow]) -> None:
    by_id: dict[int, list[ValueRow]] = {}
    for row in rows:
        by_id.setdefault(row.field_id, []).append(row)
    unseen = set()
    for each in custom.fields:
        if own := by_id.get(each.id):
            custom.before[each.key] = plain_value(each, own)
            if each.kind == FieldKind.REFERENCE and own[0].label is None:
                unseen.add(each.key)
    custom.unseen = frozenset(unseen)


def _take(custom: Custom, each: Field, value: Any) -> None:
    """Takes a value that was given. For who does not see what is there, null and its mask leave it; an empty text
    empties it."""
    before = custom.before.get(each.key)
    if before is not None and (not each.is_seen or each.key in custom.unseen):
        hint = hint_of(each.mask, before) if each.mask and each.kind == FieldKind.TEXT else None
        if value is None or isinstance(value, Masked) or (hint is not None and value == hint):
            return
    if isinstance(value, Masked):
        value = None
    if each.mask and isinstance(value, str) and "•" in value:
        custom.errors.add(each.column, "mask_written")
        return
    custom.after[each.key] = check_value(each, value, custom.errors, before)


def _rows(each: Field, value: Any) -> list[tuple[Any, ...]]:
    """The rows of a value in its table, without the record."""
    if value is None:
        return []
    if each.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        codes = value if isinstance(value, list) else [value]
        return [(each.id, choice.id) for choice in each.choices if choice.code in codes]
    return [(each.id, value, text_key(value)) if each.kind == FieldKind.TEXT else (each.id, value)]


def _as_data(value: Any) -> Any:
    """A value as the audit trail keeps it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
