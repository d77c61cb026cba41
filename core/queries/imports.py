"""Imports as their owner sees them, and who may see everybody's: the list, one with its progress, its rows, and rows to
hand back as a file. `user_id` None is who sees everybody's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from core.errors import NotFound
from core.imports.facts import SOURCES, SourceFact
from core.imports.fields import Field
from core.imports.kinds import Kind
from core.imports.models import ImportBatch
from core.masks import DOTS, sees
from core.organization import User
from core.queries.paging import Page, Window, fetch_page
from core.queries.reading import fetch, read
from core.statements import statement

ROWS_SHOWN = 50
ROWS_AT_ONCE = 2000


class ImportRecord(NamedTuple):
    """An import with how far it is. `state` is `stopped` where the worker gave up; `error` is why its last try failed.
    `earlier_id` is one of the same files that was done before."""

    id: int
    kind: str
    name: str
    state: str
    work: str
    is_paused: bool
    started_by_id: int
    started_by: str
    created_at: datetime
    finished_at: datetime | None
    heads: list[str]
    joined: dict[str, Any]
    mapping: dict[str, Any]
    options: dict[str, Any]
    rows_total: int
    rows_worked: int
    rows_created: int
    rows_updated: int
    rows_skipped: int
    rows_asked: int
    rows_bad: int
    rows_undone: int
    rows_kept: int
    attempts: int | None
    error: str | None
    earlier_id: int | None
    earlier_at: datetime | None
    decided: int
    decided_updates: int


class ImportListRow(NamedTuple):
    """One line of the list of imports."""

    id: int
    kind: str
    name: str
    state: str
    is_paused: bool
    started_by_id: int
    started_by: str
    created_at: datetime
    rows_total: int
    rows_created: int
    rows_updated: int
    rows_bad: int


class ImportRowRecord(NamedTuple):
    """A row with what is to become, or became, of it."""

    position: int
    unit: int
    line: int
    cells: list[str | None]
    state: str
    action: str | None
    choice: str | None
    reasons: list[dict[str, Any]] | None
    found_id: int | None
    record_id: int | None


BATCH = statement(
    "imports.record",
    """
    SELECT batch.id, batch.kind, batch.name,
           CASE WHEN batch.state IN ('checking', 'running', 'undoing') AND event.state = 'dead' THEN 'stopped'
                ELSE batch.state END,
           batch.state, is_paused, started_by_id, app_user.name, batch.created_at, finished_at, heads, joined, mapping,
           options, rows_total, rows_worked, rows_created, rows_updated, rows_skipped, rows_asked, rows_bad,
           rows_undone, rows_kept, event.attempts,
           CASE WHEN batch.state IN ('checking', 'running', 'undoing') THEN event.last_error END,
           earlier.id, earlier.created_at,
           (SELECT count(*) FROM import_row AS row WHERE row.batch_id = batch.id AND row.state = 'asks'
               AND row.choice IS NOT NULL),
           (SELECT count(*) FROM import_row AS row WHERE row.batch_id = batch.id AND row.state = 'asks'
               AND row.choice = 'update')
      FROM import_batch AS batch JOIN app_user ON app_user.id = started_by_id
      LEFT JOIN outbox_event AS event ON event.id = event_id
      LEFT JOIN LATERAL (
           SELECT other.id, other.created_at FROM import_batch AS other
            WHERE other.digest = batch.digest AND other.kind = batch.kind AND other.id < batch.id
              AND other.state IN ('running', 'done') AND other.started_by_id = batch.started_by_id
            ORDER BY other.id DESC LIMIT 1) AS earlier ON true
     WHERE batch.id = %(batch_id)s::bigint
       AND (%(user_id)s::bigint IS NULL OR started_by_id = %(user_id)s::bigint)
    """,
    tables="import_batch app_user outbox_event import_row",
    scope="system",
    fact=ImportRecord,
)
# `state` none: all of them. Rows of one record stand together.
ROWS = statement(
    "imports.rows",
    """
    SELECT position, unit, line, cells, state, action, choice, reasons, found_id, record_id FROM import_row
     WHERE batch_id = %(batch_id)s::bigint AND position > %(after)s::bigint
       AND (%(state)s::text IS NULL OR state = %(state)s::text)
     ORDER BY position LIMIT %(limit)s::int
    """,
    tables="import_row",
    scope="system",
    fact=ImportRowRecord,
)


def list_imports(connection: Connection, window: Window, user_id: int | None) -> Page[ImportListRow]:
    """Somebody's imports, or everybody's, the latest first."""
    columns = [User.name if name == "started_by" else getattr(ImportBatch, name) for name in ImportListRow._fields]
    query = select(*columns).join(User, User.id == ImportBatch.started_by_id)
    if user_id is not None:
        query = query.where(ImportBatch.started_by_id == user_id)
    sorting = window.sorting({"created": ImportBatch.created_at}, ImportBatch.id)
    return fetch_page(connection, query, ImportListRow, sorting, window)


def get_import(batch_id: int, user_id: int | None) -> ImportRecord:
    """An import of somebody's own, or anybody's. Raises NotFound."""
    [found] = read(BATCH(batch_id=batch_id, user_id=user_id))
    if not found:
        raise NotFound("import_batch", batch_id)
    record: ImportRecord = found[0]
    return record


def get_sources(batch_id: int) -> list[SourceFact]:
    """The tables of an import with their first lines, in order."""
    [found] = read(SOURCES(batch_id=batch_id))
    return found


def list_rows(
    batch_id: int, state: str | None, after: int = 0, limit: int = ROWS_SHOWN
) -> tuple[list[ImportRowRecord], int | None]:
    """Rows of an import in a state (all of them where it is None), and where the next page begins."""
    [found] = read(ROWS(batch_id=batch_id, state=state, after=after, limit=limit + 1))
    shown = found[:limit]
    return shown, shown[-1].position if len(found) > limit else None


def covered_rows(kind: Kind, mapping: Mapping[str, Any], rows: Iterable[ImportRowRecord]) -> list[ImportRowRecord]:
    """Rows of somebody else's import: of his file only columns that fill a field, masked where the reader does not see
    such values; and of their reasons only what tells nothing of these."""
    fields = {wanted.name: wanted for wanted in kind.all_fields()}
    shown = {told["column"]: fields[name] for name, told in mapping.items() if name in fields}
    hidden = {name for name, wanted in fields.items() if wanted.mask and not sees(wanted.mask)}
    return [
        row._replace(
            cells=[_covered(shown.get(column), cell, hidden) for column, cell in enumerate(row.cells)],
            reasons=[
                {**each, "code": "import_covered", "data": {}} if each["field"] in hidden else each
                for each in row.reasons or ()
            ],
        )
        for row in rows
    ]


def _covered(field: Field | None, cell: str | None, hidden: Collection[str]) -> str | None:
    if field is None or cell is None:
        return None
    return DOTS if field.name in hidden else cell


def each_row(connection: Connection, batch_id: int, states: Sequence[str]) -> Iterator[ImportRowRecord]:
    """All rows in these states, read little by little from one look."""
    for state in states:
        after = 0
        while True:
            [found] = fetch(connection, ROWS(batch_id=batch_id, state=state, after=after, limit=ROWS_AT_ONCE))
            yield from found
            if len(found) < ROWS_AT_ONCE:
                break
            after = found[-1].position
