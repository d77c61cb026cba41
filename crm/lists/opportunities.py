"""The list of opportunities."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from core.lists.custom import added
from core.lists.kinds import Kind
from core.lists.references import Reference, in_language, refer
from core.lists.source import MIDNIGHT, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.lists.customers import NEVER
from crm.models import Activity, Opportunity, PipelineStage, StageKind
from crm.queries.pipeline import STALLED_DAYS

STAGE_LABEL = in_language(PipelineStage.name, PipelineStage.name_zh)
refer(
    "stage",
    Reference(lambda: select(PipelineStage.id, STAGE_LABEL), PipelineStage.id, STAGE_LABEL),
)
_long_ago = MIDNIGHT - timedelta(days=STALLED_DAYS)
_was_touched = (
    select(Activity.id)
    .where(Activity.opportunity_id == Opportunity.id, Activity.created_at >= _long_ago)
    .correlate(Opportunity)
    .exists()
)


def _words(words: str) -> ColumnElement[bool]:
    parts = [column.icontains(words, autoescape=True) for column in (Opportunity.name, Opportunity.number)]
    return or_(*parts, matches_customer(Customer, words))


OPPORTUNITIES: Final = Source(
    name="opportunities",
    root=Opportunity,
    identity=Opportunity.id,
    where=lambda: (visible_rows(Opportunity),),
    joins={
        "customer": Join(Customer, Customer.id == Opportunity.customer_id),
        "owner": Join(User, User.id == Opportunity.owner_id),
        "stage": Join(PipelineStage, PipelineStage.id == Opportunity.stage_id),
    },
    columns=columns_of(
        Column(name="name", kind=Kind.TEXT, value=Opportunity.name, order=Opportunity.name, also=("number",)),
        Column(name="number", kind=Kind.TEXT, value=Opportunity.number, order=Opportunity.number),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Opportunity.customer_id, label=Customer.name,
            refers="customer", needs=("customer",), groups=True,
        ),
        Column(
            name="stage", kind=Kind.REFERENCE, value=Opportunity.stage_id, label=STAGE_LABEL, refers="stage",
            needs=("stage",), groups=True, order=PipelineStage.position, rank=PipelineStage.position,
            also=("stage_kind",),
        ),
        Column(name="stage_kind", kind=Kind.CHOICE, value=Opportunity.stage_kind, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Opportunity.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="probability", kind=Kind.PERCENT, value=PipelineStage.probability, needs=("stage",)),
        Column(name="amount", kind=Kind.MONEY, value=Opportunity.amount, order=Opportunity.amount, sums=True),
        Column(
            name="weighted", kind=Kind.MONEY, needs=("stage",), sums=True,
            value=func.round(Opportunity.amount * PipelineStage.probability / 100, 2),
        ),
        Column(
            name="expected_close_on", kind=Kind.DAY, value=Opportunity.expected_close_on, groups=True,
            order=func.coalesce(Opportunity.expected_close_on, NEVER), also=("stage_kind",),
        ),
        Column(name="stage_since", kind=Kind.MOMENT, value=Opportunity.stage_since, order=Opportunity.stage_since),
        Column(
            name="is_stalled", is_slow=True, kind=Kind.FLAG, groups=True,
            value=and_(
                Opportunity.stage_kind == StageKind.OPEN, Opportunity.stage_since < _long_ago, not_(_was_touched)
            ),
        ),
        Column(name="budget", kind=Kind.MONEY, value=Opportunity.budget),
        Column(name="schedule", kind=Kind.TEXT, value=Opportunity.schedule),
        Column(name="source", kind=Kind.TEXT, value=Opportunity.source, groups=True),
        Column(name="lost_reason", kind=Kind.TEXT, value=Opportunity.lost_reason, groups=True),
        Column(name="competitor", kind=Kind.TEXT, value=Opportunity.competitor, groups=True),
        Column(
            name="created_at", kind=Kind.MOMENT, value=Opportunity.created_at, order=Opportunity.created_at, groups=True
        ),
        Column(name="closed_at", kind=Kind.MOMENT, value=Opportunity.closed_at, groups=True),
    ),
    added=added("opportunity", Opportunity.id),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip
OPEN: Final = StageKind.OPEN.value
