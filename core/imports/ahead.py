"""The next rows of an import: read, and worked out as far as that needs no database, while those before them are on
their way to it.

The rows are kept for the step that follows in this process, and for no other: while an import is at work, only its
steps write its rows, each under lock of the import, whose `step` counts them. What a kind works out in advance
(`Kind.foresee`) stands in the caches of pure functions, so that whether it was done makes no difference but of time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from sqlalchemy import Engine

from core.imports.facts import NEXT_ROWS, BatchFact, RowFact
from core.imports.kinds import Kind
from core.plan import Plan
from core.sending import Sender

AT_A_TIME = 20
"""Rows between two looks whether there is still something to wait for."""


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


def look_ahead(plan: Plan, sender: Sender, batch: BatchFact, kind: Kind, after: int) -> Iterator[None]:
    """Has the rows behind `after` read beside the step; what it answers makes them ready for the next one, some at a
    time."""
    coming = sender.beside(NEXT_ROWS(batch_id=batch.id, after=after, limit=kind.batch))
    return _prepare(coming, plan.connection.engine, batch, kind)


def _prepare(coming: Future[list[RowFact]], engine: Engine, batch: BatchFact, kind: Kind) -> Iterator[None]:
    rows = coming.result()
    _here.kept = _Kept(engine, batch.id, batch.step + 1, rows)
    if kind.foresee is not None:
        for start in range(0, len(rows), AT_A_TIME):
            yield
            some = rows[start : start + AT_A_TIME]
            kind.foresee([told_by(batch.mapping, row) for row in some], batch.state)


def told_by(mapping: Mapping[str, Any], row: RowFact) -> dict[str, str]:
    """The cells of a row that are not empty, by field."""
    cells = row.cells
    found = {name: cells[told["column"]] for name, told in mapping.items() if told["column"] < len(cells)}
    return {name: cell for name, cell in found.items() if cell is not None}
