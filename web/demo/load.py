"""Loading the demo company: Northwind's two years replayed command by command, ending the day before today.

What is Northwind's: customers, suppliers, products, employees, orders with their lines, prices, discounts, freight,
dates of order, request and shipment. What is added: the company, finance and warehouse, opportunities and quotations
before each order, receipts, payments, some lost and some open opportunities. Nothing is mailed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import click

from core import clock
from core import database as db
from web.cli.messages import _
from web.demo.closing import closing_steps, raise_alerts
from web.demo.dates import Calendar
from web.demo.money import payment_steps
from web.demo.opening import COMPANY, customer_steps, opening_steps
from web.demo.prospects import lost_steps, open_steps, prospect_deals
from web.demo.records import is_demo, started, was_loaded
from web.demo.replay import Replay, Step, in_time
from web.demo.source import Northwind
from web.demo.stock import confirmation_days, receipt_steps
from web.demo.story import deal_steps, deals_of, order_steps

TIME_ZONE = ZoneInfo(COMPANY["time_zone"])


class HoldsRealData(click.ClickException):
    """The database holds a company that is not the demo's."""


def load_demo(progress: Callable[[int, str], Any], *, today: date | None = None, orders: int | None = None) -> bool:
    """Loads the demo company into the current database; returns False where it was there already.

    `progress(total, label)` is a context manager with `advance()`. `today` is the first day on which nothing has
    happened yet (today in the company's time zone when None). `orders` keeps only that many of the latest orders. A
    load that was interrupted is taken up where it stopped, for the day it was begun on. Raises HoldsRealData.
    """
    database = db.current()
    with database.autocommit() as connection:
        mine = is_demo(connection)
        if mine is False:
            raise HoldsRealData(_("This database holds a company of its own. The demo company needs an empty one."))
        if mine and was_loaded(connection):
            return False
        begun = started(connection) if mine else None
    if begun:
        today, orders = begun
    calendar = Calendar(today or clock.day_in(clock.now(), TIME_ZONE.key))
    northwind = Northwind(orders)
    replay = Replay()
    steps = story(calendar, northwind, orders)
    with progress(len(steps), _("Loading the demo company")) as bar:
        for moment, key, step in in_time(steps, TIME_ZONE):
            replay.begin(moment, key)
            step.act(replay)
            bar.advance()
    raise_alerts(progress, replay.now)
    return True


def story(calendar: Calendar, northwind: Northwind, orders: int | None = None) -> list[Step]:
    """All steps of the replay, in no order yet."""
    confirmed = {number: calendar.day(day) for number, day in confirmation_days(northwind).items()}
    deals = deals_of(northwind, calendar)
    lost, still_open = prospect_deals(calendar, northwind)
    first_contact: dict[str, date] = {}
    for deal in [*deals.values(), *lost, *(deal for deal, _stage in still_open)]:
        first_contact[deal.customer] = min(deal.starts_on, first_contact.get(deal.customer, deal.starts_on))
    steps = opening_steps(calendar, northwind, orders)
    steps += customer_steps(calendar, northwind, first_contact)
    steps += receipt_steps(calendar, northwind)
    for order in northwind.orders:
        steps += deal_steps(deals[order.id])
        steps += order_steps(order, deals[order.id], calendar, confirmed[order.id])
        steps += payment_steps(order, calendar, confirmed[order.id])
    for deal in lost:
        steps += lost_steps(deal, calendar)
    for deal, stage in still_open:
        steps += open_steps(deal, stage, calendar)
    return steps + closing_steps(calendar, northwind)
