"""An import whose worker is killed with signal 9 again and again: every row comes in exactly once, with the report of
one that nobody disturbed; the same file again makes nothing; undone, the database is as it was before.

The worker is the product's own process. It is killed while rows are checked, while they are done and while they are
undone, at moments drawn by chance within a step, and started again each time.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import crm.imports  # noqa: F401 (its kinds)
from core import database as db
from core.command import run
from core.config import CHECKOUT
from core.context import Actor, Context
from core.customers import create_customer
from core.imports.commands import check_import, start_import, undo_import, upload_import
from core.imports.reading import Upload
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from crm.setup import set_up_company
from web.bench.customer_file import customer_file

LOGIN: Final = "drill"
CUSTOMERS_BEFORE: Final = 40
# Of the rows of a phase, after how many parts of a hundred the worker is killed: ten times until all is in.
POINTS: Final[Mapping[str, Sequence[int]]] = {
    "checking": (5, 35, 60, 80),
    "running": (0, 15, 30, 50, 70, 85),
    "undoing": (0, 40, 80),
}
ENDS: Final = {"checking": "checked", "running": "done", "undoing": "undone"}
# Seconds after that, about as long as a step.
LONGEST_DELAY: Final[Mapping[str, float]] = {"checking": 0.1, "running": 0.25, "undoing": 0.25}
PATIENCE_SECONDS: Final = 300
# What tells of imports and of work done, and the series, since a number is never given twice.
LEFT_OUT: Final = frozenset(
    {"audit_row", "audit_seal", "import_batch", "import_source", "import_chunk", "import_row", "import_mapping"}
    | {"outbox_event", "outbox_consumption", "idempotency_key", "number_series", "daily_run"}
)
Urls = tuple[str, str, str]
"""Addresses of the roles app, system and superuser."""


class Worker:
    """The product's worker as a process of its own."""

    def __init__(self, urls: Urls, home: Path) -> None:
        self._environment = os.environ | {
            "DATABASE_URL": urls[0],
            "DATABASE_SYSTEM_URL": urls[1],
            "BROKER_URL": "memory://",
            "COUNTINGHOUSE_HOME": str(home),
            "COUNTINGHOUSE_ENV": "development",
            "LOG_LEVEL": "warning",
            "PYTHONPATH": str(CHECKOUT),
        }
        self._environment.pop("DATABASE_ADMIN_URL", None)
        self._log = (home / "worker.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-P", "-m", "web.cli", "worker"]
        self._process = subprocess.Popen(
            command, env=self._environment, cwd=CHECKOUT, stdout=self._log, stderr=self._log
        )

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)
        self._log.close()

    def _end(self, how: int) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_SECONDS)
            self._process = None


@contextmanager
def _worker(urls: Urls, home: Path) -> Iterator[Worker]:
    worker = Worker(urls, home)
    try:
        worker.start()
        yield worker
    finally:
        worker.stop()


