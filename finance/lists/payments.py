"""The list of payments: money that came in, and money given back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.queries.words import matches_customer
from core.scope import visible_rows
from finance.lists import shared  # noqa: F401 (its references)
from finance.models import BankAccount, Invoice, Payment, PaymentAllocation

# Constants of indexed expressions: written out, since an index does not know a parameter's value.
_is_receipt: ColumnElement[bool] = Payment.kind == literal_column("'receipt'")
_is_refund: ColumnElement[bool] = Payment.kind == literal_column("'refund'")
IS_UNMATCHED: Final = and_(_is_receipt, Payment.amount_allocated < Payment.amount)
_signed: ColumnElement[Decimal] = case((_is_refund, -Payment.amount), else_=Payment.amount)
_left: ColumnElement[Decimal] = case(
    (_is_refund, literal_column("0.00", Payment.amount.type)), else_=Payment.amount_unapplied
)
_state = case(
    (_is_refund, "refund"),
    (Payment.amount_allocated >= Payment.amount, "matched"),
    (Payment.amount_allocated == 0, "unmatched"),
    else_="partial",
)
_settled = (
    select(PaymentAllocation.invoice_id)
    .where(PaymentAllocation.payment_id == Payment.id, PaymentAllocation.invoice_id.is_not(None))
    .group_by(PaymentAllocation.invoice_id)
    .having(func.sum(PaymentAllocation.amount) > 0)
    .correlate(Payment)
)


def _of_invoices(value: Any) -> ColumnElement[Any]:
    """Of the invoices that a payment is put on now."""
    return select(value).where(Invoice.id.in_(_settled)).correlate(Payment).scalar_subquery()


def _words(words: str) -> ColumnElement[bool]:
    columns = (Payment.number, Payment.reference)
    by_text = [column.icontains(words, autoescape=True) for column in columns]
    return or_(*by_text, matches_customer(Customer, words))


PAYMENTS: Final = Source(
    name="payments",
    root=Payment,
    identity=Payment.id,
    where=lambda: (visible_rows(Payment),),
    joins={
        "customer": Join(Customer, Customer.id == Payment.customer_id),
        "bank_account": Join(BankAccount, BankAccount.id == Payment.bank_account_id),
        "owner": Join(User, User.id == Payment.owner_id),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=Payment.number, order=Payment.number),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Payment.customer_id, label=Customer.name, refers="customer",
            needs=("customer",), groups=True,
        ),
        Column(
            name="received_on", kind=Kind.DAY, value=Payment.received_on, order=Payment.received_on, groups=True
        ),
        Column(
            name="bank_account", kind=Kind.REFERENCE, value=Payment.bank_account_id, label=BankAccount.name,
            refers="bank_account", needs=("bank_account",), groups=True,
        ),
        Column(name="reference", kind=Kind.TEXT, value=Payment.reference),
        Column(name="kind", kind=Kind.CHOICE, value=Payment.kind, groups=True),
        Column(name="amount", kind=Kind.MONEY, value=_signed, order=Payment.amount, sums=True),
        Column(name="amount_unapplied", kind=Kind.MONEY, value=_left, order=Payment.amount_unapplied, sums=True),
        Column(
            name="invoices", kind=Kind.TEXT, filters=False,
            value=_of_invoices(func.string_agg(Invoice.number, aggregate_order_by(literal(", "), Invoice.number))),
        ),
        Column(name="left_open", kind=Kind.MONEY, filters=False, value=_of_invoices(func.sum(Invoice.amount_open))),
        Column(name="currency", kind=Kind.TEXT, value=Payment.currency, groups=True),
        Column(name="state", kind=Kind.CHOICE, value=_state, groups=True),
        Column(name="is_unmatched", kind=Kind.FLAG, value=IS_UNMATCHED, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Payment.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="recorded_at", kind=Kind.MOMENT, value=Payment.recorded_at, groups=True),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip
