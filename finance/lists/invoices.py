"""The list of invoices: what is billed, what is open, and how late it is."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Integer, and_, case, func, literal, literal_column, null, or_
from sqlalchemy.orm import aliased

from core.lists.kinds import Kind
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.queries.words import matches_customer
from core.scope import visible_rows
from finance.models import Invoice

DUE_SOON_DAYS: Final = 7
# A constant of an indexed expression: written out, since an index does not know a parameter's value.
NEVER: Final[ColumnElement[date]] = literal_column("DATE '9999-12-31'", Date())
_Owner, _Salesperson = aliased(User), aliased(User)

IS_OPEN: Final = Invoice.amount_allocated < Invoice.amount_total
IS_OVERDUE: Final = and_(IS_OPEN, Invoice.due_on.is_not(None), Invoice.due_on < TODAY)
_settled_otherwise = Invoice.amount_credited + Invoice.amount_written_off >= Invoice.amount_total
_state = case(
    (IS_OVERDUE, "overdue"),
    (and_(IS_OPEN, Invoice.amount_allocated > 0), "partial"),
    (and_(IS_OPEN, Invoice.due_on - TODAY <= literal(DUE_SOON_DAYS, Integer)), "due_soon"),
    (IS_OPEN, "open"),
    (and_(Invoice.amount_credited >= Invoice.amount_total, Invoice.amount_total > 0), "credited"),
    (and_(Invoice.amount_written_off > 0, _settled_otherwise), "written_off"),
    (Invoice.amount_written_off > 0, "part_written_off"),
    else_="paid",
)
AGES: Final = ("not_due", "to_30", "to_60", "to_90", "older")
"""How late what is open is: not yet due, up to 30, 60, 90 days, more."""
# Of what the index of open invoices holds, so that it is added up without a look at their rows.
_age = case(
    (Invoice.amount_open <= 0, null()),
    (or_(Invoice.due_on.is_(None), Invoice.due_on >= TODAY), AGES[0]),
    *((Invoice.due_on >= TODAY - days, code) for days, code in zip((30, 60, 90), AGES[1:], strict=False)),
    else_=AGES[-1],
)
_rank_of_age = case({code: place for place, code in enumerate(AGES)}, value=_age)


def _words(words: str) -> ColumnElement[bool]:
    columns = (Invoice.number, Invoice.origin)
    by_text = [column.icontains(words, autoescape=True) for column in columns]
    return or_(*by_text, matches_customer(Customer, words))


def _money(name: str, value: Any, **more: Any) -> Column:
    return Column(name=name, kind=Kind.MONEY, value=value, sums=True, **more)


INVOICES: Final = Source(
    name="invoices",
    root=Invoice,
    identity=Invoice.id,
    where=lambda: (visible_rows(Invoice),),
    joins={
        "customer": Join(Customer, Customer.id == Invoice.customer_id),
        "owner": Join(_Owner, _Owner.id == Invoice.owner_id),
        "salesperson": Join(_Salesperson, _Salesperson.id == Invoice.salesperson_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=Invoice.number, order=Invoice.number),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Invoice.customer_id, label=Customer.name, refers="customer",
            needs=("customer",), groups=True,
        ),
        Column(name="origin", kind=Kind.TEXT, value=Invoice.origin),
        Column(name="issued_on", kind=Kind.DAY, value=Invoice.issued_on, order=Invoice.issued_on, groups=True),
        Column(
            name="due_on", kind=Kind.DAY, value=Invoice.due_on, order=func.coalesce(Invoice.due_on, NEVER), groups=True
        ),
        Column(
            name="days_late", kind=Kind.NUMBER,
            value=case((IS_OVERDUE, TODAY - Invoice.due_on), else_=literal_column("0", Integer())),
        ),
        Column(name="age", kind=Kind.CHOICE, value=_age, groups=True, rank=_rank_of_age),
        _money("amount_net", Invoice.amount_net),
        _money("amount_tax", Invoice.amount_tax),
        _money("amount_total", Invoice.amount_total, order=Invoice.amount_total),
        _money("amount_credited", Invoice.amount_credited),
        _money("amount_written_off", Invoice.amount_written_off),
        _money("amount_open", Invoice.amount_open, order=Invoice.amount_open),
        Column(name="currency", kind=Kind.TEXT, value=Invoice.currency, groups=True),
        Column(name="state", kind=Kind.CHOICE, value=_state, groups=True, also=("days_late",)),
        Column(name="is_open", kind=Kind.FLAG, value=IS_OPEN, groups=True),
        Column(name="is_overdue", kind=Kind.FLAG, value=IS_OVERDUE, groups=True),
        Column(name="fiscal_number", kind=Kind.TEXT, value=Invoice.fiscal_number),
        Column(name="fiscal_issued_on", kind=Kind.DAY, value=Invoice.fiscal_issued_on, groups=True),
        Column(name="customer_reference", kind=Kind.TEXT, value=Invoice.customer_reference),
        Column(name="terms_days", kind=Kind.NUMBER, value=Invoice.terms_days),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Invoice.owner_id, label=_Owner.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(
            name="salesperson", kind=Kind.REFERENCE, value=Invoice.salesperson_id, label=_Salesperson.name,
            refers="user", needs=("salesperson",), groups=True,
        ),
        Column(name="recorded_at", kind=Kind.MOMENT, value=Invoice.recorded_at, groups=True),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip
