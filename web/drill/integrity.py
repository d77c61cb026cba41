"""How long `integrity-check` takes over a company of a given size."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import text

from core import database as db
from web.cli.messages import _
from web.cli.progress import Progress, say
from web.cli.scratch import scratch_database
from web.demo.load import load_demo
from web.drill.grow import grow
from web.integrity import AT_ONCE, GROUPS, check_database, run_checks

MILLION = 1_000_000


def measure_integrity(*, lines: int = MILLION, rounds: int = 3) -> dict[str, Any]:
    """Loads the demo company, copies it until there are `lines` journal lines, and checks it `rounds` times."""
    with scratch_database("drill") as (embedded, _home):
        load_demo(Progress)
        found = _grow(embedded.admin_url, lines)
        return {"journal_lines": found} | _check(embedded.system_url, rounds)


def _grow(url: str, lines: int) -> int:
    owner = db.Database(url, pool_size=1)
    try:
        with owner.engine.begin() as connection:
            count = connection.execute(text("SELECT count(*) FROM journal_line")).scalar_one()
            grow(connection, copies=max(0, -(-lines // count) - 1), progress=lambda name: say(f"  {name}"))
        with owner.autocommit() as connection:
            connection.execute(text("VACUUM ANALYZE"))
            return int(connection.execute(text("SELECT count(*) FROM journal_line")).scalar_one())
    finally:
        owner.dispose()


def _check(url: str, rounds: int) -> dict[str, Any]:
    system = db.Database(url, pool_size=AT_ONCE, application_name="countinghouse integrity-check")
    try:
        seconds, failed = [], set()
        for _round in range(rounds):
            started = time.monotonic()
            failed |= {check["code"] for check in check_database(system) if not check["ok"]}
            seconds.append(round(time.monotonic() - started, 1))
            say(_("checked in %(seconds)s s") % {"seconds": seconds[-1]})
        return {"seconds": seconds, "failed": sorted(failed), "each": _each(system)}
    finally:
        system.dispose()


def _each(system: db.Database) -> dict[str, float]:
    """Seconds of each statement alone, the slowest first, by the first check that it answers."""
    spent: dict[str, float] = {}
    with system.reading() as connection:
        for group in GROUPS:
            started = time.monotonic()
            run_checks(connection, [group])
            spent[group.name] = round(time.monotonic() - started, 2)
    return dict(sorted(spent.items(), key=lambda item: -item[1]))
