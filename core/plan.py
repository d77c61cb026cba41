"""The plan: what a command would write, kept as data until it is applied in one statement together with COMMIT.

A command fetches its facts under lock in one round trip (`fetch`), decides in plain Python, and adds its writes
(`insert`, `add`, `set`, `delete`). `apply` takes all document numbers in one statement, composes one statement of
data-modifying common table expressions out of the writes, and sends it with COMMIT in one pipeline. The text depends on
which tables and columns are written, never on how many rows, so it stays prepared. The preview is the same plan, shown
(`effects`) and rolled back.

Facts that were read under lock cannot change before the batch; should an UPDATE all the same miss a row, the batch
raises in SQL, since a count read after a pipelined COMMIT would come too late.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from core import database as db
from core.context import Context
from core.encoding import dump_json
from core.statements import Query, array_text, statement

SET_ACTOR = statement(
    "plan.set_actor",
    "SELECT set_config('countinghouse.actor', %(actor)s, true)",
    tables="",
    scope="system",
)
TAKE_NUMBERS = statement(
    "plan.take_numbers",
    """
    INSERT INTO number_series AS series (kind, year, last_value, last_recorded_at)
    SELECT kind, year, amount, %(recorded_at)s::timestamptz
      FROM unnest(%(kinds)s::text[], %(years)s::int[], %(amounts)s::int[]) AS wanted (kind, year, amount)
     ORDER BY kind, year
    ON CONFLICT (kind, year) DO UPDATE
       SET last_value = series.last_value + excluded.last_value,
           last_recorded_at = greatest(series.last_recorded_at, excluded.last_recorded_at)
    RETURNING kind, year, last_value, last_recorded_at
    """,
    tables="number_series",
    scope="system",
)
TRACE = frozenset(("audit_row", "outbox_event", "idempotency_key"))
FREE_TEXTS = frozenset(("reason", "memo", "note", "cancel_reason", "reference"))
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class PlanConflict(Exception):
    """A write of the batch hit another number of rows than the facts promised; the command is tried again."""


class Number:
    """A document number that is taken just before the batch; `str()` of it works once it has been."""

    __slots__ = ("kind", "recorded_at", "text", "year")

    def __init__(self, kind: str, year: int) -> None:
        self.kind = kind
        self.year = year
        self.text: str | None = None
        self.recorded_at = RecordedAt(self)

    def __str__(self) -> str:
        if self.text is None:
            raise RuntimeError("the number has not been taken yet")
        return self.text


class RecordedAt:
    """The moment a numbered document is recorded: never earlier than the number before it in its series."""

    __slots__ = ("moment", "number")

    def __init__(self, number: Number) -> None:
        self.number = number
        self.moment: datetime | None = None


class Text:
    """A text around numbers that are not taken yet, e.g. `Text("{} {}", invoice, order)`."""

    __slots__ = ("parts", "pattern")

    def __init__(self, pattern: str, *parts: object) -> None:
        self.pattern = pattern
        self.parts = parts

    def __str__(self) -> str:
        return self.pattern.format(*map(str, self.parts))


@dataclass(frozen=True)
class Effect:
    """One consequence in the reader's terms, for the preview: a kind (sentence at the edge) and its data."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Plan:
    """One command's facts, decisions and writes, on one connection and inside one transaction."""

    def __init__(self, connection: Connection, context: Context) -> None:
        self.connection = connection
        self.context = context
        self.actor = context.actor
        self.now: datetime = context.now
        self.effects: list[Effect] = []
        self.warnings: list[Effect] = []
        self._preamble: list[Query] = [SET_ACTOR(actor=str(context.actor.user_id or ""))]
        self._on_open: Callable[[list[list[Any]]], None] | None = None
        self._opened = False
        self._session: Session | None = None
        self._inserts: dict[Table, list[dict[str, Any]]] = {}
        self._changes: dict[Table, dict[int, _Change]] = {}
        self._deletes: dict[Table, list[int]] = {}
        self._numbers: list[Number] = []
        self._ids: dict[int, int] = {}

    # reading ----------------------------------------------------------------------------------------------------------
    @property
    def today(self) -> date:
        """The company's calendar day at `now`."""
        return self.context.today

    @property
    def session(self) -> Session:
        """The ORM session of this transaction, for records that people edit."""
        if self._session is None:
            self.open()
            self._session = Session(self.connection, autoflush=True, expire_on_commit=False)
            self._session.info["plan"] = self
        return self._session

    def before_opening(self, queries: Iterable[Query], then: Callable[[list[list[Any]]], None]) -> None:
        """Sends `queries` ahead of the first fetch in the same round trip and hands their rows to `then`."""
        self._preamble.extend(queries)
        self._on_open = then

    def open(self) -> None:
        """Begins the transaction now, if no fetch has done so."""
        if not self._opened:
            self.fetch()

    def fetch(self, *queries: Query) -> list[list[Any]]:
        """Rows of each query, all sent in one round trip and in the given order (the order in which locks are
        taken)."""
        opening = not self._opened
        sent = [*self._preamble, *queries] if opening else list(queries)
        rows = _execute(db.driver(self.connection), sent)
        if opening:
            self._opened = True
            own, rows = rows[: len(self._preamble)], rows[len(self._preamble) :]
            if self._on_open is not None:
                self._on_open(own[1:])
        return rows

    # deciding ---------------------------------------------------------------------------------------------------------
    def effect(self, kind: str, **data: Any) -> None:
        """Notes a consequence for the preview."""
        self.effects.append(Effect(kind, data))

    def warn(self, kind: str, **data: Any) -> None:
        """Notes something the actor should know before confirming; it does not refuse."""
        self.warnings.append(Effect(kind, data))

    def number(self, kind: str, on: date) -> Number:
        """The next number of a series in the year of `on`; known once the numbers are taken."""
        number = Number(kind, on.year)
        self._numbers.append(number)
        return number

    def new_id(self) -> int:
        value = db.next_id()
        self._ids[value] = len(self._ids)
        return value

    # writing ----------------------------------------------------------------------------------------------------------
    def insert(self, model: Any, **values: Any) -> int:
        """Adds a row; missing columns take the model's plain default or NULL. Returns its id."""
        table: Table = model.__table__
        if "id" in table.c and "id" not in values:
            values["id"] = self.new_id()
        self._inserts.setdefault(table, []).append(values)
        return values.get("id", 0)

    def add(self, model: Any, identity: int, **deltas: Decimal | int) -> None:
        """Changes counters of a row by SQL expressions; several calls for one row add up."""
        change = self._change(model.__table__, identity)
        for name, delta in deltas.items():
            change.deltas[name] = change.deltas.get(name, 0) + delta

    def set(self, model: Any, identity: int, **values: Any) -> None:
        """Sets columns of a row; a later value for the same column wins."""
        self._change(model.__table__, identity).values.update(values)

    def delete(self, model: Any, identity: int) -> None:
        """Deletes a draft's row. Posted rows cannot be deleted; the database refuses."""
        self._deletes.setdefault(model.__table__, []).append(identity)

    def _change(self, table: Table, identity: int) -> _Change:
        return self._changes.setdefault(table, {}).setdefault(identity, _Change())

    def inserted(self, model: Any) -> list[dict[str, Any]]:
        """The rows this plan adds to a model's table, for decisions and checks that need them."""
        return self._inserts.get(model.__table__, [])

    @property
    def is_empty(self) -> bool:
        return not (self._inserts or self._changes or self._deletes)

    # applying ---------------------------------------------------------------------------------------------------------
    def digest(self) -> str:
        """A digest of what this plan would do: every row of the domain it writes, apart from ids, numbers and moments.

        Two previews of the same command agree exactly when they would do the same. Free texts (a reason typed after the
        preview) and the trace of the change do not count.
        """
        lines = [
            f"+{table.name} {self._stable(row)}"
            for table, rows in self._inserts.items()
            if table.name not in TRACE
            for row in rows
        ]
        for table, changes in self._changes.items():
            if table.name in TRACE:
                continue
            lines += [
                f"~{table.name} {self._stable({'id': key, **change.deltas, **change.values})}"
                for key, change in changes.items()
            ]
        lines += [f"-{table.name} {sorted(keys)}" for table, keys in self._deletes.items()]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:32]

    def _stable(self, row: Mapping[str, Any]) -> str:
        kept = {name: self._stable_value(value) for name, value in sorted(row.items()) if name not in FREE_TEXTS}
        return json.dumps(kept, ensure_ascii=False)

    def _stable_value(self, value: Any) -> Any:
        if isinstance(value, Number | Text | RecordedAt | datetime):
            return "·"
        if isinstance(value, int) and value in self._ids:
            return f"#{self._ids[value]}"
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        return str(value)

    def take_numbers(self) -> None:
        """Gives every placeholder its number in one statement: the last locks of the command, in a fixed order."""
        if not self._numbers:
            return
        wanted: dict[tuple[str, int], list[Number]] = {}
        for number in self._numbers:
            wanted.setdefault((number.kind, number.year), []).append(number)
        [rows] = self.fetch(
            TAKE_NUMBERS(
                kinds=[kind for kind, _ in wanted],
                years=[year for _, year in wanted],
                amounts=[len(numbers) for numbers in wanted.values()],
                recorded_at=self.now,
            )
        )
        for kind, year, last, recorded_at in rows:
            numbers = wanted[kind, year]
            for value, number in enumerate(numbers, start=last - len(numbers) + 1):
                number.text = f"{kind}-{year}-{value:05d}"
                number.recorded_at.moment = recorded_at
        self._numbers = []

    def apply(self, *, commit: bool = True) -> None:
        """Sends the batch, with COMMIT in the same pipeline.

        Raises PlanConflict when a write missed its row, psycopg errors when the database refuses; nothing is left
        behind then.
        """
        connection = db.driver(self.connection)
        text, parameters = self._compose()
        try:
            with connection.pipeline():
                if text:
                    cursor = connection.cursor()
                    cursor.execute(text, parameters, prepare=True)
                if commit:
                    connection.commit()
        except psycopg.errors.RaiseException as error:
            if error.diag.message_primary == "plan_conflict":
                raise PlanConflict(error.diag.message_detail or "") from error
            raise
        self._inserts, self._changes, self._deletes = {}, {}, {}

    def _compose(self) -> tuple[str, dict[str, str | None]]:
        parts: list[str] = []
        checks: list[tuple[str, str, int]] = []
        parameters: dict[str, str | None] = {}
        for table, rows in self._inserts.items():
            name = f"w{len(parts)}"
            parts.append(_insert_text(table, name))
            defaults = _defaults(table)
            for column, is_json in _columns(table):
                default = defaults.get(column)
                parameters[f"{name}_{column}"] = array_text(
                    _json_text(row.get(column, default)) if is_json else _resolve(row.get(column, default))
                    for row in rows
                )
        for table, changes in self._changes.items():
            for shape, members in _by_shape(changes).items():
                name = f"w{len(parts)}"
                parts.append(_update_text(table, name, *shape))
                checks.append((name, table.name, len(members)))
                parameters[f"{name}_id"] = array_text(key for key, _ in members)
                for column in shape[0]:
                    parameters[f"{name}_{column}"] = array_text(change.deltas[column] for _, change in members)
                for column in shape[1]:
                    is_json = _is_json(table, column)
                    parameters[f"{name}_{column}"] = array_text(
                        _json_text(change.values[column]) if is_json else _resolve(change.values[column])
                        for _, change in members
                    )
        for table, keys in self._deletes.items():
            name = f"w{len(parts)}"
            parts.append(
                f"{name} AS (DELETE FROM {table.name} AS t USING unnest(%({name}_id)s::bigint[]) AS d (id) "
                "WHERE t.id = d.id RETURNING 1)"
            )
            checks.append((name, table.name, len(keys)))
            parameters[f"{name}_id"] = array_text(keys)
        if not parts:
            return "", {}
        parameters["expected"] = array_text(count for _, _, count in checks)
        return _batch_text(tuple(parts), tuple((name, table) for name, table, _ in checks)), parameters


