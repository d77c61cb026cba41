"""The floor: how fast the rows of one order-to-cash cycle can be written by bare SQL through the driver.

The rows are not guessed: one cycle of the product itself is recorded (every row its plans insert, every counter they
change) and replayed on plain copies of the tables, `LIKE … INCLUDING ALL`: CHECKs and indexes, no foreign keys, no
triggers. One prepared statement per table and step, no pipeline, five commits (create, confirm, ship, pay, match), same
server and durability. Document numbers are written as text, but their counters are not: a floor is not gapless.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

from core.batch import written_columns
from core.encoding import dump_json
from core.plan import Number, Plan
from core.statements import array_text
from core.trace import IdempotencyKey

SCHEMA = "floor"
STARTING_TABLES = ("stock_level", "product_valuation", "customer_account")
# What the fifth commit writes: putting the money on the invoice.
MATCH_TABLES = frozenset(("payment_allocation", "invoice"))
CYCLE_STRIDE = 10**6
CLIENT_STRIDE = 10**12


@dataclass(frozen=True)
class Fresh:
    """A value that is another one in each cycle: an id (`number`) or a text that must be unique (`prefix`)."""

    number: int
    prefix: str | None = None


@dataclass(frozen=True)
class FreshOrdinal:
    """A move's place in its level's chain, unique in each cycle."""

    number: int


@dataclass(frozen=True)
class Write:
    """One statement: kind, table, column names and array types, columns that are added to, values by column."""

    kind: str
    table: str
    names: list[str]
    types: list[str]
    json_names: frozenset[str]
    added: frozenset[str]
    values: list[list[Any]]


class Recorder:
    """Turns the plans of one cycle into writes in which whatever is unique is marked as fresh."""

    def __init__(self) -> None:
        self.steps: list[list[Write]] = []
        self._fresh: dict[Any, Fresh] = {}
        self._ordinals = 0

    def record(self, plan: Plan) -> None:
        claim = plan.context
        for identity in plan.new_ids:
            self._fresh[identity] = Fresh(len(self._fresh))
        step = []
        for table, rows in plan.inserts.items():
            step.append(self._insert(table, rows))
        for table, changes in plan.changes.items():
            if table is IdempotencyKey.__table__:
                [(identity, change)] = changes.items()
                self._fresh[identity] = Fresh(len(self._fresh))
                row = {
                    "id": identity,
                    "actor_id": claim.actor.user_id,
                    "key": claim.idempotency_key,
                    "route": claim.route,
                    "body_digest": claim.body_digest,
                    "created_at": plan.now,
                    **change.values,
                }
                step.append(self._insert(table, [row]))
            else:
                step += self._updates(table, changes)
        self.steps.append(step)

    def _insert(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> Write:
        columns = written_columns(table)
        return Write(
            "insert",
            table.name,
            [column.name for column in columns],
            [column.array_type for column in columns],
            frozenset(column.name for column in columns if column.is_json),
            frozenset(),
            [
                [self._mark(table.name, column, row.get(column.name, column.default)) for row in rows]
                for column in columns
            ],
        )

    def _updates(self, table: Any, changes: Mapping[int, Any]) -> list[Write]:
        key = next(iter(table.primary_key)).name
        known = {column.name: column for column in written_columns(table)}
        writes = []
        for identity, change in changes.items():
            named = {**change.deltas, **change.values}
            columns = [known[key], *(known[name] for name in named)]
            writes.append(
                Write(
                    "update",
                    table.name,
                    [column.name for column in columns],
                    [column.array_type for column in columns],
                    frozenset(column.name for column in columns if column.is_json),
                    frozenset(change.deltas),
                    [
                        [self._mark(table.name, column, value)]
                        for column, value in zip(columns, [identity, *named.values()], strict=True)
                    ],
                )
            )
        return _merged(writes)

    def _mark(self, table: str, column: Any, value: Any) -> Any:
        if column.is_json:
            return None if value is None else dump_json(value)
        if isinstance(value, Number):
            return self._fresh.setdefault(str(value), Fresh(len(self._fresh), value.kind))
        if (table, column.name) == ("stock_move", "ordinal"):
            self._ordinals += 1
            return FreshOrdinal(self._ordinals)
        if (table, column.name) == ("idempotency_key", "key"):
            return Fresh(len(self._fresh), "")
        if not isinstance(value, bool) and isinstance(value, int | str) and value in self._fresh:
            return self._fresh[value]
        moment = getattr(value, "moment", None)
        return moment if moment is not None else value


def _merged(writes: list[Write]) -> list[Write]:
    """Writes of the same columns become one statement over several rows, as anyone would write it."""
    merged: dict[tuple[Any, ...], Write] = {}
    for write in writes:
        found = merged.setdefault((write.table, *write.names), write)
        if found is not write:
            for column, more in zip(found.values, write.values, strict=True):
                column.extend(more)
    return list(merged.values())


@contextmanager
def recording() -> Iterator[Recorder]:
    """Records every plan that this process applies."""
    recorder, original = Recorder(), Plan.apply

    def apply(self: Plan, *, commit: bool = True) -> None:
        recorder.record(self)
        original(self, commit=commit)

    with patch.object(Plan, "apply", apply):
        yield recorder


def five_steps(recorder: Recorder) -> list[list[Write]]:
    """create, confirm, ship, pay, match."""
    create, confirm, ship, pay = recorder.steps
    return [
        create,
        confirm,
        ship,
        [write for write in pay if write.table not in MATCH_TABLES],
        [write for write in pay if write.table in MATCH_TABLES],
    ]


def make_tables(connection: psycopg.Connection[Any], steps: list[list[Write]]) -> None:
    """Plain copies of every table the steps write; levels, valuations and accounts start with the product's rows."""
    names = sorted({write.table for step in steps for write in step})
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA)))
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    for name in names:
        connection.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                sql.Identifier(SCHEMA, name), sql.Identifier("public", name)
            )
        )
    for name in STARTING_TABLES:
        columns = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' ORDER BY attnum",
            (f"public.{name}",),
        ).fetchall()
        listed = sql.SQL(", ").join(sql.Identifier(column) for (column,) in columns)
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
                sql.Identifier(SCHEMA, name), listed, listed, sql.Identifier("public", name)
            )
        )
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO PUBLIC").format(sql.Identifier(SCHEMA)))
    connection.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA {} TO PUBLIC").format(sql.Identifier(SCHEMA)))
    connection.commit()


def text_of(write: Write) -> str:
    """The statement of a write, with one array parameter per column."""
    arrays = ", ".join(f"${place}::{kind}" for place, kind in enumerate(write.types, start=1))
    listed = ", ".join(write.names)
    cast = {name: f"d.{name}::jsonb" if name in write.json_names else f"d.{name}" for name in write.names}
    if write.kind == "insert":
        chosen = ", ".join(cast.values())
        return f"INSERT INTO {SCHEMA}.{write.table} ({listed}) SELECT {chosen} FROM unnest({arrays}) AS d ({listed})"  # noqa: S608 (names of columns, no values)
    key, *others = write.names
    changes = ", ".join(f"{name} = {f't.{name} + ' if name in write.added else ''}{cast[name]}" for name in others)
    rows = f"unnest({arrays}) AS d ({listed})"
    return f"UPDATE {SCHEMA}.{write.table} AS t SET {changes} FROM {rows} WHERE t.{key} = d.{key}"  # noqa: S608 (names)


@dataclass(frozen=True)
class Swaps:
    """Ids of the recorded cycle that each replay draws anew: (product, level) pairs and the customer."""

    pairs: list[tuple[int, int]]
    customer: int
    pairs_to_draw: list[tuple[int, int]]
    customers_to_draw: list[int]

    def draw(self, source: random.Random) -> dict[int, int]:
        swapped = {self.customer: source.choice(self.customers_to_draw)}
        chosen = sorted(source.sample(self.pairs_to_draw, len(self.pairs)))
        for recorded, drawn in zip(sorted(self.pairs), chosen, strict=True):
            swapped.update(zip(recorded, drawn, strict=True))
        return swapped


class FloorClient:
    """One connection that replays the five steps, each in its own transaction."""

    def __init__(self, url: str, steps: list[list[Write]], swaps: Swaps, client: int) -> None:
        # Native placeholders: the driver would otherwise parse a text with this many parameters anew each time.
        self.connection = psycopg.connect(url, autocommit=True, cursor_factory=psycopg.RawCursor)
        self.connection.execute("SET plan_cache_mode = force_generic_plan")
        self.steps = [[(text_of(write), write.values) for write in step] for step in steps]
        self.swaps = swaps
        self.offset = (client + 1) * CLIENT_STRIDE + int(time.time()) % 10**5 * 10**7
        self.ordinal = (client + 1) * 10**7
        self.random = random.Random(client)  # noqa: S311 (a benchmark's draw)

    def cycle(self) -> None:
        self.offset += CYCLE_STRIDE
        self.ordinal += 100
        swapped = self.swaps.draw(self.random)
        for step in self.steps:
            with self.connection.transaction():
                for text, columns in step:
                    arrays = [array_text([self._value(value, swapped) for value in column]) for column in columns]
                    self.connection.execute(text, arrays, prepare=True)

    def _value(self, value: Any, swapped: Mapping[int, int]) -> Any:
        if isinstance(value, Fresh):
            if value.prefix is None:
                return value.number + self.offset
            return f"{value.prefix}{self.offset + value.number:x}"[:24]
        if isinstance(value, FreshOrdinal):
            return self.ordinal + value.number
        if type(value) is int:
            return swapped.get(value, value)
        return value
