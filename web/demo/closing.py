"""After the last day: discontinued products, what has become of each customer, and the events applied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

import inventory.alerts  # noqa: F401 (its consumer raises the alerts)
from core import database as db
from core.command import run
from core.context import SYSTEM, Context
from core.outbox import apply_event
from core.parties import Lifecycle
from crm.owners import change_customer
from inventory.catalog import change_product
from web.cli.messages import _
from web.demo.dates import Calendar
from web.demo.opening import ADMIN, MANAGER
from web.demo.records import note_loading, set_discount_rule
from web.demo.replay import Replay, Step
from web.demo.source import Northwind, SourceProduct

CLOSING, LOADED = 90, 99
ACTIVE_DAYS, AT_RISK_DAYS = 90, 180
LATEST_OF_EACH_PRODUCT = text(
    """
    SELECT DISTINCT max(id) FROM outbox_event, jsonb_array_elements(payload->'product_ids') AS product
     WHERE kind = 'stock_changed' AND state = 'pending' GROUP BY product ORDER BY 1
    """
)


def closing_steps(calendar: Calendar, northwind: Northwind) -> list[Step]:
    """On the last day: products are discontinued, customers judged by their last order, the load is marked done."""
    day = calendar.last_day
    last_order = {order.customer: calendar.day(order.ordered_on) for order in northwind.orders}
    steps = [Step(day, CLOSING, _discontinue(product)) for product in northwind.products if product.is_discontinued]
    steps += [Step(day, CLOSING, _judge(code, since, day)) for code, since in sorted(last_order.items())]
    steps.append(Step(day, CLOSING, lambda replay: replay.run(ADMIN, set_discount_rule, True)))
    facts = {"orders": len(northwind.orders), "source": "Microsoft Northwind"}
    return [*steps, Step(day, LOADED, lambda replay: replay.run(ADMIN, note_loading, "demo.loaded", facts))]


def _discontinue(product: SourceProduct) -> Any:
    return lambda replay: replay.run(MANAGER, change_product, replay.products[product.id], {"is_discontinued": True})


def _judge(code: str, last_order_on: date, day: date) -> Any:
    """Active, at risk or lost by the days since the last order."""
    quiet = day - last_order_on
    if quiet <= timedelta(days=ACTIVE_DAYS):
        lifecycle = Lifecycle.ACTIVE
    else:
        lifecycle = Lifecycle.AT_RISK if quiet <= timedelta(days=AT_RISK_DAYS) else Lifecycle.LOST

    def act(replay: Replay) -> None:
        replay.run(MANAGER, change_customer, replay.customers[code], {"lifecycle": lifecycle})

    return act


def raise_alerts(progress: Callable[[int, str], Any], now: datetime) -> None:
    """Applies the latest event of each product's stock, so that low-stock alerts stand before anyone looks.

    All other events are left to the worker; those about stock find nothing new then.
    """
    with db.current().autocommit() as connection:
        events = connection.execute(LATEST_OF_EACH_PRODUCT).scalars().all()
    with progress(len(events), _("Looking for low stock")) as bar:
        for event_id in events:
            run(apply_event, event_id, context=Context(actor=SYSTEM, now=now))
            bar.advance()
