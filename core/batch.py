"""One statement out of a plan's writes: data-modifying common table expressions over arrays.

The text depends on which tables and columns are written, never on how many rows, so it stays prepared. Each column of
the rows is one array parameter. An UPDATE or DELETE that hits another number of rows than it was given raises in SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from core.encoding import dump_json
from core.statements import array_text, plain_array_text
from core.wire import Sent

Shape = tuple[str, Table, tuple[str, ...], tuple[str, ...]]
_DIALECT = postgresql.dialect()


@dataclass
class Change:
    """What a plan changes in one row: amounts to add, values to set."""

    deltas: dict[str, Decimal | int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def compose(
    inserts: Mapping[Table, Sequence[Mapping[str, Any]]],
    changes: Mapping[Table, Mapping[int, Change]],
    deletes: Mapping[Table, Sequence[int]],
    kept: Mapping[Table, Mapping[int, Mapping[str, Any]]] | None = None,
) -> Sent | None:
    """The statement that does all of it, with its parameters; None where there is nothing to write."""
    shapes: list[Shape] = []
    parameters: list[bytes | None] = []
    expected: list[int] = []
    for table, rows in inserts.items():
        shapes.append(("insert", table, (), ()))
        parameters += _rows(table, rows)
    for table, by_id in (kept or {}).items():
        shapes.append(("keep", table, (), ()))
        parameters += _rows(table, [by_id[key] for key in sorted(by_id)])
    for table, changed in changes.items():
        for (added, assigned), members in _by_shape(changed).items():
            shapes.append(("update", table, added, assigned))
            expected.append(len(members))
            parameters.append(plain_array_text([key for key, _ in members]).encode())
            columns = written_columns_by_name(table)
            parameters += [columns[name].encode([change.deltas[name] for _, change in members]) for name in added]
            parameters += [columns[name].encode([change.values[name] for _, change in members]) for name in assigned]
    for table, keys in deletes.items():
        shapes.append(("delete", table, (), ()))
        expected.append(len(keys))
        parameters.append(plain_array_text(keys).encode())
    if not shapes:
        return None
    parameters.append(plain_array_text(expected).encode())
    return _batch_text(tuple(shapes)), parameters


def _rows(table: Table, rows: Sequence[Mapping[str, Any]]) -> list[bytes | None]:
    return [column.encode([row.get(column.name, column.default) for row in rows]) for column in written_columns(table)]


def _by_shape(changes: Mapping[int, Change]) -> dict[tuple[Any, Any], list[tuple[int, Change]]]:
    shapes: dict[tuple[Any, Any], list[tuple[int, Change]]] = {}
    for key, change in sorted(changes.items()):
        shapes.setdefault((tuple(sorted(change.deltas)), tuple(sorted(change.values))), []).append((key, change))
    return shapes


@dataclass(frozen=True)
class WrittenColumn:
    """A written column: its plain default, the type of its array parameter, how the array is written."""

    name: str
    default: Any
    array_type: str
    is_json: bool
    is_plain: bool
    cast_to: str = ""

    def encode(self, values: list[Any]) -> bytes:
        if self.is_json:
            return array_text([None if value is None else dump_json(value) for value in values]).encode()
        return (plain_array_text(values) if self.is_plain else array_text(values)).encode()

    @property
    def cast(self) -> str:
        return f"d.{self.name}::{self.cast_to}" if self.cast_to else f"d.{self.name}"


@lru_cache(maxsize=512)
def written_columns(table: Table) -> tuple[WrittenColumn, ...]:
    """The columns of a table that a plan writes: all but those the database computes."""
    return tuple(_column(column) for column in table.columns if column.computed is None and column.identity is None)


@lru_cache(maxsize=512)
def written_columns_by_name(table: Table) -> dict[str, WrittenColumn]:
    return {column.name: column for column in written_columns(table)}


def _column(column: Any) -> WrittenColumn:
    kind = column.type.compile(_DIALECT).lower().split("(")[0].split(" collate ")[0]
    is_json, is_text = kind == "jsonb", kind in ("varchar", "char", "text", "tsvector")
    default = column.default.arg if column.default is not None and column.default.is_scalar else None
    array_type = "text[]" if is_json or is_text else f"{kind}[]"
    cast_to = kind if kind in ("jsonb", "tsvector") else ""
    return WrittenColumn(column.name, default, array_type, is_json, not (is_json or is_text), cast_to)


@lru_cache(maxsize=4096)
def _batch_text(shapes: tuple[Shape, ...]) -> bytes:
    """The batch's text: one common table expression per shape, parameters numbered in the order `compose` gives
    them."""
    number = count(1)
    parts, counted = [], []
    for index, (kind, table, added, assigned) in enumerate(shapes):
        name = f"w{index}"
        writer = _WRITERS[kind]
        parts.append(f"{name} AS ({writer(table, added, assigned, number)})")
        if kind in ("update", "delete"):
            counted.append((name, table.name))
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name, _ in counted)
    names = ", ".join(f"'{table}'" for _, table in counted)
    check = f"plan_applied(ARRAY[{names}]::text[], ARRAY[{counts}]::bigint[], ${next(number)}::bigint[])"
    return f"WITH {', '.join(parts)} SELECT {check}".encode()


def _insert_text(table: Table, _added: Any, _assigned: Any, number: Iterator[int]) -> str:
    columns = written_columns(table)
    names = ", ".join(column.name for column in columns)
    arrays = ", ".join(f"${next(number)}::{column.array_type}" for column in columns)
    values = ", ".join(column.cast for column in columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM unnest({arrays}) AS d ({names})"


def _keep_text(table: Table, added: Any, assigned: Any, number: Iterator[int]) -> str:
    key = next(iter(table.primary_key)).name
    changes = ", ".join(f"{column.name} = excluded.{column.name}" for column in written_columns(table))
    return f"{_insert_text(table, added, assigned, number)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


def _update_text(table: Table, added: Sequence[str], assigned: Sequence[str], number: Iterator[int]) -> str:
    columns = written_columns_by_name(table)
    key = next(iter(table.primary_key)).name
    names = [*added, *assigned]
    arrays = [f"${next(number)}::bigint[]", *(f"${next(number)}::{columns[name].array_type}" for name in names)]
    changes = [f"{name} = t.{name} + d.{name}" for name in added]
    changes += [f"{name} = {columns[name].cast}" for name in assigned]
    return (
        f"UPDATE {table.name} AS t SET {', '.join(changes)} FROM unnest({', '.join(arrays)}) "
        f"AS d (key, {', '.join(names)}) WHERE t.{key} = d.key RETURNING 1"
    )


def _delete_text(table: Table, _added: Any, _assigned: Any, number: Iterator[int]) -> str:
    keys = f"unnest(${next(number)}::bigint[]) AS d (key)"
    return f"DELETE FROM {table.name} AS t USING {keys} WHERE t.id = d.key RETURNING 1"


_WRITERS = {"insert": _insert_text, "keep": _keep_text, "update": _update_text, "delete": _delete_text}
