"""What finance must look at by hand: noted by the command that came upon it, done by whoever looked."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from core.audit import record
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.plan import Plan
from core.statements import statement
from finance.matching import names
from finance.models import LedgerTask

LONGEST_NOTE = 1000


class TaskFact(NamedTuple):
    id: int
    kind: str
    origin: str | None
    detail: str | None
    done_at: datetime | None


TASK_FOR_UPDATE = statement(
    "tasks.task_for_update",
    "SELECT id, kind, origin, detail, done_at FROM ledger_task WHERE id = %(task_id)s::bigint FOR UPDATE",
    tables="ledger_task",
    scope="system",
    fact=TaskFact,
)
CREDITED_INVOICES = statement(
    "tasks.credited_invoices",
    """
    SELECT number, origin FROM invoice
     WHERE customer_id = %(customer_id)s::bigint AND amount_credited = amount_total AND amount_total > 0
     ORDER BY id DESC LIMIT 200
    """,
    tables="invoice",
    scope="by_root",
)


def task_for_cancelled(plan: Plan, customer_id: int, reference: str, amount: Decimal) -> None:
    """Money that names an invoice or order which was cancelled meanwhile: finance must ask what it is for."""
    [rows] = plan.fetch(CREDITED_INVOICES(customer_id=customer_id))
    for number, origin in rows:
        if names(reference, number) or (origin and names(reference, origin)):
            plan.insert(
                LedgerTask,
                kind="payment_after_cancellation",
                customer_id=customer_id,
                origin=origin or number,
                amount=amount,
                created_at=plan.now,
            )
            plan.effect("finance_task", origin=origin or number, amount=amount)
            return


@needs("payments.write")
def finish_task(plan: Plan, task_id: int, *, note: str | None = None) -> dict[str, Any]:
    """Takes a task off the list, with a note on what was done about it. Locks the task. Raises `task_done`."""
    task, text = _lock(plan, task_id), clean(note)
    errors = FieldErrors()
    if text and len(text) > LONGEST_NOTE:
        errors.add("note", "too_long", limit=LONGEST_NOTE)
    errors.raise_if_any()
    if task.done_at is not None:
        raise DomainError("task_done", origin=task.origin, done_at=task.done_at)
    plan.set(LedgerTask, task.id, done_at=plan.now, detail=text or task.detail)
    record(plan, "ledger_task.done", "ledger_task", task.id, label=task.origin, changes={"note": text})
    return {"id": task.id, "is_done": True}


@needs("payments.write")
def reopen_task(plan: Plan, task_id: int) -> dict[str, Any]:
    """Puts a task back on the list. Locks the task. Raises `task_open`."""
    task = _lock(plan, task_id)
    if task.done_at is None:
        raise DomainError("task_open", origin=task.origin)
    plan.set(LedgerTask, task.id, done_at=None)
    record(plan, "ledger_task.reopened", "ledger_task", task.id, label=task.origin)
    return {"id": task.id, "is_done": False}


def _lock(plan: Plan, task_id: int) -> TaskFact:
    [rows] = plan.fetch(TASK_FOR_UPDATE(task_id=task_id))
    if not rows:
        raise NotFound("ledger_task", task_id)
    found: TaskFact = rows[0]
    return found
