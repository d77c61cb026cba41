"""What finance must look at by hand, noted by the command that came upon it."""

from __future__ import annotations

from decimal import Decimal

from core.plan import Plan
from core.statements import statement
from finance.matching import names
from finance.models import LedgerTask

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
