"""The pipeline: board, list, one opportunity with its history."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.queries.reading import fetch
from core.statements import statement
from crm.models import StageKind

CARDS_PER_LANE = 12
STALLED_DAYS = 21


class Stage(NamedTuple):
    id: int
    code: str
    name: str
    name_zh: str
    position: int
    probability: int
    kind: str
    exit_criteria: str | None


STAGES = statement(
    "pages.stages",
    "SELECT id, code, name, name_zh, position, probability, kind, exit_criteria FROM pipeline_stage ORDER BY position",
    tables="pipeline_stage",
    scope="system",
    fact=Stage,
)


class Card(NamedTuple):
    """An opportunity on the board, with the next planned step and how long it has not moved."""

    id: int
    number: str
    name: str
    customer_id: int
    customer: str
    owner: str
    stage_id: int
    amount: Decimal
    expected_close_on: date | None
    stage_since: datetime
    next_step: str | None
    next_on: date | None
    touched_at: datetime
    rank: int
    lane_count: int
    lane_amount: Decimal


_ON_BOARD = {
    "open": "deal.stage_kind = 'open'",
    "won": "deal.stage_kind = 'won' AND deal.closed_at >= %(won_since)s::timestamptz",
}
_OF = "(%(owner_id)s::bigint IS NULL OR deal.owner_id = %(owner_id)s::bigint) AND visible(deal)"
_IN_LANE = "{deal}.expected_close_on NULLS LAST, {deal}.amount DESC, {deal}.id"


def _both(text: str) -> str:
    """The same for the deals that are open and for those that were won lately: each has an index of its own."""
    parts = [text.format(kind=kind, is_shown=shown, of=_OF) for kind, shown in _ON_BOARD.items()]
    return " UNION ALL ".join(f"({part})" for part in parts)


_SUMS = _both("""SELECT deal.stage_id, count(*) AS deals, sum(deal.amount) AS amount FROM opportunity AS deal
                  WHERE {is_shown} AND {of} GROUP BY deal.stage_id""")
_FIRST = _both(f"""SELECT deal.id, deal.expected_close_on, deal.amount FROM opportunity AS deal
                    WHERE stage.kind = '{{kind}}' AND {{is_shown}} AND deal.stage_id = stage.id AND {{of}}
                    ORDER BY {_IN_LANE.format(deal="deal")} LIMIT %(limit)s::int""")
# Lanes are summed and cut to their first cards by narrow rows; only what is shown is looked up in full.
BOARD = statement(
    "pages.board",
    f"""
    WITH sums AS MATERIALIZED ({_SUMS}), shown AS MATERIALIZED (
         SELECT card.id, row_number() OVER (PARTITION BY stage.id ORDER BY {_IN_LANE.format(deal="card")}) AS rank
           FROM pipeline_stage AS stage CROSS JOIN LATERAL ({_FIRST}) AS card)
    SELECT deal.id, deal.number, deal.name, deal.customer_id, customer.name AS customer, app_user.name AS owner,
           deal.stage_id, deal.amount, deal.expected_close_on, deal.stage_since, next.subject, next.due_on,
           greatest(deal.stage_since, (SELECT max(created_at) FROM activity WHERE opportunity_id = deal.id)),
           shown.rank, sums.deals, sums.amount
      FROM shown JOIN opportunity AS deal ON deal.id = shown.id
      JOIN sums ON sums.stage_id = deal.stage_id
      JOIN customer ON customer.id = deal.customer_id
      JOIN app_user ON app_user.id = deal.owner_id
      LEFT JOIN LATERAL (SELECT subject, due_on FROM activity WHERE opportunity_id = deal.id AND done_at IS NULL
                            AND due_on IS NOT NULL ORDER BY due_on LIMIT 1) AS next ON true
     WHERE visible(deal) ORDER BY deal.stage_id, shown.rank
    """,
    tables="opportunity customer app_user activity pipeline_stage",
    scope="scoped",
    fact=Card,
)


@dataclass(frozen=True)
class Lane:
    """One stage of the board with its first cards; `weighted` is the sum times the stage's probability."""

    stage: Stage
    cards: list[Card]
    count: int
    amount: Decimal

    @property
    def weighted(self) -> Decimal:
        return self.amount * self.stage.probability / 100

    @property
    def more(self) -> int:
        return self.count - len(self.cards)


def board(connection: Connection, *, owner_id: int | None, won_since: datetime) -> list[Lane]:
    """The open stages and what was won lately, each with its first cards."""
    stages, cards = fetch(connection, STAGES(), BOARD(owner_id=owner_id, won_since=won_since, limit=CARDS_PER_LANE))
    by_stage: dict[int, list[Card]] = defaultdict(list)
    for card in cards:
        by_stage[card.stage_id].append(card)
    return [
        Lane(stage, found, found[0].lane_count if found else 0, found[0].lane_amount if found else Decimal(0))
        for stage in stages
        if stage.kind != StageKind.LOST
        for found in [by_stage[stage.id]]
    ]


