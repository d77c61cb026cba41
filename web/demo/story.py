"""The story of each order: an opportunity that moves along, a quotation, the order, its confirmation and shipment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from random import Random
from typing import Any

from core.money import line_amount, total
from crm.models import QuotationState
from crm.orders.confirm import confirm_order
from crm.orders.ship import ship_order
from crm.pipeline import create_opportunity, move_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation, mark_quotation, order_quotation
from web.demo.dates import Calendar, working_day_before
from web.demo.opening import CURRENCY, WAREHOUSE
from web.demo.replay import Replay, Step
from web.demo.source import Northwind, SourceLine, SourceOrder

DEAL, ORDER, WAITING_ORDER, WAITING_CONFIRM, SHIPMENT = 12, 20, 25, 30, 40
HUNDRED = Decimal(100)
SOURCES = ("老客户", "老客户", "转介绍", "展会", "网站询价", "电话拜访")


@dataclass(frozen=True)
class Deal:
    """An opportunity as the replay tells it. `key` is its name in the replay, `starts_on` its first day."""

    key: str
    customer: str
    employee_id: int
    name: str
    starts_on: date
    lines: tuple[SourceLine, ...]
    freight: Decimal
    needed_on: date
    closes_on: date
    source: str
    first_stage: str = "contact"

    @property
    def amount(self) -> Decimal:
        """Net value of goods and freight."""
        goods = (line_amount(line.quantity, line.unit_price, line.discount_percent, CURRENCY) for line in self.lines)
        return total(goods) + self.freight

    def requests(self, replay: Replay) -> list[LineRequest]:
        goods = [
            LineRequest(replay.products[line.product_id], line.quantity, line.unit_price, line.discount_percent)
            for line in self.lines
        ]
        return [*goods, LineRequest(replay.freight_id, Decimal(1), self.freight)]


def deals_of(northwind: Northwind, calendar: Calendar) -> dict[int, Deal]:
    """The opportunity each order came out of, by the order's id; a customer known already begins with its needs."""
    names = product_names(northwind)
    known: set[str] = set()
    deals = {}
    for order in northwind.orders:
        deals[order.id] = _deal_of(order, calendar, names, "needs" if order.customer in known else "contact")
        known.add(order.customer)
    return deals


def _deal_of(order: SourceOrder, calendar: Calendar, names: Mapping[int, str], first_stage: str) -> Deal:
    """Begun four to twenty-one days before the order."""
    chance = Random(f"deal {order.id}")  # noqa: S311 (the same story every time)
    ordered_on = calendar.day(order.ordered_on)
    return Deal(
        key=str(order.id),
        customer=order.customer,
        employee_id=order.employee_id,
        name=deal_name(order.lines, names),
        starts_on=working_day_before(ordered_on - timedelta(days=chance.randint(4, 21))),
        lines=order.lines,
        freight=order.freight,
        needed_on=calendar.day(order.required_on),
        closes_on=ordered_on,
        source=chance.choice(SOURCES),
        first_stage=first_stage,
    )


def deal_name(lines: tuple[SourceLine, ...], names: Mapping[int, str]) -> str:
    """Its first two products, and how many more."""
    first = "、".join(names[line.product_id] for line in lines[:2])
    return f"{first} +{len(lines) - 2}" if len(lines) > 2 else first


# steps of a deal ------------------------------------------------------------------------------------------------------
def begin(deal: Deal) -> Step:
    """The opportunity is entered, with budget and schedule as the customer named them."""

    def act(replay: Replay) -> None:
        values = {
            "name": deal.name,
            "amount": deal.amount,
            "expected_close_on": deal.closes_on,
            "budget": (deal.amount / HUNDRED).to_integral_value(ROUND_CEILING) * HUNDRED,
            "schedule": f"{deal.needed_on} 前交货",
            "source": deal.source,
            "contact_id": replay.contacts[deal.customer],
        }
        seller, customer_id = replay.employees[deal.employee_id], replay.customers[deal.customer]
        answer = replay.run(seller, create_opportunity, customer_id, values, stage=deal.first_stage)
        replay.deals[deal.key] = answer["id"]

    return Step(deal.starts_on, DEAL, act)


