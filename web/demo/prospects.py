"""Opportunities without an order: some lost on the way, some forty still open in every stage, with what was done about
them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from crm.activities import record_activity
from crm.models import ActivityKind
from web.demo.dates import Calendar, working_day, working_day_before
from web.demo.replay import Replay, Step
from web.demo.source import Northwind, SourceLine
from web.demo.story import DEAL, SOURCES, Deal, begin, deal_name, move, product_names, quote

LOST_PER_HUNDRED_ORDERS = 9
OPEN_BY_STAGE = (("contact", 11), ("needs", 9), ("proposal", 9), ("negotiation", 7), ("contract", 5))
STAGES = ("contact", "needs", "proposal", "negotiation", "contract")
LOST_REASONS = ("价格过高", "交期过长", "客户取消预算", "选择其他供应商", "产品不符合要求")
COMPETITORS = ("南方食品", "环球优选", "海岸贸易", None)
DONE = (
    (ActivityKind.CALL, "电话确认需求数量与交期", "对方确认，等待内部审批"),
    (ActivityKind.VISIT, "上门拜访，介绍新品", "留下样品"),
    (ActivityKind.MEETING, "讨论年度框架价格", "需补充阶梯报价"),
    (ActivityKind.NOTE, "对方采购负责人月底前休假", None),
)
PLANNED = ("跟进报价反馈", "寄送样品", "确认付款条件", "安排电话会议", "更新报价")


def prospect_deals(calendar: Calendar, northwind: Northwind) -> tuple[list[Deal], list[tuple[Deal, str]]]:
    """The lost ones, and the open ones with the stage each is in."""
    chance = Random("prospects")  # noqa: S311 (the same story every time)
    names = product_names(northwind)
    first, last = calendar.day(northwind.orders[0].ordered_on), calendar.last_day
    lost = []
    for number in range(len(northwind.orders) * LOST_PER_HUNDRED_ORDERS // 100):
        starts_on = first + timedelta(days=chance.randrange(max(1, (last - first).days - 25)))
        closes_on = starts_on + timedelta(days=chance.randint(8, 24))
        lost.append(_deal(chance, northwind, names, f"lost {number}", starts_on, closes_on))
    still_open = []
    for stage, count in OPEN_BY_STAGE:
        for number in range(count):
            age = chance.randint(2, 12) + 6 * STAGES.index(stage)
            closes_on = last + timedelta(days=chance.randint(-6, 60))
            deal = _deal(chance, northwind, names, f"{stage} {number}", last - timedelta(days=age), closes_on)
            still_open.append((deal, stage))
    return lost, still_open


def _deal(
    chance: Random, northwind: Northwind, names: dict[int, str], key: str, starts_on: date, closes_on: date
) -> Deal:
    customer = chance.choice(northwind.customers)["customer_id"]
    products = chance.sample([product for product in northwind.products if not product.is_discontinued], 3)
    lines = tuple(
        SourceLine(product.id, Decimal(chance.randint(1, 12) * 5), product.price, Decimal(chance.choice((0, 0, 5, 10))))
        for product in products[: chance.randint(1, 3)]
    )
    return Deal(
        key=key,
        customer=customer,
        employee_id=northwind.owner_of[customer],
        name=deal_name(lines, names),
        starts_on=working_day_before(starts_on),
        lines=lines,
        freight=Decimal(chance.randint(500, 9000)) / 100,
        needed_on=closes_on + timedelta(days=21),
        closes_on=closes_on,
        source=chance.choice(SOURCES),
    )


def lost_steps(deal: Deal, calendar: Calendar) -> list[Step]:
    """Begun, for half of them quoted, then lost, with the reason."""
    chance = Random(deal.key)  # noqa: S311 (the same story every time)
    steps = [begin(deal), move(deal, "needs", _on_the_way(deal, 0.3))]
    if chance.random() < 0.5:
        quoted_on = _on_the_way(deal, 0.6)
        steps += [move(deal, "proposal", quoted_on), *quote(deal, quoted_on)]
    lost_on = max(_on_the_way(deal, 1.0), deal.starts_on)
    reason, competitor = chance.choice(LOST_REASONS), chance.choice(COMPETITORS)
    return [*steps, move(deal, "lost", lost_on, lost_reason=reason, competitor=competitor)]


def _on_the_way(deal: Deal, share: float) -> date:
    return max(deal.starts_on, working_day_before(deal.starts_on + (deal.closes_on - deal.starts_on) * share))


def open_steps(deal: Deal, stage: str, calendar: Calendar) -> list[Step]:
    """Moved to its stage by the last day, quoted where the stage needs it; for most something done and something
    planned."""
    chance = Random(deal.key)  # noqa: S311 (the same story every time)
    reached = STAGES[: STAGES.index(stage) + 1]
    age = calendar.last_day - deal.starts_on
    days = [max(deal.starts_on, working_day_before(deal.starts_on + age * (at / len(reached)))) for at in range(6)]
    recorded_on = days[len(reached) - 1]
    steps = [begin(deal)]
    for position, name in enumerate(reached[1:], start=1):
        steps.append(move(deal, name, days[position]))
        if name == "proposal":
            steps += quote(deal, days[position], sent=len(reached) > 3 or chance.random() < 0.5)
    if chance.random() < 0.7:
        kind, subject, result = chance.choice(DONE)
        done = {"kind": kind, "subject": subject, "result": result}
        steps.append(Step(recorded_on, DEAL, _activity(deal, done)))
    if chance.random() < 0.6:
        due_on = working_day(max(recorded_on, calendar.today + timedelta(days=chance.randint(-4, 14))))
        planned = {"kind": ActivityKind.TASK, "subject": chance.choice(PLANNED), "due_on": due_on}
        steps.append(Step(recorded_on, DEAL, _activity(deal, planned)))
    return steps


def _activity(deal: Deal, values: dict[str, Any]) -> Any:
    def act(replay: Replay) -> None:
        about = {"contact_id": replay.contacts[deal.customer], "opportunity_id": replay.deals[deal.key]}
        seller, customer_id = replay.employees[deal.employee_id], replay.customers[deal.customer]
        replay.run(seller, record_activity, customer_id, values | about)

    return act
