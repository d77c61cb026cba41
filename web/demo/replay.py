"""The replay's clock and hands: steps in order of days, each one command at its own moment, each repeatable.

A step runs under an idempotency key of its own, so that a load that was interrupted is taken up by running everything
again: what is done answers from its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from core.command import run
from core.context import SYSTEM, Actor, Context

OPENS = time(8, 30)
BUSINESS_SECONDS = 9 * 3600
ROUTE = "demo"


@dataclass(frozen=True)
class Step:
    """One command of the replay. Steps of a day run by `rank`, then in the order they were written."""

    day: date
    rank: int
    act: Callable[[Replay], Any]


@dataclass
class Replay:
    """Who there is and what was made so far, by Northwind's own ids; and the moment the current step runs at."""

    actors: dict[str, Actor] = field(default_factory=dict)
    employees: dict[int, Actor] = field(default_factory=dict)
    suppliers: dict[int, int] = field(default_factory=dict)
    categories: dict[int, int] = field(default_factory=dict)
    products: dict[int, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    freight_id: int = 0
    warehouse_id: int = 0
    deals: dict[str, int] = field(default_factory=dict)
    quotations: dict[str, int] = field(default_factory=dict)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    invoices: dict[int, dict[str, Any]] = field(default_factory=dict)
    payments: dict[int, dict[str, Any]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.min)
    _key: str = ""
    _commands: int = 0

    def begin(self, now: datetime, key: str) -> None:
        """Turns to the next step: its moment and its key."""
        self.now, self._key, self._commands = now, key, 0

    def run(self, actor: Actor | str, command: Any, /, *arguments: Any, **named: Any) -> Any:
        """Runs one command as somebody at the step's moment; returns its data.

        Each command of a step has a key of its own, so that a load taken up again skips those that were done.
        """
        who = (self.actors.get(actor) or SYSTEM) if isinstance(actor, str) else actor
        self._commands += 1
        key = self._key if self._commands == 1 else f"{self._key}-{self._commands}"
        context = Context(actor=who, now=self.now, idempotency_key=key, route=ROUTE, body_digest=command.__name__)
        return run(command, *arguments, context=context, **named).data


def in_time(steps: list[Step], zone: ZoneInfo) -> Iterator[tuple[datetime, str, Step]]:
    """The steps merged by day, each with its moment in business hours (strictly increasing) and its key."""
    ordered = sorted(steps, key=lambda step: (step.day, step.rank))
    number = 0
    for day, of_day in groupby(ordered, key=lambda step: step.day):
        todays = list(of_day)
        opening = datetime.combine(day, OPENS, zone)
        for index, step in enumerate(todays):
            number += 1
            yield opening + timedelta(seconds=index * BUSINESS_SECONDS // len(todays)), f"demo-{number}", step
