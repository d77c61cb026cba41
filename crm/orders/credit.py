"""Crediting a price after the fact: money off billed lines without goods coming back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import DomainError, FieldErrors
from core.money import ZERO, places_of, share
from core.needs import needs
from core.plan import Plan
from crm.models import OrderState, SalesOrderLine
from crm.orders.confirm import bill_line
from crm.orders.correction import (
    Correction,
    close_correction,
    issue_credit_notes,
    open_correction,
)
from crm.orders.shares import order_state, tax_point_reached
from finance.invoicing import BillLine
from finance.ledger import Posting, debit


@dataclass(frozen=True)
class PriceCredit:
    """A net amount to take off what one order line costs; its tax follows the line's rate."""

    line_id: int
    amount_net: Decimal


@needs("orders.bill")
def credit_order(
    plan: Plan, order_id: int, *, lines: Sequence[PriceCredit], reason: str | None = None
) -> dict[str, Any]:
    """Takes money off billed lines without goods coming back: revenue for the shipped part, undelivered for the rest.

    What was cancelled or returned is credited already; a price credit is taken off what is left of a line, all of which
    must be billed. Raises `credit_exceeds_invoice` when a line would be credited by more than it still costs,
    InvalidInput per line.
    """
    case = open_correction(plan, order_id)
    case.order.require(OrderState.CONFIRMED, OrderState.DONE)
    if not case.invoices:
        raise DomainError("nothing_to_credit", number=case.order.number)
    _reduce(case, lines)
    bills, debits = _debits(case)
    notes = issue_credit_notes(case, bills, debits, "credit_note", reason)
    answer = close_correction(case, "credited", reason, order_state(case.after, case.order.state), cancel=False)
    return {
        **answer,
        "credit_notes": [{"id": note.id, "number": note.number, "amount_total": note.amount_total} for note in notes],
    }


def _debits(case: Correction) -> tuple[list[BillLine], list[Posting]]:
    """Lines to credit, and what the entry debits: revenue and VAT of the shipped part, undelivered and deferred VAT of
    the rest."""
    revenue = undelivered = deferred = output = ZERO
    bills = []
    for step, before in zip(case.after, case.before, strict=True):
        line = step.line
        net, tax = before.net(before.live) - step.net(step.live), before.tax(before.live) - step.tax(step.live)
        if net == 0:
            continue
        bills.append(bill_line(line, Decimal(0), net, tax))
        from_revenue = line.net_recognised - step.net(step.out)
        tax_left = tax_point_reached(before, step, on_order=case.on_order)
        revenue += from_revenue
        undelivered += net - from_revenue
        output += line.tax_recognised - tax_left
        deferred += tax - (line.tax_recognised - tax_left)
        case.plan.set(
            SalesOrderLine,
            line.id,
            net_reduced=step.net_reduced,
            tax_reduced=step.tax_reduced,
            net_recognised=line.net_recognised - from_revenue,
            tax_recognised=tax_left,
        )
    return bills, [
        debit("revenue", revenue),
        debit("undelivered", undelivered, case.order.customer_id),
        debit("deferred_vat", deferred),
        debit("output_vat", output),
    ]


def _reduce(case: Correction, wanted: Sequence[PriceCredit]) -> None:
    steps = {step.line.id: step for step in case.after}
    errors = FieldErrors()
    if not wanted:
        errors.add("lines", "required")
    for index, request in enumerate(wanted):
        step = steps.get(request.line_id)
        if step is None:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(request.line_id))
            continue
        left, tax_left = step.net(step.billed), step.tax(step.billed)
        if not errors.positive(f"lines.{index}.amount_net", request.amount_net, places_of(case.order.currency)):
            continue
        if request.amount_net > left:
            numbers, sku = case.invoice_numbers, step.line.sku
            raise DomainError("credit_exceeds_invoice", invoice=numbers, amount=request.amount_net, left=left, sku=sku)
        if step.billed != step.live:
            errors.add(f"lines.{index}.amount_net", "line_not_billed", sku=step.line.sku, left=step.live - step.billed)
        else:
            step.reduce(request.amount_net, share(tax_left, request.amount_net, left, case.order.currency))
    errors.raise_if_any()