@dataclass
class _Change:
    deltas: dict[str, Decimal | int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def _execute(connection: Any, queries: list[Query]) -> list[list[Any]]:
    if not queries:
        return []
    with connection.pipeline():
        cursors = []
        for query in queries:
            cursor = connection.cursor(row_factory=query.statement.row_factory)
            cursor.execute(query.statement.text, query.parameters, prepare=True)
            cursors.append(cursor)
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _resolve(value: Any) -> Any:
    if isinstance(value, Number | Text):
        return str(value)
    if isinstance(value, RecordedAt):
        return value.moment
    return value


def _json_text(value: Any) -> str | None:
    return None if value is None else dump_json(value)


def _by_shape(
    changes: Mapping[int, _Change],
) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[int, _Change]]]:
    shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[int, _Change]]] = {}
    for key, change in sorted(changes.items()):
        shapes.setdefault((tuple(sorted(change.deltas)), tuple(sorted(change.values))), []).append((key, change))
    return shapes


@lru_cache(maxsize=512)
def _columns(table: Table) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (column.name, _is_json(table, column.name))
        for column in table.columns
        if column.computed is None and column.identity is None
    )


@lru_cache(maxsize=512)
def _defaults(table: Table) -> dict[str, Any]:
    return {
        column.name: column.default.arg  # type: ignore[attr-defined]
        for column in table.columns
        if column.default is not None and column.default.is_scalar
    }


