"""Every stored figure derived anew from the rows that cannot change, in one snapshot, and compared.

Each check selects rows (record, what, stored, derived) where the two differ. A check derives from immutable rows
(journal lines, allocations, moves, shipment and invoice lines) rather than from other counters, so that one wrong
figure is named by one check. Checks over the same facts are one set-based statement, and two statements run at once, on
connections that share the snapshot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, text

from core.database import Database
from web.integrity import approvals, entries, guards, ledger, numbers, orders, searching, stock, trail
from web.integrity.check import Check, Group

# The long ones first, so that both connections have work until the end.
GROUPS: tuple[Group, ...] = (
    *entries.GROUPS,
    *orders.GROUPS,
    *trail.GROUPS,
    *numbers.GROUPS,
    *stock.GROUPS,
    *ledger.GROUPS,
    *guards.GROUPS,
    *approvals.GROUPS,
    *searching.GROUPS,
)


def _place(code: str) -> tuple[int, str]:
    return int(code.split(".")[0][1:]), code


CHECKS: tuple[Check, ...] = tuple(
    sorted((check for group in GROUPS for check in group.checks), key=lambda check: _place(check.code))
)
AT_ONCE = 2
Answers = list[dict[str, Any]]


def check_database(database: Database) -> Answers:
    """Runs all checks on one snapshot over two connections of a role that sees all rows; answers as `run_checks`."""
    todo = deque(GROUPS)
    with database.snapshot() as first:
        snapshot = first.execute(text("SELECT pg_export_snapshot()")).scalar_one()

        def take(connection: Connection) -> Answers:
            _prepare(connection)
            answers: Answers = []
            while todo:
                try:
                    answers += _run(connection, todo.popleft())
                except IndexError:
                    break
            return answers

        def take_on_another() -> Answers:
            with database.snapshot() as other:
                other.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
                return take(other)

        with ThreadPoolExecutor(AT_ONCE - 1) as pool:
            others = [pool.submit(take_on_another) for _ in range(AT_ONCE - 1)]
            return in_order(take(first) + [answer for other in others for answer in other.result()])


def run_checks(connection: Connection, groups: Sequence[Group] = GROUPS) -> Answers:
    """Runs the checks (all of them) on one snapshot; `connection` must be REPEATABLE READ, of a role that sees all.

    Answers per check: code, title, ok, count of differences, and the first ones as `findings`.
    """
    _prepare(connection)
    return in_order([answer for group in groups for answer in _run(connection, group)])


def _prepare(connection: Connection) -> None:
    # Hash tables stay in memory; compiling such statements costs more than it gains.
    connection.exec_driver_sql("SET LOCAL work_mem = '96MB'")
    connection.exec_driver_sql("SET LOCAL jit = off")


def _run(connection: Connection, group: Group) -> Answers:
    found: dict[str, list[Any]] = {}
    for code, *row in connection.exec_driver_sql(group.statement.text).fetchall():
        found.setdefault(code, []).append(row)
    return [_answer(check, found.get(check.code, [])) for check in group.checks]


def in_order(answers: Answers) -> Answers:
    """The answers by the number of what they promise, then by name."""
    return sorted(answers, key=lambda answer: _place(answer["code"]))


def _answer(check: Check, rows: list[Any]) -> dict[str, Any]:
    return {
        "code": check.code,
        "title": check.title,
        "ok": not rows,
        "count": rows[0][4] if rows else 0,
        "findings": [f"{record}: {what} {stored} ≠ {derived}" for record, what, stored, derived, _ in rows],
    }
