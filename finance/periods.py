"""Fiscal periods: opened by the year, closed and re-opened one month at a time."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from core.approvals.models import ApprovalKind
from core.approvals.require import Subject, require
from core.audit import record
from core.constraints import means
from core.errors import DomainError, NotFound
from core.needs import needs
from core.plan import Plan
from core.statements import statement
from finance.chart import months_of_fiscal_year
from finance.models import FiscalPeriod, PeriodState

FARTHEST = timedelta(days=731)
"""How far ahead of today a fiscal year may begin: a slip of the keyboard opens no years nobody needs."""
means("uq_fiscal_period_starts_on", "done_meanwhile")


class PeriodFact(NamedTuple):
    id: int
    starts_on: date
    ends_on: date
    state: str


class YearFact(NamedTuple):
    """A fiscal year that has periods."""

    fiscal_year: int
    starts_on: date
    ends_on: date
    start_month: int


class MonthFact(NamedTuple):
    """What a month holds and what is still open at its end; amounts in the company's currency."""

    entries: int
    amount: Decimal
    unmatched: int
    amount_unmatched: Decimal
    amount_unbilled: Decimal
    tasks: int


LOCK_PERIODS = statement(
    "periods.lock", "LOCK TABLE fiscal_period IN SHARE ROW EXCLUSIVE MODE", tables="fiscal_period", scope="system"
)
YEARS = statement(
    "periods.years",
    """
    SELECT fiscal_year, min(starts_on), max(ends_on), company.fiscal_year_start_month
      FROM fiscal_period CROSS JOIN company GROUP BY fiscal_year, company.id ORDER BY fiscal_year
    """,
    tables="fiscal_period company",
    scope="system",
    fact=YearFact,
)
MONTH = statement(
    "periods.month",
    """
    SELECT posted.entries, posted.amount, receipts.number, receipts.amount,
           (SELECT coalesce(sum(debit - credit), 0)::numeric(18,2)
              FROM journal_line AS line JOIN account ON account.id = line.account_id
             WHERE account.role = 'unbilled' AND line.effective_on <= period.ends_on),
           (SELECT count(*) FROM ledger_task WHERE done_at IS NULL)
      FROM fiscal_period AS period,
           LATERAL (SELECT count(DISTINCT entry.id) AS entries, coalesce(sum(debit), 0)::numeric(18,2) AS amount
                      FROM journal_entry AS entry JOIN journal_line AS line ON line.entry_id = entry.id
                     WHERE entry.period_id = period.id) AS posted,
           LATERAL (SELECT count(*) AS number, coalesce(sum(amount_unapplied), 0)::numeric(18,2) AS amount
                      FROM payment WHERE kind = 'receipt' AND amount_allocated < amount
                       AND received_on <= period.ends_on) AS receipts
     WHERE period.id = %(period_id)s::bigint
    """,
    tables="fiscal_period journal_entry journal_line account payment ledger_task",
    scope="system",
    fact=MonthFact,
)
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


@needs("periods.close")
def open_fiscal_year(plan: Plan, fiscal_year: int) -> dict[str, Any]:
    """Opens the twelve months of the fiscal year that follows the latest one of the books (or precedes the earliest).

    A fiscal year is named by its last day's year. Locks the periods against another opening; postings go on. Raises
    `fiscal_year_exists`, `fiscal_year_apart`, `fiscal_year_too_far`.
    """
    _, years = plan.fetch(LOCK_PERIODS(), YEARS())
    if not years:
        raise DomainError("not_set_up")
    known = [year.fiscal_year for year in years]
    if fiscal_year in known:
        raise DomainError("fiscal_year_exists", fiscal_year=fiscal_year)
    if fiscal_year not in (known[0] - 1, known[-1] + 1):
        raise DomainError("fiscal_year_apart", fiscal_year=fiscal_year, previous=known[0] - 1, next=known[-1] + 1)
    is_later = fiscal_year > known[-1]
    inside = years[-1].ends_on + timedelta(days=1) if is_later else years[0].starts_on - timedelta(days=1)
    if is_later and inside > plan.today + FARTHEST:
        raise DomainError("fiscal_year_too_far", fiscal_year=fiscal_year, starts_on=inside)
    months = months_of_fiscal_year(inside, years[0].start_month)
    ids = add_fiscal_year(plan, inside, years[0].start_month)
    starts_on, ends_on = months[0][0], months[-1][1]
    plan.effect("fiscal_year", fiscal_year=fiscal_year, starts_on=starts_on, ends_on=ends_on)
    span = {"starts_on": starts_on, "ends_on": ends_on}
    record(plan, "fiscal_year.opened", "fiscal_period", ids[0], label=str(fiscal_year), changes=span)
    return {"fiscal_year": fiscal_year, **span, "periods": ids}