def move(deal: Deal, stage: str, day: date, **named: Any) -> Step:
    """The opportunity enters a stage."""
    return Step(
        day,
        DEAL,
        lambda replay: replay.run(
            replay.employees[deal.employee_id], move_opportunity, replay.deals[deal.key], stage, **named
        ),
    )


def quote(deal: Deal, day: date, *, sent: bool = True) -> list[Step]:
    """A quotation is written and handed over; no mail leaves the house."""

    def write(replay: Replay) -> None:
        answer = replay.run(
            replay.employees[deal.employee_id],
            create_quotation,
            lines=deal.requests(replay),
            opportunity_id=replay.deals[deal.key],
        )
        replay.quotations[deal.key] = answer["id"]

    def send(replay: Replay) -> None:
        seller = replay.employees[deal.employee_id]
        replay.run(seller, mark_quotation, replay.quotations[deal.key], QuotationState.SENT)

    return [Step(day, DEAL, write), *([Step(day, DEAL, send)] if sent else [])]


def deal_steps(deal: Deal) -> list[Step]:
    """From the first contact to the quotation; negotiated in two of five cases."""
    chance = Random(f"way {deal.key}")  # noqa: S311 (the same story every time)
    length = deal.closes_on - deal.starts_on
    needs_on, proposal_on, talks_on = (
        max(deal.starts_on, working_day_before(deal.starts_on + length * share)) for share in (0.25, 0.5, 0.8)
    )
    steps = [begin(deal)]
    if deal.first_stage == "contact":
        steps.append(move(deal, "needs", needs_on))
    steps += [move(deal, "proposal", proposal_on), *quote(deal, proposal_on, sent=False)]
    if chance.random() < 0.4:
        steps.append(move(deal, "negotiation", talks_on))
    return steps


# steps of an order ----------------------------------------------------------------------------------------------------
def order_steps(order: SourceOrder, deal: Deal, calendar: Calendar, confirmed_on: date) -> list[Step]:
    """Ordered from the quotation (which wins the opportunity), confirmed, and shipped where Northwind shipped it."""
    ordered_on = calendar.day(order.ordered_on)
    if order.shipped_on is None:
        return [
            Step(ordered_on, WAITING_ORDER, _place(order, deal)),
            Step(confirmed_on, WAITING_CONFIRM, _confirm(order)),
        ]
    return [
        Step(ordered_on, ORDER, _place(order, deal)),
        Step(ordered_on, ORDER, _confirm(order)),
        Step(calendar.day(order.shipped_on), SHIPMENT, _ship(order)),
    ]


def _place(order: SourceOrder, deal: Deal) -> Any:
    def act(replay: Replay) -> None:
        replay.orders[order.id] = replay.run(
            replay.employees[order.employee_id],
            order_quotation,
            replay.quotations[deal.key],
            requested_on=deal.needed_on,
            ship_to=order.ship_to,
            carrier=order.carrier,
            customer_reference=str(order.id),
        )

    return act


def _confirm(order: SourceOrder) -> Any:
    def act(replay: Replay) -> None:
        placed = replay.orders[order.id]
        on_short = {line["id"]: "back_order" for line in placed["lines"]} if order.shipped_on is None else None
        seller = replay.employees[order.employee_id]
        answer = replay.run(seller, confirm_order, placed["id"], on_short=on_short)
        replay.invoices[order.id] = answer["invoices"][0]

    return act


def _ship(order: SourceOrder) -> Any:
    return lambda replay: replay.run(WAREHOUSE, ship_order, replay.orders[order.id]["id"])


def product_names(northwind: Northwind) -> dict[int, str]:
    return {product.id: product.name for product in northwind.products}
