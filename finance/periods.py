"""Fiscal periods: made by the year, closed and re-opened one month at a time."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from core.audit import record
from core.constraints import means
from core.errors import DomainError, NotFound
from core.plan import Plan
from core.statements import statement
from finance.chart import months_of_fiscal_year
from finance.models import FiscalPeriod, PeriodState

means("uq_fiscal_period_starts_on", "done_meanwhile")


class PeriodFact(NamedTuple):
    id: int
    starts_on: date
    ends_on: date
    state: str


PERIOD_FOR_UPDATE = statement(
    "periods.period_for_update",
    "SELECT id, starts_on, ends_on, state FROM fiscal_period WHERE id = %(period_id)s::bigint FOR UPDATE",
    tables="fiscal_period",
    scope="system",
    fact=PeriodFact,
)
PERIOD_STARTS = statement(
    "periods.starts", "SELECT starts_on FROM fiscal_period", tables="fiscal_period", scope="system"
)
EARLIER_OPEN = statement(
    "periods.earlier_open",
    """
    SELECT count(*) FROM fiscal_period WHERE state = 'open' AND starts_on < %(starts_on)s::date
       AND EXISTS (SELECT FROM journal_entry WHERE period_id = fiscal_period.id)
    """,
    tables="fiscal_period journal_entry",
    scope="system",
)
LATER_CLOSED = statement(
    "periods.later_closed",
    "SELECT count(*) FROM fiscal_period WHERE state = 'closed' AND starts_on > %(starts_on)s::date",
    tables="fiscal_period",
    scope="system",
)


def add_fiscal_year(plan: Plan, on: date, start_month: int) -> list[int]:
    """Opens the months of the fiscal year that `on` lies in; months that exist are left as they are."""
    [existing] = plan.fetch(PERIOD_STARTS())
    starts = {row[0] for row in existing}
    return [
        plan.insert(FiscalPeriod, starts_on=starts_on, ends_on=ends_on, fiscal_year=year)
        for starts_on, ends_on, year in months_of_fiscal_year(on, start_month)
        if starts_on not in starts
    ]


def close_period(plan: Plan, period_id: int) -> dict[str, Any]:
    """Closes a month for good postings; waits for postings under way. Earlier months with entries must be closed
    first."""
    period = _lock(plan, period_id)
    if period.state == PeriodState.CLOSED:
        raise DomainError("period_state", state=period.state)
    [[(earlier,)]] = plan.fetch(EARLIER_OPEN(starts_on=period.starts_on))
    if earlier:
        raise DomainError("earlier_period_open", starts_on=period.starts_on)
    plan.set(FiscalPeriod, period.id, state=PeriodState.CLOSED, closed_at=plan.now, closed_by_id=plan.actor.user_id)
    record(plan, "fiscal_period.closed", "fiscal_period", period.id, label=str(period.starts_on)[:7])
    return {"id": period.id, "state": PeriodState.CLOSED}


def reopen_period(plan: Plan, period_id: int) -> dict[str, Any]:
    """Opens a closed month again, the latest one first; recorded in the audit trail."""
    period = _lock(plan, period_id)
    if period.state == PeriodState.OPEN:
        raise DomainError("period_state", state=period.state)
    [[(later,)]] = plan.fetch(LATER_CLOSED(starts_on=period.starts_on))
    if later:
        raise DomainError("later_period_closed", starts_on=period.starts_on)
    plan.set(FiscalPeriod, period.id, state=PeriodState.OPEN, closed_at=None, closed_by_id=None)
    record(plan, "fiscal_period.reopened", "fiscal_period", period.id, label=str(period.starts_on)[:7])
    return {"id": period.id, "state": PeriodState.OPEN}


def _lock(plan: Plan, period_id: int) -> PeriodFact:
    [rows] = plan.fetch(PERIOD_FOR_UPDATE(period_id=period_id))
    if not rows:
        raise NotFound("fiscal_period", period_id)
    return rows[0]
