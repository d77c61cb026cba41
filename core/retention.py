"""How long rows are kept: audit rows for good, what only daily work needed for a year."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.audit import record
from core.needs import for_the_system
from core.plan import Plan
from core.statements import statement

ENDED_FOR = timedelta(days=365)

DUE = statement(
    "retention.due",
    """
    SELECT company.audit_years, (SELECT count(*) FROM audit_row),
           (SELECT count(*) FROM audit_row
             WHERE recorded_at < %(now)s::timestamptz - make_interval(years => company.audit_years)),
           (SELECT min(recorded_at) FROM audit_row)::date
      FROM company
    """,
    tables="company audit_row",
    scope="system",
)
ENDED = {
    "sessions": (
        "user_session",
        "coalesce(ended_at, last_seen_at) < %(before)s::timestamptz",
    ),
    "notices": ("notice", "read_at < %(before)s::timestamptz"),
}
COUNTED = {
    name: statement(f"retention.{name}", f"SELECT count(*) FROM {table} WHERE {over}", tables=table, scope="system")  # noqa: S608
    for name, (table, over) in ENDED.items()
}
SWEPT = {
    name: statement(f"retention.sweep_{name}", f"DELETE FROM {table} WHERE {over}", tables=table, scope="system")  # noqa: S608
    for name, (table, over) in ENDED.items()
}


@for_the_system
def report_retention(plan: Plan, *, sweep: bool = False) -> dict[str, Any]:
    """How many audit rows are older than the company's years, and how many sessions and notices ended more than a year
    ago; with `sweep` those are deleted. Recorded. Audit rows themselves are never deleted."""
    before = plan.now - ENDED_FOR
    [due], *counted = plan.fetch(DUE(now=plan.now), *(counting(before=before) for counting in COUNTED.values()))
    years, total, older, oldest = due
    found = {name: rows[0][0] for name, rows in zip(COUNTED, counted, strict=True)}
    if sweep:
        plan.fetch(*(sweeping(before=before) for sweeping in SWEPT.values()))
    answer = {"years": years, "total": total, "due": older, "oldest": oldest, **found, "swept": sweep}
    record(plan, "audit.retention_reported", "audit", 0, changes=answer)
    return answer
