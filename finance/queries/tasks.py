"""What finance must look at, as data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from core.queries.paging import Listing


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