# one opportunity ------------------------------------------------------------------------------------------------------
class DealRecord(NamedTuple):
    id: int
    number: str
    name: str
    customer_id: int
    customer: str
    contact_id: int | None
    contact: str | None
    owner: str
    salesperson: str
    stage_id: int
    stage_kind: str
    stage_since: datetime
    amount: Decimal
    currency: str
    expected_close_on: date | None
    budget: Decimal | None
    schedule: str | None
    source: str | None
    note: str | None
    lost_reason: str | None
    competitor: str | None
    created_at: datetime
    closed_at: datetime | None
    version: int


DEAL = statement(
    "pages.opportunity",
    """
    SELECT deal.id, deal.number, deal.name, deal.customer_id, customer.name, deal.contact_id, contact.name, owner.name,
           seller.name, deal.stage_id, deal.stage_kind, deal.stage_since, deal.amount, deal.currency,
           deal.expected_close_on, deal.budget, deal.schedule, deal.source, deal.note, deal.lost_reason,
           deal.competitor, deal.created_at, deal.closed_at, deal.version
      FROM opportunity AS deal
      JOIN customer ON customer.id = deal.customer_id
      JOIN app_user AS owner ON owner.id = deal.owner_id
      JOIN app_user AS seller ON seller.id = deal.salesperson_id
      LEFT JOIN contact ON contact.id = deal.contact_id
     WHERE deal.id = %(opportunity_id)s::bigint AND visible(deal)
    """,
    tables="opportunity customer app_user contact",
    scope="scoped",
    fact=DealRecord,
)


class StageStep(NamedTuple):
    at: datetime
    from_stage_id: int | None
    to_stage_id: int
    who: str | None


STEPS = statement(
    "pages.stage_changes",
    """
    SELECT changed_at, from_stage_id, to_stage_id, app_user.name
      FROM stage_change LEFT JOIN app_user ON app_user.id = actor_id
     WHERE opportunity_id = %(opportunity_id)s::bigint ORDER BY changed_at DESC, stage_change.id DESC
    """,
    tables="stage_change app_user",
    scope="by_root",
    fact=StageStep,
)


class DealDocument(NamedTuple):
    kind: str
    id: int
    number: str
    state: str
    on: date
    amount: Decimal


DOCUMENTS = statement(
    "pages.opportunity_documents",
    """
    SELECT 'quotation', id, number, state, quoted_on, amount_total FROM quotation
     WHERE opportunity_id = %(opportunity_id)s::bigint
    UNION ALL
    SELECT 'order', id, number, state, ordered_on, amount_total FROM sales_order
     WHERE opportunity_id = %(opportunity_id)s::bigint
     ORDER BY 5 DESC, 2 DESC
    """,
    tables="quotation sales_order",
    scope="by_root",
    fact=DealDocument,
)


class DealActivity(NamedTuple):
    id: int
    kind: str
    subject: str
    result: str | None
    who: str
    at: datetime
    due_on: date | None
    done_at: datetime | None
    version: int


ACTIVITIES = statement(
    "pages.opportunity_activities",
    """
    SELECT activity.id, kind, subject, result, app_user.name, coalesce(done_at, activity.created_at), due_on, done_at,
           activity.version
      FROM activity JOIN app_user ON app_user.id = activity.owner_id
     WHERE opportunity_id = %(opportunity_id)s::bigint ORDER BY done_at IS NOT NULL, 6 DESC LIMIT 20
    """,
    tables="activity app_user",
    scope="by_root",
    fact=DealActivity,
)


@dataclass(frozen=True)
class DealPage:
    """One opportunity with everything around it."""

    deal: DealRecord
    stages: list[Stage]
    steps: list[StageStep]
    documents: list[DealDocument]
    activities: list[DealActivity]

    @property
    def stage(self) -> Stage:
        return next(stage for stage in self.stages if stage.id == self.deal.stage_id)


def deal_page(connection: Connection, opportunity_id: int) -> DealPage:
    """One opportunity, in one round trip. Raises NotFound."""
    deals, stages, steps, documents, activities = fetch(
        connection,
        DEAL(opportunity_id=opportunity_id),
        STAGES(),
        *(query(opportunity_id=opportunity_id) for query in (STEPS, DOCUMENTS, ACTIVITIES)),
    )
    return DealPage(existing(deals, "opportunity", opportunity_id), stages, steps, documents, activities)
