"""Fiscal periods: the months of the books, closed and opened again."""

from __future__ import annotations

from datetime import date
from typing import Any

from finance.models import PeriodState
from finance.periods import close_period, reopen_period
from finance.queries.book_record import PERIODS
from web.api.fields import Body, Choice, Integer
from web.api.operation import PAGING, Call, operation

STATE = {"id": int, "state": str}


@operation(
    "GET", "/fiscal-periods", "ledger.read", summary="The months of the books, the latest first",
    query=Body(state=Choice(choices=tuple(PeriodState)), fiscal_year=Integer()) | PAGING,
    answer=[{
        "id": int, "starts_on": date, "ends_on": date, "fiscal_year": int, "state": str, "closed_at": str | None,
        "closed_by_id": int | None, "entries": int,
    }],
)  # fmt: skip
def list_fiscal_periods(call: Call) -> Any:
    return call.page(PERIODS, lambda row: row._asdict())


@operation(
    "POST", "/fiscal-periods/{period_id}/close", "periods.close", summary="Close a month", body=Body(), answer=STATE,
    refusals=("period_state", "earlier_period_open"),
)  # fmt: skip
def close_fiscal_period(call: Call, period_id: int) -> Any:
    return call.run(close_period, period_id)


@operation(
    "POST", "/fiscal-periods/{period_id}/reopen", "periods.close", summary="Open a closed month again", body=Body(),
    answer=STATE, refusals=("period_state", "later_period_closed"),
)  # fmt: skip
def reopen_fiscal_period(call: Call, period_id: int) -> Any:
    return call.run(reopen_period, period_id)
