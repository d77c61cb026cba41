"""The list of customers: their record, their money, what is planned with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Numeric, and_, case, func, literal, literal_column, select

from core.lists.custom import added
from core.lists.kinds import Kind
from core.lists.shared import TERMS_LABEL
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.masks import EMAILS, PHONES
from core.organization import User
from core.parties import Customer, CustomerAccount, PaymentTerms
from core.queries.words import is_met_often, matches_customer
from core.scope import current_viewer, visible_rows
from crm.models import Activity
from finance.models import Invoice

MONEY: Final = "invoices.read"
# Constants of indexed expressions: written out, since an index does not know a parameter's value.
NEVER: Final[ColumnElement[date]] = literal_column("DATE '9999-12-31'", Date())
LONG_AGO: Final[ColumnElement[date]] = literal_column("DATE '1900-01-01'", Date())

_is_overdue = CustomerAccount.oldest_due_on < TODAY


def _overdue() -> ColumnElement[Decimal]:
    amount = (
        select(func.sum(Invoice.amount_open))
        .where(
            Invoice.customer_id == CustomerAccount.customer_id,
            Invoice.amount_allocated < Invoice.amount_total,
            Invoice.due_on < TODAY,
        )
        .correlate(CustomerAccount)
        .scalar_subquery()
    )
    nothing = literal(Decimal("0.00"), Numeric(18, 2))
    return case((_is_overdue, func.coalesce(amount, nothing)), else_=nothing)


def _late() -> ColumnElement[bool]:
    """That a customer is overdue. For who sees few customers it is asked of their open invoices, of which an index
    holds each owner's; it is the same, since the account's oldest due date is that of an open invoice."""
    if current_viewer().sees_all:
        return _is_overdue
    late = select(Invoice.customer_id).where(
        Invoice.amount_allocated < Invoice.amount_total, Invoice.due_on < TODAY, visible_rows(Invoice)
    )
    return Customer.id.in_(late)


def _next_step(column: Any) -> ColumnElement[Any]:
    return (
        select(column)
        .where(Activity.customer_id == Customer.id, Activity.done_at.is_(None), Activity.due_on.is_not(None))
        .order_by(Activity.due_on, Activity.id)
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def _account(name: str, kind: Kind, value: Any, **more: Any) -> Column:
    return Column(name=name, kind=kind, value=value, needs=("account",), permission=MONEY, **more)


CUSTOMERS: Final = Source(
    name="customers",
    root=Customer,
    identity=Customer.id,
    where=lambda: (Customer.merged_into_id.is_(None), visible_rows(Customer)),
    joins={
        "account": Join(CustomerAccount, CustomerAccount.customer_id == Customer.id),
        "owner": Join(User, User.id == Customer.owner_id),
        "terms": Join(PaymentTerms, PaymentTerms.id == Customer.payment_terms_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="name", kind=Kind.TEXT, value=Customer.name, order=Customer.name, also=("city",)),
        Column(name="code", kind=Kind.TEXT, value=Customer.code, order=Customer.code),
        Column(name="legal_name", kind=Kind.TEXT, value=Customer.legal_name),
        Column(name="lifecycle", kind=Kind.CHOICE, value=Customer.lifecycle, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Customer.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="industry", kind=Kind.TEXT, value=Customer.industry, groups=True),
        Column(name="size", kind=Kind.TEXT, value=Customer.size, groups=True),
        Column(name="source", kind=Kind.TEXT, value=Customer.source, groups=True),
        Column(name="country", kind=Kind.TEXT, value=Customer.country, groups=True),
        Column(name="region", kind=Kind.TEXT, value=Customer.region, groups=True),
        Column(name="city", kind=Kind.TEXT, value=Customer.city, groups=True),
        Column(name="phone", kind=Kind.TEXT, value=Customer.phone, mask=PHONES),
        Column(name="email", kind=Kind.TEXT, value=Customer.email, mask=EMAILS),
        Column(name="tax_id", kind=Kind.TEXT, value=Customer.tax_id),
        Column(
            name="payment_terms", kind=Kind.REFERENCE, value=Customer.payment_terms_id, label=TERMS_LABEL,
            refers="payment_terms", needs=("terms",), groups=True,
        ),
        Column(name="credit_limit", kind=Kind.MONEY, value=Customer.credit_limit, permission=MONEY),
        _account("exposure", Kind.MONEY, CustomerAccount.exposure, sums=True),
        _account("credit_used", Kind.FLAG, CustomerAccount.credit_used, groups=True),
        _account("balance", Kind.MONEY, CustomerAccount.balance, order=CustomerAccount.balance, sums=True),
        _account(
            "overdue", Kind.MONEY, _overdue(), order=func.coalesce(CustomerAccount.oldest_due_on, NEVER), sums=True,
            is_slow=True, also=("oldest_due_on",),
        ),
        _account(
            "is_overdue", Kind.FLAG, and_(CustomerAccount.oldest_due_on.is_not(None), _is_overdue), groups=True,
            conditions={"yes": _late},
        ),
        _account("oldest_due_on", Kind.DAY, CustomerAccount.oldest_due_on, groups=True),
        Column(
            name="last_order_on", kind=Kind.DAY, value=CustomerAccount.last_order_on, needs=("account",), groups=True,
            order=func.coalesce(CustomerAccount.last_order_on, LONG_AGO),
        ),
        Column(name="order_count", kind=Kind.NUMBER, value=CustomerAccount.order_count, needs=("account",)),
        _account("last_payment_on", Kind.DAY, CustomerAccount.last_payment_on, groups=True),
        Column(name="next_step", is_slow=True, kind=Kind.TEXT, value=_next_step(Activity.subject), also=("next_on",)),
        Column(name="next_on", is_slow=True, kind=Kind.DAY, value=_next_step(Activity.due_on), groups=True),
        Column(name="created_at", kind=Kind.MOMENT, value=Customer.created_at, order=Customer.created_at, groups=True),
        Column(name="updated_at", kind=Kind.MOMENT, value=Customer.updated_at),
    ),
    added=added("customer", Customer.id),
    matches=lambda words: matches_customer(Customer, words),
    met_often=(is_met_often, "-created_at"),
)  # fmt: skip
