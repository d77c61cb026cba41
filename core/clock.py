"""Where the time comes from: one function, so that a test or a replay can say what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def day_in(moment: datetime, time_zone: str) -> date:
    """The calendar day of `moment` where the company keeps its books."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
