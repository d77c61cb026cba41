"""What the actions of an order wait for, or need, while they are not possible."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flask_babel import gettext as _

from crm.queries.order_page import OrderPage
from web.filters import money, quantity
from web.orders.specs import ACTIONS
from web.permissions import may
from web.refused import Refused

MOST_NAMED = 3


def refused_of(page: OrderPage) -> list[Refused]:
    """Of the actions that the reader may do, those that the order is not ready for. A cancelled order has none."""
    state = page.order.state
    if state == "draft":
        return list(_of_draft(page))
    return [*_ship(page), *_in_menu(page)] if state in ("confirmed", "done") else []


def _of_draft(page: OrderPage) -> Iterator[Refused]:
    if not may("orders.confirm"):
        if may("orders.ship"):
            yield Refused(_title("ship"), _("It is a draft; it has to be confirmed first."), waits=True)
        return
    if short := _short(page):
        named = _(", ").join(f"{sku} −{quantity(count)}" for sku, count in list(short.items())[:MOST_NAMED])
        text = _(
            "Stock does not cover %(lines)s. Back-order the rest, lower the quantity, or wait for a receipt.",
            lines=named + ("…" if len(short) > MOST_NAMED else ""),
        )
        yield Refused(_("Confirm order…"), text)
    over = page.over_limit
    if over > 0 and may("invoices.read"):
        text = _(
            "It goes over the credit limit by %(over)s. Lower it, or let the customer pay first.", over=money(over)
        )
        yield Refused(_("Confirm order…"), text)


def _short(page: OrderPage) -> dict[str, Decimal]:
    """What stock lacks for lines that are not to be back-ordered, by code."""
    wanted: dict[str, Decimal] = {}
    free = {line.sku: line.available for line in page.lines}
    for line in page.lines:
        if not line.is_service and line.on_short != "back_order":
            wanted[line.sku] = wanted.get(line.sku, Decimal(0)) + line.quantity
    return {sku: count - free[sku] for sku, count in wanted.items() if count > free[sku]}


def _ship(page: OrderPage) -> Iterator[Refused]:
    if may("orders.ship") and page.back_ordered and not page.reserved:
        text = _(
            "%(count)s units wait for stock. The next receipt reserves them by itself, the earliest wish first.",
            count=quantity(page.back_ordered),
        )
        yield Refused(_title("ship"), text, waits=True)


def _in_menu(page: OrderPage) -> Iterator[Refused]:
    goods = [line for line in page.lines if not line.is_service]
    has_left = any(line.shipped > 0 for line in goods)
    reasons = {
        "cancel": _("Everything is shipped. Take the goods back with a return.")
        if goods
        else _("All of it is delivered. Credit the price instead."),
        "return": _("Everything that left has come back.")
        if has_left
        else _("Nothing has left yet. Cancel it instead.")
        if goods
        else "",
        "bill": _("Nothing is shipped that is not invoiced yet. Ship first.")
        if page.order.invoicing_policy == "on_delivery"
        else "",
        "credit": _("Nothing is invoiced yet."),
    }
    for name, reason in reasons.items():
        if reason and may(ACTIONS[name].permission) and not ACTIONS[name].may_now(page):
            yield Refused(_title(name), reason, is_main=False)


def _title(name: str) -> str:
    return str(ACTIONS[name].title)
