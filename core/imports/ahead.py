"""The next rows of an import: read, and worked out as far as that needs no database, while those before them are on
their way to it.

The rows are kept for the step that follows in this process, and for no other: while an import is at work, only its
steps write its rows, each under lock of the import, whose `step` counts them. What a kind works out in advance
(`Kind.foresee`) stands in the caches of pure functions, so that whether it was done makes no difference but of time.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine

from core import database as db
from core import wire
from core.imports.facts import NEXT_ROWS, BatchFact, RowFact
from core.imports.kinds import Kind
from core.plan import Plan


class _Kept(NamedTuple):
    engine: Engine
    batch_id: int
    step: int
    rows: list[RowFact]


_here = threading.local()


def next_rows(plan: Plan, batch: BatchFact, kind: Kind) -> list[RowFact]:
    """The rows of this step, behind the import's position; it is locked by the plan."""
    kept: _Kept | None = getattr(_here, "kept", None)
    _here.kept = None
    if kept is not None and kept[:3] == (plan.connection.engine, batch.id, batch.step):
        return kept.rows
    [rows] = plan.fetch(NEXT_ROWS(batch_id=batch.id, after=max(batch.position, 0), limit=kind.batch))
    return list(rows)


def look_ahead(plan: Plan, batch: BatchFact, kind: Kind, rows: Sequence[RowFact]) -> None:
    """Makes the rows behind those of this step ready for the next one, on a connection of its own."""
    if batch.rows_worked + len(rows) >= batch.rows_total:
        return
    engine = plan.connection.engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        query = NEXT_ROWS(batch_id=batch.id, after=rows[-1].position, limit=kind.batch)
        [found] = wire.fetch(db.driver(connection), [query], transaction=False)
    if kind.foresee is not None:
        kind.foresee([told_by(batch.mapping, row) for row in found], batch.state)
    _here.kept = _Kept(engine, batch.id, batch.step + 1, list(found))


def told_by(mapping: Mapping[str, Any], row: RowFact) -> dict[str, str]:
    """The cells of a row that are not empty, by field."""
    cells = row.cells
    found = {name: cells[told["column"]] for name, told in mapping.items() if told["column"] < len(cells)}
    return {name: cell for name, cell in found.items() if cell is not None}
