"""The list of credit notes."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, or_

from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.queries.words import matches_customer
from core.scope import visible_rows
from finance.models import CreditNote, Invoice


def _words(words: str) -> ColumnElement[bool]:
    columns = (CreditNote.number, CreditNote.origin)
    by_text = [column.icontains(words, autoescape=True) for column in columns]
    return or_(*by_text, matches_customer(Customer, words))


def _money(name: str, value: Any, **more: Any) -> Column:
    return Column(name=name, kind=Kind.MONEY, value=value, sums=True, **more)


CREDIT_NOTES: Final = Source(
    name="credit-notes",
    root=CreditNote,
    identity=CreditNote.id,
    where=lambda: (visible_rows(CreditNote),),
    joins={
        "customer": Join(Customer, Customer.id == CreditNote.customer_id),
        "invoice": Join(Invoice, Invoice.id == CreditNote.invoice_id),
        "owner": Join(User, User.id == CreditNote.owner_id),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=CreditNote.number, order=CreditNote.number),
        Column(
            name="customer", kind=Kind.REFERENCE, value=CreditNote.customer_id, label=Customer.name,
            refers="customer", needs=("customer",), groups=True,
        ),
        Column(name="invoice", kind=Kind.TEXT, value=Invoice.number, needs=("invoice",)),
        Column(name="origin", kind=Kind.TEXT, value=CreditNote.origin),
        Column(name="issued_on", kind=Kind.DAY, value=CreditNote.issued_on, order=CreditNote.issued_on, groups=True),
        Column(name="reason", kind=Kind.TEXT, value=CreditNote.reason, groups=True),
        _money("amount_net", CreditNote.amount_net),
        _money("amount_tax", CreditNote.amount_tax),
        _money("amount_total", CreditNote.amount_total, order=CreditNote.amount_total),
        _money("amount_unapplied", CreditNote.amount_unapplied, order=CreditNote.amount_unapplied),
        Column(
            name="is_unapplied", kind=Kind.FLAG, value=CreditNote.amount_allocated < CreditNote.amount_total,
            groups=True,
        ),
        Column(name="currency", kind=Kind.TEXT, value=CreditNote.currency, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=CreditNote.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="recorded_at", kind=Kind.MOMENT, value=CreditNote.recorded_at, groups=True),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip
