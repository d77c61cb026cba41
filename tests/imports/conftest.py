"""Imports as people and the worker do them, on a company of one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

import crm.imports  # noqa: F401 (its kinds)
from core.context import Actor, Context
from core.imports.commands import check_import, start_import, undo_import, upload_import
from core.imports.reading import Upload
from core.outbox import apply_event
from tests.database_server import DatabaseUrls
from tests.world import World

Table = Sequence[Sequence[Any]]


def csv_file(rows: Table, encoding: str = "utf-8") -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode(encoding)


@dataclass
class Importer:
    """Somebody who brings files in, and the worker beside him."""

    world: World
    actor: Actor

    def run(self, command: Any, /, *arguments: Any, **named: Any) -> Any:
        return self.world.run(command, *arguments, context=self.world.context(actor=self.actor), **named)

    def upload(self, kind: str, *files: tuple[str, bytes]) -> Any:
        return self.run(upload_import, kind, [Upload(name, content) for name, content in files])

    def check(self, uploaded: Any, existing: str = "skip", mapping: Any = None) -> Any:
        self.run(check_import, uploaded["id"], mapping or uploaded["mapping"], {"existing": existing})
        self.work()
        return self.batch(uploaded["id"])

    def start(self, batch_id: int) -> Any:
        self.run(start_import, batch_id)
        self.work()
        return self.batch(batch_id)

    def undo(self, batch_id: int) -> Any:
        self.run(undo_import, batch_id)
        self.work()
        return self.batch(batch_id)

    def bring_in(self, kind: str, rows: Table | bytes, existing: str = "skip") -> Any:
        """Uploads, checks and does a table; answers the batch."""
        content = rows if isinstance(rows, bytes) else csv_file(rows)
        uploaded = self.upload(kind, (f"{kind}.csv", content))
        self.check(uploaded, existing)
        return self.start(uploaded["id"])

    def work(self, most: int = 10_000) -> None:
        """What the worker does: events of imports one after the other, until there are none."""
        for _ in range(most):
            found = self.world.rows(
                "SELECT id FROM outbox_event WHERE state = 'pending' AND kind = 'import_advanced' ORDER BY id LIMIT 1"
            )
            if not found:
                return
            self.world.run(apply_event, found[0][0], context=Context(route="worker", channel="worker"))

    def batch(self, batch_id: int) -> dict[str, Any]:
        names = "id kind name state is_paused rows_total rows_worked rows_created rows_updated rows_skipped rows_asked"
        columns = f"{names} rows_bad rows_undone rows_kept".split()
        row = self.world.rows(f"SELECT {', '.join(columns)} FROM import_batch WHERE id = :id", id=batch_id)[0]
        return dict(zip(columns, row, strict=True))

    def rows(self, batch_id: int) -> list[Any]:
        """(line, state, action, codes of the reasons) of every row."""
        return [
            (line, state, action, [reason["code"] for reason in reasons or ()])
            for line, state, action, reasons in self.world.rows(
                "SELECT line, state, action, reasons FROM import_row WHERE batch_id = :id ORDER BY line", id=batch_id
            )
        ]


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


@pytest.fixture
def importer(world: World) -> Importer:
    return Importer(world, world.actor)
