"""The list of what finance must look at by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, and_, func, literal_column, or_

from core.lists.bulk import Action, offer
from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.parties import Customer
from core.plan import Plan
from core.queries.words import matches_customer
from core.scope import visible_rows
from finance.models import LedgerTask
from finance.tasks import finish_task, reopen_task

_NEVER: ColumnElement[datetime] = literal_column("TIMESTAMPTZ '9999-12-31 00:00:00+00'", DateTime(timezone=True))


def _words(words: str) -> ColumnElement[bool]:
    columns = (LedgerTask.origin, LedgerTask.detail)
    return or_(*(column.icontains(words, autoescape=True) for column in columns), matches_customer(Customer, words))


# The books ask it of finance whoever the customer belongs to; his name is told to who sees him.
TASKS: Final = Source(
    name="finance-tasks",
    root=LedgerTask,
    identity=LedgerTask.id,
    where=lambda: (),
    joins={
        "customer": Join(
            Customer, lambda: and_(Customer.id == LedgerTask.customer_id, visible_rows(Customer)), is_outer=True
        )
    },
    columns=columns_of(
        Column(
            name="kind", kind=Kind.CHOICE, value=LedgerTask.kind, groups=True,
            also=("detail", "done_at", "customer", "origin"),
        ),
        Column(
            name="customer", kind=Kind.REFERENCE, value=LedgerTask.customer_id, label=Customer.name,
            refers="customer", needs=("customer",), groups=True,
        ),
        Column(name="origin", kind=Kind.TEXT, value=LedgerTask.origin),
        Column(name="amount", kind=Kind.MONEY, value=LedgerTask.amount, sums=True),
        Column(name="detail", kind=Kind.TEXT, value=LedgerTask.detail),
        Column(
            name="created_at", kind=Kind.MOMENT, value=LedgerTask.created_at, order=LedgerTask.created_at, groups=True
        ),
        Column(
            name="done_at", kind=Kind.MOMENT, value=LedgerTask.done_at, groups=True,
            order=func.coalesce(LedgerTask.done_at, _NEVER),
        ),
        Column(name="is_open", kind=Kind.FLAG, value=LedgerTask.done_at.is_(None), groups=True),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip


def _finish(plan: Plan, task_id: int, _data: Any) -> dict[str, Any]:
    finish_task(plan, task_id)
    return {}


def _reopen(plan: Plan, task_id: int, _before: Any, _data: Any) -> None:
    reopen_task(plan, task_id)


offer("finance-tasks", Action("done", "payments.write", _finish, _reopen))
