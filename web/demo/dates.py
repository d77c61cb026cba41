"""Which day Northwind's days become, and days counted in working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

LAST_ORDER_ON = date(1998, 5, 6)
SET_UP_BEFORE = timedelta(days=42)
SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """Moves dates by whole weeks, so that the last order lies within the seven days before `today`.

    Weekdays stay what they were. `last_day` is yesterday: nothing happens today or later.
    """

    today: date

    @property
    def shift(self) -> timedelta:
        return timedelta(weeks=(self.last_day - LAST_ORDER_ON).days // 7)

    @property
    def last_day(self) -> date:
        return self.today - timedelta(days=1)

    def day(self, then: date) -> date:
        """The day Northwind's day has become."""
        return then + self.shift

    def happens(self, day: date) -> bool:
        return day <= self.last_day


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= SATURDAY else day


def working_day_before(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=day.weekday() - SATURDAY + 1) if day.weekday() >= SATURDAY else day
