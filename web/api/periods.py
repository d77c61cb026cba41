"""Fiscal periods: the months of the books, opened by the year, closed and re-opened one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

from crm.closing import close_month
from finance.models import PeriodState
from finance.periods import open_fiscal_year, reopen_period
from finance.queries.periods import PERIODS
from web.api.fields import Body, Choice, Integer
from web.api.operation import PAGING, Call, operation

CHANGED = {"id": int, "state": str, "starts_on": date, "ends_on": date}


@operation(
    "GET", "/fiscal-periods", "ledger.read", summary="The months of the books, the latest first",
    query=Body(state=Choice(choices=tuple(PeriodState)), fiscal_year=Integer(smallest=1900, largest=2999)) | PAGING,
    answer=[CHANGED | {"fiscal_year": int, "closed_at": str | None, "closed_by_id": int | None, "entries": int}],
)  # fmt: skip
def list_fiscal_periods(call: Call) -> Any:
    return call.page(PERIODS, lambda row: row._asdict())


@operation(
    "POST", "/fiscal-years", "periods.close", previewable=True, status=201,
    summary="Open the fiscal year after the last of the books, or before the first",
    body=Body(fiscal_year=Integer(required=True, smallest=1900, largest=2999)),
    answer={"fiscal_year": int, "starts_on": date, "ends_on": date, "periods": [int]},
    refusals=("fiscal_year_exists", "fiscal_year_apart", "fiscal_year_too_far", "plan_changed"),
)  # fmt: skip
def open_fiscal_year_call(call: Call) -> Any:
    return call.run(open_fiscal_year, call.body["fiscal_year"])


@operation(
    "POST", "/fiscal-periods/{period_id}/close", "periods.close", previewable=True, summary="Close a month",
    body=Body(), answer=CHANGED, refusals=("period_state", "earlier_period_open", "plan_changed"),
)  # fmt: skip
def close_fiscal_period(call: Call, period_id: int) -> Any:
    return call.run(close_month, period_id)


@operation(
    "POST", "/fiscal-periods/{period_id}/reopen", "periods.close", summary="Open a closed month again",
    body=Body(), answer=CHANGED, refusals=("period_state", "later_period_closed", "approval_required"),
)  # fmt: skip
def reopen_fiscal_period(call: Call, period_id: int) -> Any:
    return call.run(reopen_period, period_id)
