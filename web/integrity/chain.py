"""The audit chain and the number of rows that are never taken back, held to what is kept outside the database.

Chains of more than `MOST_LINKS` are walked from the newest anchor that leaves so many; `./manage verify-audit` walks
them whole.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from core.database import Database
from core.seal import count_tables
from core.seal_check import start_near_the_end, still, verify
from core.seal_files import Anchors, SealFiles, derive_key
from web.cli.messages import gettext as _

MOST_LINKS = 100_000
TITLES = {
    "I11.chain": _("Every audit row is as it was sealed, and none is missing"),
    "I11.counts": _("No append-only table holds fewer rows than it once did"),
}
HEAD = "SELECT coalesce(max(position), 0) FROM audit_seal"


def check_audit(database: Database, files: SealFiles, secret_key: str) -> list[dict[str, Any]]:
    """Both checks on a snapshot of their own, during whose beginning the sealer waits; answers as `run_checks`."""
    key = derive_key(secret_key)
    with database.snapshot() as connection:
        with still(database):
            anchors = files.anchors()
            connection.exec_driver_sql("SELECT 1")
        return answers(connection, anchors, files.keys() | {key.id: key.secret})


def answers(connection: Connection, anchors: Anchors, keys: dict[str, bytes]) -> list[dict[str, Any]]:
    """The answers of both checks on what the connection shows."""
    head = connection.execute(text(HEAD)).scalar_one()
    fault = verify(connection, anchors, keys, since=start_near_the_end(anchors, head, MOST_LINKS)).fault
    broken = [f"{fault.audit_row_id or fault.position}: {fault.kind} {fault.position} ≠ {head}"] if fault else []
    held = count_tables(connection) if anchors.counts else {}
    fewer = [
        f"{table}: count {held.get(table, 0)} ≠ {count}"
        for table, count in sorted(anchors.counts.items())
        if held.get(table, 0) < count
    ]
    return [_answer("I11.chain", broken), _answer("I11.counts", fewer)]


def _answer(code: str, findings: list[str]) -> dict[str, Any]:
    return {
        "code": code,
        "title": TITLES[code],
        "ok": not findings,
        "count": len(findings),
        "findings": findings,
    }
