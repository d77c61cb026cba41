"""The list of quotations."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_
from sqlalchemy.orm import aliased

from core.lists.bulk import Action, offer
from core.lists.kinds import Kind
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.plan import Plan
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.lists.customers import NEVER
from crm.models import Quotation, QuotationState
from crm.quotations import mark_quotation

_Owner, _Salesperson = aliased(User), aliased(User)
_is_open = Quotation.state.in_((QuotationState.DRAFT, QuotationState.SENT))
_is_expired = and_(_is_open, func.coalesce(Quotation.valid_until, NEVER) < TODAY)


def _words(words: str) -> ColumnElement[bool]:
    return or_(Quotation.number.icontains(words, autoescape=True), matches_customer(Customer, words))


def _in_states(*states: str) -> ColumnElement[bool]:
    """The same as a comparison of the column, in terms that an index knows: expired is no state that is kept."""
    kept = [state for state in states if state != "expired"]
    unexpired = and_(Quotation.state.in_(kept), not_(_is_expired)) if kept else false()
    return or_(unexpired, _is_expired) if "expired" in states else unexpired


QUOTATIONS: Final = Source(
    name="quotations",
    root=Quotation,
    identity=Quotation.id,
    where=lambda: (visible_rows(Quotation),),
    joins={
        "customer": Join(Customer, Customer.id == Quotation.customer_id),
        "owner": Join(_Owner, _Owner.id == Quotation.owner_id),
        "salesperson": Join(_Salesperson, _Salesperson.id == Quotation.salesperson_id),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=Quotation.number, order=Quotation.number),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Quotation.customer_id, label=Customer.name,
            refers="customer", needs=("customer",), groups=True,
        ),
        Column(
            name="salesperson", kind=Kind.REFERENCE, value=Quotation.salesperson_id, label=_Salesperson.name,
            refers="user", needs=("salesperson",), groups=True,
        ),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Quotation.owner_id, label=_Owner.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="quoted_on", kind=Kind.DAY, value=Quotation.quoted_on, order=Quotation.quoted_on, groups=True),
        Column(
            name="valid_until", kind=Kind.DAY, value=Quotation.valid_until, groups=True,
            order=func.coalesce(Quotation.valid_until, NEVER),
        ),
        Column(
            name="state", kind=Kind.CHOICE, groups=True,
            value=case((_is_expired, "expired"), else_=Quotation.state.expression),
            conditions={"in": _in_states, "out": lambda *states: not_(_in_states(*states))},
        ),
        Column(name="amount_net", kind=Kind.MONEY, value=Quotation.amount_net, sums=True),
        Column(
            name="amount_total", kind=Kind.MONEY, value=Quotation.amount_total, order=Quotation.amount_total, sums=True
        ),
        Column(name="currency", kind=Kind.TEXT, value=Quotation.currency),
        Column(name="recorded_at", kind=Kind.MOMENT, value=Quotation.recorded_at, groups=True),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip


def _decline(plan: Plan, quotation_id: int, _data: Any) -> dict[str, Any]:
    mark_quotation(plan, quotation_id, QuotationState.DECLINED)
    return {}


offer("quotations", Action("declined", "quotations.write", _decline))
