"""Closing a month with what sales still has open in it: the drafts that were written in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.needs import needs
from core.plan import Plan
from core.statements import statement
from finance.periods import close_period


class DraftsFact(NamedTuple):
    number: int
    amount: Decimal
    first: str | None


DRAFTS = statement(
    "closing.drafts",
    """
    SELECT count(*), coalesce(sum(amount_total), 0)::numeric(18,2), min(number) FROM sales_order
     WHERE state = 'draft' AND ordered_on BETWEEN %(starts_on)s::date AND %(ends_on)s::date
    """,
    tables="sales_order",
    scope="system",
    fact=DraftsFact,
)


@needs("periods.close")
def close_month(plan: Plan, period_id: int) -> dict[str, Any]:
    """Closes a month as `finance.periods.close_period` does, and names the draft orders written in it.

    A draft hinders nothing: it is posted on the day it is confirmed. Locks and refusals are those of `close_period`.
    """
    answer = close_period(plan, period_id)
    starts_on: date = answer["starts_on"]
    [[drafts]] = plan.fetch(DRAFTS(starts_on=starts_on, ends_on=answer["ends_on"]))
    if drafts.number:
        plan.warn("month_drafts", drafts=drafts.number, amount=drafts.amount, first=drafts.first)
    return answer
