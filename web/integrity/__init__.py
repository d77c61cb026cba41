"""Every stored figure derived anew from the rows that cannot change, in one snapshot, and compared.

Each check is one set-based statement that answers rows (record, what, stored, derived) where the two differ. A check
derives from immutable rows (journal lines, allocations, moves, shipment and invoice lines) rather than from other
counters, so that one wrong figure is named by one check.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from core.statements import Statement
from web.integrity import guards, ledger, orders, stock, trail
from web.integrity.check import SHOWN, Check

CHECKS: tuple[Check, ...] = (*ledger.CHECKS, *stock.CHECKS, *orders.CHECKS, *trail.CHECKS, *guards.CHECKS)


def run_checks(connection: Connection, checks: Sequence[Check] = CHECKS) -> list[dict[str, Any]]:
    """Runs the checks (all of them) on one snapshot; `connection` must be REPEATABLE READ, of a role that sees all rows.

    Answers per check: code, title, ok, count of differences, and the first ones as `findings`.
    """
    connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
    return [_answer(check, _rows(connection, check.statement)) for check in checks]


def _rows(connection: Connection, statement: Statement) -> list[Any]:
    return list(connection.exec_driver_sql(statement.text).fetchall())


def _answer(check: Check, rows: list[Any]) -> dict[str, Any]:
    return {
        "code": check.code,
        "title": check.title,
        "ok": not rows,
        "count": rows[0][4] if rows else 0,
        "findings": [f"{record}: {what} {stored} ≠ {derived}" for record, what, stored, derived, _ in rows[:SHOWN]],
    }