def prove_import(
    urls: Urls, home: Path, *, rows: int, seed: int, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Brings `rows` customers in undisturbed and takes them back, then again under kills, and answers figures and
    `problems`, which are empty when all held. The database behind `urls` is migrated and empty; `home` takes logs."""
    home.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)  # noqa: S311 (when to kill)
    drill, problems = _Drill(urls, rows), list[str]()
    before = drill.content()
    with _worker(urls, home) as worker:
        whole = drill.bring_in(lambda state, batch_id: drill.wait(batch_id, ENDS[state]))
        expected = drill.report(whole)
        drill.take_back(whole, lambda state, batch_id: drill.wait(batch_id, ENDS[state]))
        problems += _differences("undone without a kill", before, drill.content())
        say(f"{rows} rows undisturbed: {_counts(expected)}")
        kills = Counter[str]()

        def disturbed(state: str, batch_id: int) -> None:
            kills[state] += drill.kill_at(worker, batch_id, state, chance)
            say(f"{state}: killed {kills[state]} times")

        batch_id = drill.bring_in(disturbed)
        if drill.report(batch_id) != expected:
            problems.append(f"the report differs: {_counts(drill.report(batch_id))}, not {_counts(expected)}")
        made = _counts(expected).get("done create", 0)
        if (found := drill.customers()) != CUSTOMERS_BEFORE + made:
            problems.append(f"{found} customers, not {CUSTOMERS_BEFORE + made}")
        again = drill.bring_in(lambda state, batch_id: drill.wait(batch_id, ENDS[state]))
        if (counts := _counts(drill.report(again))) != {"skipped skip": rows} or drill.customers() != found:
            problems.append(f"handed in again: {counts}, {drill.customers()} customers")
        drill.take_back(batch_id, disturbed)
        problems += _differences("undone under kills", before, drill.content())
    missed = {state: len(points) - kills[state] for state, points in POINTS.items() if kills[state] != len(points)}
    if missed:
        problems.append(f"not killed as often as meant: {missed}")
    return {"seed": seed, "rows": rows, "kills": dict(kills), "made": made, "problems": problems}


def _counts(report: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    return dict(Counter(f"{state} {action}" for _line, state, action, _reasons in report))


def _differences(when: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [f"{when}, {table} differs" for table in sorted(before) if before[table] != after.get(table)]


class _Drill:
    """A company with some customers, and the person who brings more in."""

    def __init__(self, urls: Urls, rows: int) -> None:
        person = {"login": LOGIN, "name": "Drill", "password": os.urandom(12).hex()}
        run(set_up_company, {"name": "Drill", "currency": "CNY"}, person, context=Context())
        self._looking = db.Database(urls[2], pool_size=2)
        user_id = self._rows("SELECT id FROM app_user")[0][0]
        self._context = Context(actor=Actor(user_id, LOGIN, "Drill", frozenset(PERMISSIONS), viewer=EVERYTHING))
        for number in range(CUSTOMERS_BEFORE):
            run(create_customer, {"name": f"早有客户 {number}"}, context=self._context)
        self._content = customer_file(rows)

    def bring_in(self, wait: Callable[[str, int], None]) -> int:
        """Has the file checked and done, each by `wait(state, id)`; answers the import's id."""
        uploads = [Upload("customers.csv", self._content)]
        batch = run(upload_import, "customers", uploads, context=self._context).data
        run(check_import, batch["id"], batch["mapping"], {"existing": "skip"}, context=self._context)
        wait("checking", batch["id"])
        run(start_import, batch["id"], context=self._context)
        wait("running", batch["id"])
        return int(batch["id"])

    def take_back(self, batch_id: int, wait: Callable[[str, int], None]) -> None:
        run(undo_import, batch_id, context=self._context)
        wait("undoing", batch_id)

    def wait(self, batch_id: int, state: str) -> None:
        """Until the import stands so. Raises RuntimeError where it does not get on."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while self._how_far(batch_id)[0] != state:
            if time.monotonic() > ends:
                raise RuntimeError(f"import {batch_id} does not come to be {state}")
            time.sleep(0.05)

    def kill_at(self, worker: Worker, batch_id: int, state: str, chance: random.Random) -> int:
        """Kills the worker at the points of a state and starts it again; answers how often it was at work then."""
        kills = 0
        for point in POINTS[state]:
            while (found := self._how_far(batch_id))[0] == state and found[1] * 100 < point * max(found[2], 1):
                time.sleep(0.002)
            time.sleep(chance.uniform(0, LONGEST_DELAY[state]))
            worker.kill()
            kills += self._how_far(batch_id)[0] == state
            worker.start()
        self.wait(batch_id, ENDS[state])
        return kills

    def report(self, batch_id: int) -> list[tuple[Any, ...]]:
        """What became of each row: line, state, action, codes of the reasons."""
        found = self._rows(
            "SELECT line, state, action, reasons FROM import_row WHERE batch_id = %s ORDER BY line", batch_id
        )
        return [(line, state, action, [each["code"] for each in why or ()]) for line, state, action, why in found]

    def customers(self) -> int:
        return int(self._rows("SELECT count(*) FROM customer")[0][0])

    def content(self) -> dict[str, str]:
        """A digest of every row of each table, but of what tells of imports."""
        names = self._rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {
            name: self._rows(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} AS t")[0][0]  # noqa: S608 (names of tables)
            for (name,) in names
            if name not in LEFT_OUT
        }

    def _how_far(self, batch_id: int) -> tuple[str, int, int]:
        row = self._rows("SELECT state, rows_worked, rows_total FROM import_batch WHERE id = %s", batch_id)[0]
        return row[0], row[1], row[2]

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._looking.autocommit() as connection:
            return list(connection.exec_driver_sql(sql, values))
