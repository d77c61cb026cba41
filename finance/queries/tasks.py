"""What finance must look at: the list of its page, and as data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from core.parties import Customer
from core.queries.paging import AnySelect, Listing, Page, Window, fetch_page
from core.scope import visible_rows
from finance.models import LedgerTask


class TaskRow(NamedTuple):
    """A task: why it is there (`kind`), whose money it is about, the document it came from, when it was dealt with.

    The books ask it of finance whoever the customer belongs to; his name is told to who sees him."""

    id: int
    kind: str
    customer_id: int | None
    customer: str | None
    origin: str | None
    amount: Decimal | None
    detail: str | None
    created_at: datetime
    done_at: datetime | None


class TaskTabs(NamedTuple):
    open: int
    done: int


TASKS = Listing(
    "tasks.list",
    """
    SELECT row.id, row.kind, row.customer_id, customer.name, row.origin, row.amount, row.detail, row.created_at,
           row.done_at
      FROM ledger_task AS row
      LEFT JOIN customer ON customer.id = row.customer_id AND visible(customer, customer.id)
    """,
    "ledger_task customer",
    TaskRow,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "is_done": "(row.done_at IS NOT NULL) = %(is_done)s::boolean",
    },
)


def list_tasks(
    connection: Connection, window: Window, *, is_done: bool, customer_id: int | None = None
) -> Page[TaskRow]:
    """Open tasks, or those dealt with."""
    query: AnySelect = select(
        LedgerTask.id,
        LedgerTask.kind,
        LedgerTask.customer_id,
        Customer.name,
        LedgerTask.origin,
        LedgerTask.amount,
        LedgerTask.detail,
        LedgerTask.created_at,
        LedgerTask.done_at,
    ).outerjoin(Customer, and_(Customer.id == LedgerTask.customer_id, visible_rows(Customer)))
    query = query.where(LedgerTask.done_at.is_not(None) if is_done else LedgerTask.done_at.is_(None))
    if customer_id:
        query = query.where(LedgerTask.customer_id == customer_id)
    columns = {"done": LedgerTask.done_at} if is_done else {"created": LedgerTask.created_at}
    return fetch_page(connection, query, TaskRow, window.sorting(columns, LedgerTask.id), window)


def count_tasks(connection: Connection, *, customer_id: int | None = None) -> TaskTabs:
    """The numbers beside the tabs."""
    is_open = LedgerTask.done_at.is_(None)
    query: AnySelect = select(func.count().filter(is_open), func.count().filter(~is_open)).select_from(LedgerTask)
    if customer_id:
        query = query.where(LedgerTask.customer_id == customer_id)
    return TaskTabs(*connection.execute(query).one())
