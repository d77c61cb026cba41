"""The plan: what a command would write, kept as data until it is applied in one statement together with COMMIT.

A command fetches its facts under lock in one round trip (`fetch`), decides in plain Python, and adds its writes
(`insert`, `add`, `set`, `delete`). `take_numbers` gives all document numbers in one statement, `apply` composes one
statement out of the writes (`core.batch`) and sends it with COMMIT in one pipeline. The preview is the same plan, shown
(`effects`) and rolled back.

Facts that were read under lock cannot change before the batch; should an UPDATE all the same miss a row, the batch
raises in SQL, since a count read after a pipelined COMMIT would come too late.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from core import database as db
from core import scope, wire
from core.batch import Change, compose
from core.columns import check_row
from core.constraints import refusal_of
from core.context import Actor, Context
from core.statements import Query, statement

if TYPE_CHECKING:
    from core.sending import Sender

SET_ACTOR = statement(
    "plan.set_actor",
    # One plan for all values: the planner would otherwise weigh each array's length and plan the batch anew every time.
    # It is made for keys: a plan made while tables were empty would scan them whole for as long as it is kept. What
    # waits to be put into the index of terms stays short, since every search reads it (`core.search_entries`).
    """
    SELECT set_config('countinghouse.actor', %(actor)s, true), set_config('countinghouse.viewer', %(viewer)s, true),
           set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
           set_config('gin_pending_list_limit', '64kB', true)
    """,
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

    def __str__(self) -> str:
        if self.moment is None:
            raise RuntimeError("the number has not been taken yet")
        return self.moment.isoformat()


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


@cache
def _has_id(table: Table) -> bool:
    return "id" in table.c


class Attempt:
    """A block whose writes may be taken back."""

    is_taken_back = False

    def take_back(self) -> None:
        """Nothing of the block stays."""
        self.is_taken_back = True


Written = tuple[
    dict[Table, list[dict[str, Any]]],
    dict[Table, dict[int, Change]],
    dict[Table, list[int]],
    dict[Table, dict[int, dict[str, Any]]],
]  # inserts, changes, deletes, what is kept


class Plan:
    """One command's facts, decisions and writes, on one connection and inside one transaction."""

    def __init__(self, connection: Connection, context: Context) -> None:
        self.connection = connection
        self.context = context
        self.actor = context.actor
        self.now: datetime = context.now
        self.effects: list[Effect] = []
        self.warnings: list[Effect] = []
        self.assumed_approvals: frozenset[str] = frozenset()
        self._preamble: list[Query] = [
            SET_ACTOR(actor=str(context.actor.user_id or ""), viewer=context.actor.viewer.text)
        ]
        self._on_open: Callable[[list[list[Any]]], None] | None = None
        self._opened = False
        self._session: Session | None = None
        self._inserts: dict[Table, list[dict[str, Any]]] = {}
        self._changes: dict[Table, dict[int, Change]] = {}
        self._deletes: dict[Table, list[int]] = {}
        self._kept: dict[Table, dict[int, dict[str, Any]]] = {}
        self._numbers: list[Number] = []
        self._ids: dict[int, int] = {}
        self.next_events: list[int] = []
        self.sender: Sender | None = None

    # reading ----------------------------------------------------------------------------------------------------------
    @property
    def today(self) -> date:
        """The company's calendar day at `now`."""
        return self.context.today

    @property
    def session(self) -> Session:
        """The ORM session of this transaction, for records that people edit."""
        self._settle()
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
        if self.sender is not None:
            return self.sender.ask(queries) if queries else []
        opening = not self._opened
        sent = [*self._preamble, *queries] if opening else list(queries)
        rows = wire.fetch(db.driver(self.connection), sent) if sent else []
        if opening:
            self._opened = True
            own, rows = rows[: len(self._preamble)], rows[len(self._preamble) :]
            if self._on_open is not None:
                self._on_open(own[1:])
        return rows

    def see_everything(self) -> None:
        """From here on the command reads and writes rows that its actor may not see.

        For the few commands that must, after they have read what they were asked about as their actor sees it.
        """
        self.fetch(db.SET_VIEWER(viewer=scope.EVERYTHING.text))
        scope.begin_viewing(scope.EVERYTHING)  # until `run` ends

    @contextmanager
    def acting_as(self, actor: Actor, **told: Any) -> Iterator[None]:
        """What is done in this block is done as somebody else, who sees what he sees; the database goes on seeing it so
        until the transaction ends, since what is written is sent at its end. `told` is what the audit trail says of it
        beside (`channel`, `route`, `reason`)."""
        before = self.actor, self.context
        self.fetch(SET_ACTOR(actor=str(actor.user_id or ""), viewer=actor.viewer.text))
        self.actor, self.context = actor, replace(self.context, actor=actor, **told)
        try:
            with scope.viewing(actor.viewer):
                yield
        finally:
            self.actor, self.context = before

    def beside(self, assumed_approvals: frozenset[str] = frozenset()) -> Plan:
        """A plan in the same transaction that is never applied: to see what a command would do, or refuse, with
        approvals of these kinds taken as given."""
        self.open()
        plan = Plan(self.connection, self.context)
        plan._opened, plan.assumed_approvals = True, assumed_approvals
        return plan

    @contextmanager
    def attempt(self) -> Iterator[Attempt]:
        """What is written in this block stays only where the block ends, and is not taken back there: for one of many
        that may each be refused, or only be tried. The transaction goes on either way.

        Raises what the block raises; a violated constraint as the refusal it stands for.
        """
        session, attempt = self.session, Attempt()
        sender, self.sender = self.sender, None  # what is sent in here is waited for in here
        session.flush()
        kept, numbers = self._written(), list(self._numbers)
        effects, warnings = list(self.effects), list(self.warnings)
        savepoint = session.begin_nested()
        session.connection()  # sets the savepoint now: the session alone would do so with its own first statement
        try:
            yield attempt
            session.flush()
        except BaseException as error:
            attempt.take_back()
            cause = getattr(error, "orig", None)
            refusal = refusal_of(cause) if isinstance(cause, psycopg.IntegrityError) else None
            if refusal is not None:
                raise refusal from error
            raise
        finally:
            if attempt.is_taken_back:
                savepoint.rollback()
                session.info.pop("audit", None)
                session.info.pop("searched", None)
                (self._inserts, self._changes, self._deletes, self._kept), self._numbers = kept, numbers
                self.effects, self.warnings = effects, warnings
            else:
                savepoint.commit()
            self.sender = sender

    def _written(self) -> Written:
        """A copy of what is written so far."""
        changes = {
            table: {key: Change(dict(change.deltas), dict(change.values)) for key, change in rows.items()}
            for table, rows in self._changes.items()
        }
        inserts = {table: list(rows) for table, rows in self._inserts.items()}
        deletes = {table: list(keys) for table, keys in self._deletes.items()}
        return inserts, changes, deletes, {table: dict(rows) for table, rows in self._kept.items()}

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
        """Adds a row; missing columns take the model's plain default or NULL. Returns its id.

        Raises InvalidInput for what a column could not hold, as `set` does.
        """
        table: Table = model.__table__
        check_row(table, values)
        if "id" not in values and _has_id(table):
            values["id"] = self.new_id()
        self._inserts.setdefault(table, []).append(values)
        return values.get("id", 0)

    def keep(self, model: Any, identity: int, **values: Any) -> None:
        """Makes a row what it is told to be, whether or not it was there: for what is derived from another record,
        which counts in the digest instead of it. The last of several calls for one row wins."""
        check_row(model.__table__, values)
        self._kept.setdefault(model.__table__, {})[identity] = {"id": identity, **values}

    def add(self, model: Any, identity: int, **deltas: Decimal | int) -> None:
        """Changes counters of a row by SQL expressions; several calls for one row add up."""
        change = self._change(model.__table__, identity)
        for name, delta in deltas.items():
            change.deltas[name] = change.deltas.get(name, 0) + delta

    def insert_records(self, model: Any, rows: Iterable[dict[str, Any]]) -> list[int]:
        """Adds many records of those that people edit: what the session would write, in one statement. The audit rows
        are the caller's to write (`core.audit.record_new`). Returns the ids. Raises InvalidInput as `insert` does."""
        return [self.insert(model, **row) for row in rows]

    def send_writes(self) -> None:
        """Sends what is written so far ahead of the end, within the transaction: for what later statements of the
        command must find, or what would be too much to keep in memory. Raises as `apply` does."""
        self._settle()
        if self._session is not None:
            self._session.flush()
        self.open()
        self.apply(commit=False)

    def send_soon(self) -> None:
        """The same without waiting for it, in a block of `core.sending.sending`. The session is left as it is."""
        if self.sender is None:
            self.send_writes()
        elif batch := self.take_batch():
            self.sender.send([batch])

    def send(self, *queries: Query) -> None:
        """Sends statements whose rows nobody needs; in a block of `sending` behind what is written so far, and without
        waiting for them."""
        if self.sender is None:
            self.fetch(*queries)
        else:
            self.send_soon()
            self.sender.send([query.sent() for query in queries])

    def _settle(self) -> None:
        """Waits for what was sent without waiting."""
        if self.sender is not None:
            self.sender.wait()

    def set(self, model: Any, identity: int, **values: Any) -> None:
        """Sets columns of a row; a later value for the same column wins."""
        check_row(model.__table__, values)
        self._change(model.__table__, identity).values.update(values)

    def delete(self, model: Any, identity: int) -> None:
        """Deletes a draft's row. Posted rows cannot be deleted; the database refuses."""
        self._deletes.setdefault(model.__table__, []).append(identity)

    def _change(self, table: Table, identity: int) -> Change:
        return self._changes.setdefault(table, {}).setdefault(identity, Change())

    @property
    def inserts(self) -> Mapping[Table, Sequence[Mapping[str, Any]]]:
        """The rows this plan adds, by table."""
        return self._inserts

    @property
    def changes(self) -> Mapping[Table, Mapping[int, Change]]:
        """What this plan changes, by table and id."""
        return self._changes

    def is_changed(self, model: Any, identity: int) -> bool:
        """Whether this plan changes a row."""
        return identity in self._changes.get(model.__table__, {})

    @property
    def new_ids(self) -> Iterable[int]:
        """The ids this plan has given to its rows, in order."""
        return self._ids

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
        batch = self.take_batch()
        self.exchange([batch] if batch else [], commit=commit)

    def take_batch(self) -> wire.Sent | None:
        """What is written so far as one statement; it is the caller's to send."""
        batch = compose(self._inserts, self._changes, self._deletes, self._kept)
        self._inserts, self._changes, self._deletes, self._kept = {}, {}, {}, {}
        return batch

    def exchange(self, sent: Sequence[wire.Sent], *, commit: bool = False) -> None:
        """Sends statements whose rows nobody needs. Raises as `apply` does."""
        try:
            wire.exchange(db.driver(self.connection), sent, commit=commit)
        except psycopg.errors.RaiseException as error:
            if error.diag.message_primary == "plan_conflict":
                raise PlanConflict(error.diag.message_detail or "") from error
            raise