@lru_cache(maxsize=4096)
def _type(table: Table, column: str) -> str:
    return table.c[column].type.compile(_DIALECT)


@lru_cache(maxsize=4096)
def _is_json(table: Table, column: str) -> bool:
    return _type(table, column) == "JSONB"


def _cast(table: Table, column: str) -> str:
    return f"d.{column}::jsonb" if _is_json(table, column) else f"d.{column}"


def _array_type(table: Table, column: str) -> str:
    kind = _type(table, column)
    if kind == "JSONB" or kind.startswith(("VARCHAR", "CHAR", "TEXT")):
        return "text[]"
    return kind.split("(")[0].lower() + "[]" if kind.startswith("NUMERIC") else kind.lower() + "[]"


@lru_cache(maxsize=1024)
def _insert_text(table: Table, name: str) -> str:
    columns = [column for column, _ in _columns(table)]
    arrays = ", ".join(f"%({name}_{column})s::{_array_type(table, column)}" for column in columns)
    return (
        f"{name} AS (INSERT INTO {table.name} ({', '.join(columns)}) "
        f"SELECT {', '.join(_cast(table, column) for column in columns)} "
        f"FROM unnest({arrays}) AS d ({', '.join(columns)}))"
    )


@lru_cache(maxsize=1024)
def _update_text(table: Table, name: str, added: tuple[str, ...], assigned: tuple[str, ...]) -> str:
    key = "id" if "id" in table.c else next(iter(table.primary_key)).name
    columns = [*added, *assigned]
    arrays = ", ".join(
        [f"%({name}_id)s::bigint[]", *(f"%({name}_{column})s::{_array_type(table, column)}" for column in columns)]
    )
    changes = ", ".join(
        [f"{column} = t.{column} + d.{column}" for column in added]
        + [f"{column} = {_cast(table, column)}" for column in assigned]
    )
    return (
        f"{name} AS (UPDATE {table.name} AS t SET {changes} FROM unnest({arrays}) "
        f"AS d (id, {', '.join(columns)}) WHERE t.{key} = d.id RETURNING 1)"
    )


@lru_cache(maxsize=1024)
def _batch_text(parts: tuple[str, ...], checks: tuple[tuple[str, str], ...]) -> str:
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name, _ in checks)
    names = ", ".join(f"'{table}'" for _, table in checks)
    return f"WITH {', '.join(parts)} SELECT plan_applied(ARRAY[{names}]::text[], ARRAY[{counts}]::bigint[], %(expected)s::bigint[])"
