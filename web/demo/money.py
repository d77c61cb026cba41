"""Who pays when: a fixed pattern per order, with late, partial, missing, rounded-up and early payments among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from random import Random
from typing import Any

from core.money import round_money
from finance.payments import Wanted, match, record_payment
from web.demo.dates import Calendar, working_day, working_day_before
from web.demo.opening import CURRENCY, FINANCE, terms_of
from web.demo.replay import Replay, Step
from web.demo.source import SourceOrder

ADVANCE, PAYMENT = 13, 50
HUNDRED = Decimal(100)
STILL_OPEN_WITHIN = timedelta(days=150)
ALL = Decimal(1)


@dataclass(frozen=True)
class Part:
    """A payment of a share of an invoice; `rounded_up` pays to the next hundred, the rest stays as credit."""

    day: date
    share: Decimal
    is_last: bool = False
    rounded_up: bool = False


def payment_steps(order: SourceOrder, calendar: Calendar, confirmed_on: date) -> list[Step]:
    """The payments of an order that have happened by the last day."""
    chance = Random(f"pay {order.id}")  # noqa: S311 (the same story every time)
    if order.shipped_on is None:
        return _deposit(order, calendar, confirmed_on) if chance.random() < 0.25 else []
    due_on = confirmed_on + timedelta(days=terms_of(order.customer)[1])
    if chance.random() < 0.02:
        return _advance(order, calendar, confirmed_on)
    is_recent = calendar.last_day - due_on < STILL_OPEN_WITHIN
    parts = _parts(chance, due_on, is_recent)
    return [Step(part.day, PAYMENT, _pay(order, part, parts)) for part in parts if calendar.happens(part.day)]


def _parts(chance: Random, due_on: date, is_recent: bool) -> list[Part]:
    """How one invoice is paid. What is still open at the end is recent; older debts were collected late."""

    def after(low: int, high: int) -> date:
        return working_day(due_on + timedelta(days=chance.randint(low, high)))

    kind = chance.random()
    if kind < 0.64:
        return [Part(after(-6, 1), ALL, is_last=True)]
    if kind < 0.82:
        return [Part(after(3, 25), ALL, is_last=True)]
    if kind < 0.90:
        share = Decimal(chance.randint(4, 7)) / 10
        return [Part(after(-2, 2), share), Part(after(15, 40), ALL - share, is_last=True)]
    if kind < 0.92:
        return [Part(after(-4, 4), ALL, is_last=True, rounded_up=True)]
    if kind < 0.96:
        first = Part(after(0, 10), Decimal("0.5"))
        return [first] if is_recent else [first, Part(after(45, 75), Decimal("0.5"), is_last=True)]
    return [] if is_recent else [Part(after(50, 90), ALL, is_last=True)]


def _pay(order: SourceOrder, part: Part, parts: list[Part]) -> Any:
    def act(replay: Replay) -> None:
        invoice = replay.invoices[order.id]
        due = Decimal(invoice["amount_total"])
        before = sum(
            (round_money(due * other.share, CURRENCY) for other in parts if other is not part), Decimal("0.00")
        )
        matched = due - before if part.is_last else round_money(due * part.share, CURRENCY)
        amount = (matched / HUNDRED).to_integral_value(ROUND_CEILING) * HUNDRED if part.rounded_up else matched
        replay.run(
            FINANCE,
            record_payment,
            customer_id=replay.customers[order.customer],
            amount=amount,
            reference=invoice["number"],
            allocations=[Wanted(invoice["id"], matched)],
        )

    return act


def _advance(order: SourceOrder, calendar: Calendar, confirmed_on: date) -> list[Step]:
    """Half paid before the order is written, in round figures, put on its invoice once that stands; the rest when
    due."""
    net = sum((line.quantity * line.unit_price for line in order.lines), Decimal(0))
    advance = max((net / 2 / HUNDRED).to_integral_value() * HUNDRED, HUNDRED)

    def pay(replay: Replay) -> None:
        named = {"customer_id": replay.customers[order.customer], "amount": advance, "reference": "预付款"}
        replay.payments[order.id] = replay.run(FINANCE, record_payment, **named)

    def put_on(replay: Replay) -> None:
        invoice = replay.invoices[order.id]
        wanted = Wanted(invoice["id"], min(advance, Decimal(invoice["amount_total"])))
        replay.run(FINANCE, match, "payment", replay.payments[order.id]["id"], allocations=[wanted])

    def pay_rest(replay: Replay) -> None:
        invoice = replay.invoices[order.id]
        rest = max(Decimal(invoice["amount_total"]) - advance, HUNDRED)
        named = {"customer_id": replay.customers[order.customer], "amount": rest, "reference": invoice["number"]}
        replay.run(FINANCE, record_payment, auto=True, **named)

    due_on = working_day(confirmed_on + timedelta(days=terms_of(order.customer)[1]))
    steps = [
        Step(working_day_before(confirmed_on - timedelta(days=2)), ADVANCE, pay),
        Step(confirmed_on, PAYMENT, put_on),
    ]
    return [*steps, Step(due_on, PAYMENT, pay_rest)] if calendar.happens(due_on) else steps


def _deposit(order: SourceOrder, calendar: Calendar, confirmed_on: date) -> list[Step]:
    """Thirty percent with the order, not put on anything yet."""

    def act(replay: Replay) -> None:
        amount = round_money(Decimal(replay.invoices[order.id]["amount_total"]) * Decimal("0.3"), CURRENCY)
        named = {"customer_id": replay.customers[order.customer], "amount": amount, "reference": "订金"}
        replay.run(FINANCE, record_payment, **named)

    return [Step(confirmed_on, PAYMENT, act)]
