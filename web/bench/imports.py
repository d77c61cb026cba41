"""Bringing 100,000 customers in from a file: read, checked for duplicates and written by the product's own commands and
steps of its worker, in this process, whose memory is watched.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import click
import psutil

import crm.imports  # noqa: F401 (its kinds)
from core import database as db
from core.command import run
from core.context import Actor, Context
from core.embedded import EmbeddedDatabase
from core.garbage import collect_less
from core.imports.commands import check_import, start_import, upload_import
from core.imports.reading import Upload
from core.jobs import execute
from core.outbox import apply_event
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from core.statements import statement
from crm.setup import set_up_company
from web.bench.customer_file import customer_file
from web.cli.scratch import scratch_database

CUSTOMERS: Final = 100_000
LOGIN: Final = "bench"
NEXT = statement(
    "bench.next_import_event",
    "SELECT id FROM outbox_event WHERE state = 'pending' AND kind = 'import_advanced' ORDER BY id LIMIT 1",
    tables="outbox_event",
    scope="system",
)


@dataclass
class Watched:
    """The memory of this process while something goes on, looked at ten times a second."""

    before: int = 0
    most: int = 0
    samples: list[int] = field(default_factory=list)

    def __enter__(self) -> Watched:
        gc.collect()
        self._process, self._stop = psutil.Process(), threading.Event()
        self.before = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            now = self._process.memory_info().rss
            self.samples.append(now)
            self.most = max(self.most, now)

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        """Megabytes that the last quarter takes more than the second: whether it grows with the rows."""
        if len(self.samples) < 8:
            return 0.0
        quarter = len(self.samples) // 4
        middle = sum(self.samples[quarter : 2 * quarter]) / quarter
        return (sum(self.samples[-quarter:]) / quarter - middle) / 1e6


def _steps(context: Context) -> Iterator[None]:
    """What the worker does, one event after the other."""
    while found := execute(NEXT):
        event_id = found[0][0]
        while event_id:
            following = run(apply_event, event_id, context=context).data["next"]
            event_id = following[0] if following else None
            yield


def measure_import(count: int = CUSTOMERS) -> dict[str, Any]:
    """Seconds of each part, rows a second, and memory in megabytes."""
    with scratch_database("bench-import") as (embedded, _home):
        run(
            set_up_company,
            {"name": "Bench", "currency": "CNY"},
            {"login": LOGIN, "name": "Bench", "password": "bench-bench-bench"},
            context=Context(),
        )
        with db.current().autocommit() as connection:
            user_id = connection.exec_driver_sql("SELECT id FROM app_user").scalar_one()
        actor = Actor(user_id, LOGIN, "Bench", frozenset(PERMISSIONS), viewer=EVERYTHING)
        db.current().dispose()
        db.configure(db.Database(embedded.system_url, application_name="worker"))
        return _measure(actor, customer_file(count), count, embedded)


@dataclass
class Stages:
    """Seconds of each stage: by the clock, and of processors in this process and in the database server."""

    server_pid: int
    clock: dict[str, float] = field(default_factory=dict)
    here: dict[str, float] = field(default_factory=dict)
    database: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before = time.perf_counter(), time.process_time(), self._server()
        yield
        after = time.perf_counter(), time.process_time(), self._server()
        for found, ended, began in zip((self.clock, self.here, self.database), after, before, strict=True):
            found[name] = round(ended - began, 1)

    def _server(self) -> float:
        """What the processes of the server have taken; of those that have ended the first of them knows."""
        spent = 0.0
        first = psutil.Process(self.server_pid)
        for process in (first, *first.children()):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system
            if process is first:
                spent += times.children_user + times.children_system
        return spent


def _measure(actor: Actor, content: bytes, count: int, embedded: EmbeddedDatabase) -> dict[str, Any]:
    collect_less()  # as the worker does
    worker, stages = Context(route="worker", channel="worker"), Stages(embedded.server_pid or 0)
    with Watched() as watched:
        with stages.stage("upload"):
            upload = Upload("customers.csv", content)
            batch = run(upload_import, "customers", [upload], context=Context(actor=actor)).data
            del upload
        with stages.stage("check"):
            run(check_import, batch["id"], batch["mapping"], {"existing": "skip"}, context=Context(actor=actor))
            for _ in _steps(worker):
                pass
        with stages.stage("write"):
            run(start_import, batch["id"], context=Context(actor=actor))
            for _ in _steps(worker):
                pass
    total = sum(stages.clock.values())
    with db.current().autocommit() as connection:
        made = connection.exec_driver_sql(
            "SELECT rows_created, rows_skipped, rows_bad FROM import_batch WHERE id = %s", (batch["id"],)
        ).one()
        connection.exec_driver_sql("SELECT set_config('countinghouse.viewer', 'all', false)")
        customers = connection.exec_driver_sql("SELECT count(*) FROM customer").scalar_one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {
        "rows": count, "file_megabytes": round(len(content) / 1e6, 1), "created": made[0], "repeated": made[1],
        "refused": made[2], "customers": customers, "seconds": stages.clock, "cpu_here": stages.here,
        "cpu_database": stages.database, "seconds_total": round(total, 1), "rows_per_second": round(count / total),
        "memory_before": round(watched.before / 1e6), "memory_peak": round(peak),
        "memory_growth_later": round(watched.growth, 1),
    }  # fmt: skip


def main(json_output: bool, count: int = CUSTOMERS) -> None:
    """Measures and prints."""
    found = measure_import(count)
    if json_output:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:24} {value}")
