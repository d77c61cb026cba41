"""When orders are confirmed and what must have come in by then, so that stock ends as Northwind's files say.

The company starts with what the files say is in stock at the end. On the morning of each day exactly what that day's
orders take that were shipped later comes in, and these orders reserve it; so the free stock stays what it was, until
the orders that are still open at the end take from it.

A receipt fills waiting orders first. So an open order that must wait for a product is confirmed after the last shipped
order of that product: it stays a draft until then, a few days at most, as does an open order that shares a product with
one before it (who came first is served first).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from inventory.documents import StockLine, receive_stock
from web.demo.dates import Calendar
from web.demo.opening import WAREHOUSE
from web.demo.replay import Replay, Step
from web.demo.source import Northwind, SourceOrder, SourceProduct

RECEIPT = 10


def confirmation_days(northwind: Northwind) -> dict[int, date]:
    """The day (of Northwind's calendar) each order is confirmed; its order day except where stock says otherwise."""
    days = {order.id: order.ordered_on for order in northwind.orders}
    last_shipped: dict[int, date] = {}
    for order in northwind.orders:
        if order.shipped_on:
            last_shipped.update(dict.fromkeys(_products(order), order.ordered_on))
    waiting = waiting_products(northwind.orders, northwind.products)
    taken_on: dict[int, date] = {}
    for order in northwind.orders:
        if order.shipped_on:
            continue
        after = [last_shipped[product] for product in waiting[order.id] if product in last_shipped]
        before_it = [taken_on[product] for product in _products(order) if product in taken_on]
        days[order.id] = max([order.ordered_on, *after, *before_it])
        taken_on.update(dict.fromkeys(_products(order), days[order.id]))
    return days


def waiting_products(orders: Sequence[SourceOrder], products: Sequence[SourceProduct]) -> dict[int, set[int]]:
    """For each open order the products it must wait for, when open orders take from the opening stock in their
    order."""
    free = {product.id: product.units_in_stock for product in products}
    waiting: dict[int, set[int]] = {}
    for order in orders:
        if order.shipped_on:
            continue
        waiting[order.id] = {line.product_id for line in order.lines if line.quantity > free[line.product_id]}
        for line in order.lines:
            free[line.product_id] -= min(line.quantity, free[line.product_id])
    return waiting


def _products(order: SourceOrder) -> set[int]:
    return {line.product_id for line in order.lines}


def receipt_steps(calendar: Calendar, northwind: Northwind) -> list[Step]:
    """One receipt each morning with what that day's shipped orders take."""
    wanted: dict[date, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for order in northwind.orders:
        if order.shipped_on:
            for line in order.lines:
                wanted[order.ordered_on][line.product_id] += line.quantity
    costs = {product.id: product.cost for product in northwind.products}
    return [Step(calendar.day(day), RECEIPT, _receipt(quantities, costs)) for day, quantities in wanted.items()]


def _receipt(quantities: dict[int, Decimal], costs: dict[int, Decimal]) -> Callable[[Replay], None]:
    def act(replay: Replay) -> None:
        lines = [StockLine(replay.products[key], quantity, costs[key]) for key, quantity in sorted(quantities.items())]
        replay.run(WAREHOUSE, receive_stock, lines=lines)

    return act
