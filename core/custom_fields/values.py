"""The values of records, read for a page of records at once, as the person of the call may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from core.custom_fields.definitions import Field, fields_of
from core.custom_fields.kinds import plain_decimal
from core.custom_fields.models import VALUE_TABLES, FieldKind
from core.custom_fields.references import TABLES, label_sql
from core.masks import Masked, hint_of
from core.money import MONEY_PLACES
from core.queries.reading import fetch, read
from core.statements import Query, statement

ROWS: Final = "rows"
"""What a reference to a record that the reader does not see is masked as."""


class ValueRow(NamedTuple):
    """A row of one of the tables of values, with what a reference is called as far as the viewer may know."""

    record_id: int
    field_id: int
    text: str | None
    number: Decimal | None
    day: date | None
    flag: bool | None
    choice_id: int | None
    reference_id: int | None
    label: str | None


class Value(NamedTuple):
    """What a record has in a field: the plain value, or its mask; `label` is what a reference is called."""

    field: Field
    data: Any
    label: str | None = None


Values = dict[str, Value]
"""The values of a record by the keys of its fields; nothing where it has nothing."""

_LABEL = label_sql("(SELECT target FROM custom_field WHERE custom_field.id = value.field_id)", "value.reference_id")
_OF = "value.record_id = ANY (%(record_ids)s::bigint[]) AND value.field_id = ANY (%(field_ids)s::bigint[])"
_NOTHING: Final = {
    "text": "NULL::text",
    "number": "NULL::numeric",
    "day": "NULL::date",
    "flag": "NULL::boolean",
    "choice_id": "NULL::bigint",
    "reference_id": "NULL::bigint",
}


def _part(table: str, column: str, label: str = "NULL::text") -> str:
    columns = ", ".join(f"value.{name}" if name == column else nothing for name, nothing in _NOTHING.items())
    return f"SELECT value.record_id, value.field_id, {columns}, {label} FROM {table} AS value WHERE {_OF}"  # noqa: S608 (names of tables and columns, no values)


VALUES = statement(
    "custom_fields.values",
    " UNION ALL ".join(
        (
            _part("custom_text", "text"),
            _part("custom_number", "number"),
            _part("custom_day", "day"),
            _part("custom_flag", "flag"),
            _part("custom_chosen", "choice_id"),
            _part("custom_reference", "reference_id", _LABEL),
        )
    ),
    tables=f"{VALUE_TABLES} custom_field {TABLES}",
    scope="scoped",
    fact=ValueRow,
)


def values_query(record_type: str, record_ids: Iterable[int], keys: Iterable[str] | None = None) -> Query | None:
    """The statement that reads the values of records that were loaded as the viewer sees them, in all fields or those
    of `keys`; to be sent beside others. None where there is nothing to read."""
    ids = sorted(set(record_ids))
    wanted = None if keys is None else set(keys)
    fields = [field.id for field in fields_of(record_type) if wanted is None or field.key in wanted]
    return VALUES(record_ids=ids, field_ids=fields) if ids and fields else None


def make_values(record_type: str, rows: Sequence[ValueRow]) -> dict[int, Values]:
    """The values by record, of the rows that `values_query` read; masked for who may not see them."""
    fields = {field.id: field for field in fields_of(record_type)}
    found: dict[int, Values] = {}
    for (record_id, field_id), own in _by_field(rows).items():
        if (field := fields.get(field_id)) is not None:
            found.setdefault(record_id, {})[field.key] = _value(field, own)
    return found


def read_values(
    connection: Connection, record_type: str, record_ids: Iterable[int], keys: Iterable[str] | None = None
) -> dict[int, Values]:
    """The same, read in the snapshot of a page: one statement for all records and fields, none where a company has no
    custom fields of this type."""
    query = values_query(record_type, record_ids, keys)
    return make_values(record_type, fetch(connection, query)[0]) if query is not None else {}


def values_of(record_type: str, record_ids: Iterable[int], keys: Iterable[str] | None = None) -> dict[int, Values]:
    """The same on a connection of its own."""
    query = values_query(record_type, record_ids, keys)
    return make_values(record_type, read(query)[0]) if query is not None else {}


def as_custom(record_type: str, values: Mapping[str, Value] | None) -> dict[str, Any]:
    """A record's `custom` as the API answers it: every field in use, null where it has nothing."""
    values = values or {}
    return {field.key: values[field.key].data if field.key in values else None for field in fields_of(record_type)}


def plain_value(field: Field, rows: Sequence[ValueRow]) -> Any:
    """What the rows of one record and field say."""
    row = rows[0]
    if field.kind == FieldKind.CHOICES:
        chosen = {each.choice_id for each in rows}
        return [choice.code for choice in field.choices if choice.id in chosen]
    if field.kind == FieldKind.CHOICE:
        choice = field.choice_of(row.choice_id)
        return choice.code if choice else None
    return {
        FieldKind.TEXT: row.text,
        FieldKind.NUMBER: None if row.number is None else plain_decimal(row.number),
        FieldKind.MONEY: None if row.number is None else round(row.number, MONEY_PLACES),
        FieldKind.DATE: row.day,
        FieldKind.REFERENCE: row.reference_id,
        FieldKind.YES_NO: row.flag,
    }[FieldKind(field.kind)]


def covered(field: Field, data: Any) -> Any:
    """A value as the person of the call may see it."""
    if data is None or field.is_seen or field.mask is None:
        return data
    return (
        Masked(field.mask, hint_of(field.mask, data)) if isinstance(data, str) and _hints(field) else Masked(field.mask)
    )


def _hints(field: Field) -> bool:
    return field.kind == FieldKind.TEXT


def _value(field: Field, rows: Sequence[ValueRow]) -> Value:
    data, label = plain_value(field, rows), rows[0].label
    if not field.is_seen:
        return Value(field, covered(field, data))
    if field.kind == FieldKind.REFERENCE and label is None:
        return Value(field, Masked(ROWS))
    return Value(field, data, label)


def _by_field(rows: Sequence[ValueRow]) -> dict[tuple[int, int], list[ValueRow]]:
    found: dict[tuple[int, int], list[ValueRow]] = {}
    for row in rows:
        found.setdefault((row.record_id, row.field_id), []).append(row)
    return found
