"""The list of activities: what is planned, and what was done."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.lists.bulk import Action, offer
from core.lists.kinds import Kind
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Contact, Customer
from core.plan import Plan
from core.queries.words import matches_customer
from core.scope import visible_of_customer
from crm.activities import complete_activity, reopen_activity
from crm.lists.customers import NEVER
from crm.models import Activity, Opportunity

_is_open = and_(Activity.done_at.is_(None), Activity.due_on.is_not(None))


def _words(words: str) -> ColumnElement[bool]:
    return or_(Activity.subject.icontains(words, autoescape=True), matches_customer(Customer, words))


ACTIVITIES: Final = Source(
    name="activities",
    root=Activity,
    identity=Activity.id,
    where=lambda: (visible_of_customer(Activity),),
    joins={
        "customer": Join(Customer, Customer.id == Activity.customer_id),
        "owner": Join(User, User.id == Activity.owner_id),
        "contact": Join(Contact, Contact.id == Activity.contact_id, is_outer=True),
        "opportunity": Join(Opportunity, Opportunity.id == Activity.opportunity_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="subject", kind=Kind.TEXT, value=Activity.subject, also=("customer",)),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Activity.customer_id, label=Customer.name, refers="customer",
            needs=("customer",), groups=True,
        ),
        Column(name="kind", kind=Kind.CHOICE, value=Activity.kind, groups=True),
        Column(
            name="due_on", kind=Kind.DAY, value=Activity.due_on, order=func.coalesce(Activity.due_on, NEVER),
            groups=True, also=("done_at",),
        ),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Activity.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="contact", kind=Kind.TEXT, value=Contact.name, needs=("contact",)),
        Column(name="opportunity", kind=Kind.TEXT, value=Opportunity.name, needs=("opportunity",)),
        Column(name="result", kind=Kind.TEXT, value=Activity.result),
        Column(name="is_open", kind=Kind.FLAG, value=_is_open),
        Column(name="is_late", kind=Kind.FLAG, value=and_(_is_open, Activity.due_on < TODAY)),
        Column(name="done_at", kind=Kind.MOMENT, value=Activity.done_at, groups=True),
        Column(
            name="created_at", kind=Kind.MOMENT, value=Activity.created_at, order=Activity.created_at, groups=True
        ),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip


def _complete(plan: Plan, activity_id: int, _data: Any) -> dict[str, Any]:
    was_done = plan.session.execute(select(Activity.done_at).where(Activity.id == activity_id)).scalar_one_or_none()
    complete_activity(plan, activity_id)
    return {"was_done": was_done is not None}


def _reopen(plan: Plan, activity_id: int, before: Any, _data: Any) -> None:
    if not before["was_done"]:
        reopen_activity(plan, activity_id)


offer("activities", Action("done", "activities.write", _complete, _reopen))
