"""Crediting a price after the fact: money off billed lines without goods coming back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import DomainError, FieldErrors
from core.money import ZERO, share
from core.plan import Plan
from crm.models import OrderState, SalesOrderLine
from crm.orders.confirm import bill_line
from crm.orders.correction import (
    Correction,
    close_correction,
    invoice_for_credit,
    issue_credit_note,
    open_correction,
)
from crm.orders.shares import order_state
from finance.invoicing import BillLine
from finance.ledger import debit


@dataclass(frozen=True)
class PriceCredit:
    """A net amount to take off what one order line costs; its tax follows the line's rate."""

    line_id: int
    amount_net: Decimal


def credit_order(
    plan: Plan, order_id: int, *, lines: Sequence[PriceCredit], reason: str | None = None
) -> dict[str, Any]:
    """Takes money off billed lines without goods coming back: revenue for the shipped part, undelivered for the rest.

    Raises `credit_exceeds_invoice` when a line would be credited by more than it still costs, InvalidInput per line.
    """
    case = open_correction(plan, order_id)
    case.order.require(OrderState.CONFIRMED, OrderState.DONE)
    if not case.invoices:
        raise DomainError("nothing_to_credit", number=case.order.number)
    bills = _reduce(case, lines)
    revenue = undelivered = deferred = output = ZERO
    for step, before in zip(case.after, case.before, strict=True):
        line = step.line
        if step.net_reduced == before.net_reduced:
            continue
        from_revenue = line.net_recognised - step.net(step.out)
        tax_back = max(line.tax_recognised - step.tax(step.live), ZERO)
        reduced_tax = step.tax_reduced - before.tax_reduced
        if not case.on_order:
            from_revenue, tax_back = step.net_reduced - before.net_reduced, reduced_tax
        revenue += from_revenue
        undelivered += step.net_reduced - before.net_reduced - from_revenue
        output += min(tax_back, reduced_tax)
        deferred += reduced_tax - min(tax_back, reduced_tax)
        plan.set(
            SalesOrderLine,
            line.id,
            net_reduced=step.net_reduced,
            tax_reduced=step.tax_reduced,
            net_recognised=line.net_recognised - from_revenue,
            tax_recognised=line.tax_recognised - min(tax_back, reduced_tax),
        )
    debits = [
        debit("revenue", revenue),
        debit("undelivered", undelivered, case.order.customer_id),
        debit("deferred_vat", deferred),
        debit("output_vat", output),
    ]
    note = issue_credit_note(case, invoice_for_credit(case, bills), bills, debits, "credit_note", reason)
    answer = close_correction(case, "credited", reason, order_state(case.after, case.order.state), cancel=False)
    return {**answer, "credit_notes": [{"id": note.id, "number": note.number, "amount_total": note.amount_total}]}


def _reduce(case: Correction, wanted: Sequence[PriceCredit]) -> list[BillLine]:
    steps = {step.line.id: step for step in case.after}
    errors = FieldErrors()
    if not wanted:
        errors.add("lines", "required")
    bills = []
    for index, request in enumerate(wanted):
        step = steps.get(request.line_id)
        if step is None:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(request.line_id))
            continue
        left, tax_left = step.net(step.billed), step.tax(step.billed)
        if request.amount_net <= 0:
            errors.add(f"lines.{index}.amount_net", "not_positive")
        elif request.amount_net > left:
            raise DomainError("credit_exceeds_invoice", amount=request.amount_net, left=left, sku=step.line.sku)
        elif step.live != step.line.quantity or (not case.on_order and step.billed != step.line.quantity):
            errors.add(f"lines.{index}.amount_net", "line_is_not_whole", sku=step.line.sku)
        else:
            tax = share(tax_left, request.amount_net, left)
            step.net_reduced += request.amount_net
            step.tax_reduced += tax
            bills.append(bill_line(step.line, Decimal(0), request.amount_net, tax))
    errors.raise_if_any()
    return bills
