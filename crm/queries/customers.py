"""Customers as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Date, Numeric, Select, case, func, literal, select

from core.organization import User
from core.parties import Customer, CustomerAccount
from core.queries.paging import Page, Window, fetch_page
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.models import Activity
from finance.models import Invoice

VIEWS = ("all", "mine", "overdue", "credit")
SORTS = ("name", "balance", "overdue", "last_order")
CREDIT_USED_FROM = Decimal("0.8")
"""From which share of the limit on a customer counts as having used his credit."""


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list. Amounts in the company's currency; `overdue` is what is past its due day."""

    id: int
    code: str
    name: str
    city: str | None
    owner_id: int
    owner: str
    credit_limit: Decimal | None
    exposure: Decimal
    balance: Decimal
    overdue: Decimal
    oldest_due_on: date | None
    last_order_on: date | None
    next_step: str | None
    next_on: date | None


class ViewCounts(NamedTuple):
    all: int
    mine: int
    overdue: int
    credit: int


def _overdue(today: date) -> ColumnElement[Decimal]:
    amount = (
        select(func.sum(Invoice.amount_open))
        .where(
            Invoice.customer_id == CustomerAccount.customer_id,
            Invoice.amount_allocated < Invoice.amount_total,
            Invoice.due_on < today,
        )
        .correlate(CustomerAccount)
        .scalar_subquery()
    )
    nothing = literal(Decimal("0.00"), Numeric(18, 2))
    return case((CustomerAccount.oldest_due_on < today, func.coalesce(amount, nothing)), else_=nothing)


def _next_step(column: Any) -> ColumnElement[Any]:
    return (
        select(column)
        .where(Activity.customer_id == Customer.id, Activity.done_at.is_(None), Activity.due_on.is_not(None))
        .order_by(Activity.due_on, Activity.id)
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def _view(view: str, user_id: int | None, today: date) -> ColumnElement[bool]:
    if view == "mine":
        return Customer.owner_id == user_id
    if view == "overdue":
        return CustomerAccount.oldest_due_on < today
    if view == "credit":
        return CustomerAccount.exposure >= Customer.credit_limit * CREDIT_USED_FROM
    return literal(True)


def _base() -> Select[Any]:
    return (
        select()
        .select_from(Customer)
        .join(CustomerAccount, CustomerAccount.customer_id == Customer.id)
        .join(User, User.id == Customer.owner_id)
        .where(Customer.merged_into_id.is_(None), visible_rows(Customer))
    )


def list_customers(
    connection: Connection,
    window: Window,
    *,
    today: date,
    user_id: int | None,
    view: str = "all",
    text: str = "",
    owner_id: int | None = None,
) -> Page[CustomerRow]:
    """One page of customers, in an order of SORTS."""
    overdue = _overdue(today)
    columns: dict[str, Any] = {
        "name": Customer.name,
        "balance": CustomerAccount.balance,
        "overdue": overdue,
        "last_order": func.coalesce(CustomerAccount.last_order_on, literal(date(1900, 1, 1), Date())),
    }
    chosen = _base().where(_view(view, user_id, today), matches_customer(Customer, text))
    if owner_id is not None:
        chosen = chosen.where(Customer.owner_id == owner_id)
    rows = chosen.add_columns(
        Customer.id,
        Customer.code,
        Customer.name,
        Customer.city,
        Customer.owner_id,
        User.name,
        Customer.credit_limit,
        CustomerAccount.exposure,
        CustomerAccount.balance,
        overdue,
        CustomerAccount.oldest_due_on,
        CustomerAccount.last_order_on,
        _next_step(Activity.subject),
        _next_step(Activity.due_on),
    )
    return fetch_page(connection, rows, CustomerRow, window.sorting(columns, Customer.id), window)


def count_views(connection: Connection, *, today: date, user_id: int | None) -> ViewCounts:
    """How many customers each saved view holds."""
    counted = [func.count().filter(_view(view, user_id, today)) for view in VIEWS]
    return ViewCounts(*connection.execute(_base().add_columns(*counted)).one())