@needs("periods.close")
def close_period(plan: Plan, period_id: int) -> dict[str, Any]:
    """Closes a month for good postings; waits for postings under way. Earlier months with entries must be closed
    first.

    The effects say what the month holds, the warnings what is still open at its end; none of it hinders closing.
    """
    period = _lock(plan, period_id)
    if period.state == PeriodState.CLOSED:
        raise DomainError("period_state", state=period.state)
    [[(earlier,)], [month]] = plan.fetch(EARLIER_OPEN(starts_on=period.starts_on), MONTH(period_id=period_id))
    if earlier:
        raise DomainError("earlier_period_open", starts_on=period.starts_on)
    _show_month(plan, period, month)
    plan.set(FiscalPeriod, period.id, state=PeriodState.CLOSED, closed_at=plan.now, closed_by_id=plan.actor.user_id)
    record(plan, "fiscal_period.closed", "fiscal_period", period.id, label=str(period.starts_on)[:7])
    return {"id": period.id, "state": PeriodState.CLOSED, "starts_on": period.starts_on, "ends_on": period.ends_on}


def _show_month(plan: Plan, period: PeriodFact, month: MonthFact) -> None:
    plan.effect("close_month", starts_on=period.starts_on, ends_on=period.ends_on)
    plan.effect("month_entries", entries=month.entries, amount=month.amount)
    if period.ends_on >= plan.today:
        plan.warn("month_not_over", ends_on=period.ends_on)
    if month.unmatched:
        plan.warn("month_unmatched", payments=month.unmatched, amount=month.amount_unmatched)
    if month.amount_unbilled:
        plan.warn("month_unbilled", amount=month.amount_unbilled, ends_on=period.ends_on)
    if month.tasks:
        plan.warn("open_tasks", tasks=month.tasks)


@needs("periods.close")
def reopen_period(plan: Plan, period_id: int) -> dict[str, Any]:
    """Opens a closed month again, the latest one first; recorded in the audit trail. Always needs an approval, where
    there is anybody to give it. Raises `period_state`, `later_period_closed`, `approval_required`."""
    period = _lock(plan, period_id)
    if period.state == PeriodState.OPEN:
        raise DomainError("period_state", state=period.state)
    [[(later,)]] = plan.fetch(LATER_CLOSED(starts_on=period.starts_on))
    if later:
        raise DomainError("later_period_closed", starts_on=period.starts_on)
    subject = Subject("fiscal_period", period.id, str(period.starts_on)[:7])
    require(plan, ApprovalKind.REOPENING, subject, Decimal(1))
    plan.effect("reopen_month", starts_on=period.starts_on, ends_on=period.ends_on)
    plan.set(FiscalPeriod, period.id, state=PeriodState.OPEN, closed_at=None, closed_by_id=None)
    record(plan, "fiscal_period.reopened", "fiscal_period", period.id, label=str(period.starts_on)[:7])
    return {"id": period.id, "state": PeriodState.OPEN, "starts_on": period.starts_on, "ends_on": period.ends_on}


def _lock(plan: Plan, period_id: int) -> PeriodFact:
    [rows] = plan.fetch(PERIOD_FOR_UPDATE(period_id=period_id))
    if not rows:
        raise NotFound("fiscal_period", period_id)
    return rows[0]
