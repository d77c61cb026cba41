"""Where the time comes from: one function, so that a test or a replay can say what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

EARLIEST_DAY = date(2000, 1, 1)
YEARS_AHEAD = 10


def is_document_day(day: date, today: date) -> bool:
    """Whether a document may carry this day: from 2000 on, and no more than ten years ahead. A day beyond is a slip of
    the keyboard, wherever it is typed."""
    return day >= EARLIEST_DAY and (day.year, day.month, day.day) <= (today.year + YEARS_AHEAD, today.month, today.day)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def day_in(moment: datetime, time_zone: str) -> date:
    """The calendar day of `moment` where the company keeps its books."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
