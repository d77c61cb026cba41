"""Cancelling what is not shipped: reservations released, the receivable credited, payments kept as credit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import DomainError, FieldErrors
from core.money import QUANTITY_PLACES, ZERO, total
from core.needs import needs
from core.organization import TaxPoint
from core.plan import Plan
from crm.models import OrderState, SalesOrderLine
from crm.orders.confirm import bill_line, recognise_services
from crm.orders.correction import (
    Correction,
    QuantityRequest,
    close_correction,
    issue_credit_notes,
    open_correction,
    put_earlier_notes,
    refill,
)
from crm.orders.shares import Progress, order_state
from finance.allocations import reverse_allocation
from finance.ledger import debit
from inventory.reservations import change_reservation


@needs("orders.cancel")
def cancel_order(
    plan: Plan, order_id: int, *, lines: Sequence[QuantityRequest] | None = None, reason: str | None = None
) -> dict[str, Any]:
    """Cancels what is not shipped: all of it, or the quantities named. Reservations are released, the receivable is
    credited.

    A wholly cancelled order first un-matches its payments, which stay as the customer's unapplied credit; it nets to
    zero, whatever was credited before. Shipped goods cannot be cancelled, only returned. Raises `order_state`,
    `nothing_to_cancel`, InvalidInput per line, `period_closed`.
    """
    case = open_correction(plan, order_id)
    order = case.order
    if order.state == OrderState.DRAFT:
        return _discard(case, reason)
    order.require(OrderState.CONFIRMED)
    _cancel_quantities(case, lines)
    waiting = [
        (step, before)
        for step, before in zip(case.after, case.before, strict=True)
        if step.cancelled > before.cancelled
    ]
    if not waiting:
        raise DomainError("nothing_to_cancel", number=order.number)
    for step, _ in waiting:
        _release(case, step)
        plan.set(
            SalesOrderLine,
            step.line.id,
            quantity_cancelled=step.cancelled,
            quantity_credited=step.credited,
        )
    _recognise_services_left(case)
    state = order_state(case.after, order.state)
    if case.on_order and case.invoices:
        _credit_invoices(case, reason, whole=state == OrderState.CANCELLED)
    refill(case)
    return close_correction(case, "cancelled", reason, state, cancel=state == OrderState.CANCELLED)


def _discard(case: Correction, reason: str | None) -> dict[str, Any]:
    """A draft holds nothing and owes nothing; it is only marked."""
    for step in case.after:
        step.cancelled = step.line.quantity
        case.plan.set(SalesOrderLine, step.line.id, quantity_cancelled=step.cancelled)
    return close_correction(case, "cancelled", reason, OrderState.CANCELLED, cancel=True)


def _cancel_quantities(case: Correction, wanted: Sequence[QuantityRequest] | None) -> None:
    steps = {step.line.id: step for step in case.after}
    if wanted is None:
        nothing_shipped = not any(step.shipped > 0 and not step.line.is_service for step in case.after)
        requests = [
            QuantityRequest(step.line.id, step.to_ship)
            for step in case.after
            if step.to_ship > 0 and (nothing_shipped or not step.line.is_service)
        ]
    else:
        requests = list(wanted)
    errors = FieldErrors()
    for index, request in enumerate(requests):
        step = steps.get(request.line_id)
        if step is None:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(request.line_id))
        elif errors.positive(
            f"lines.{index}.quantity",
            request.quantity,
            QUANTITY_PLACES,
            most=step.to_ship,
            too_much="more_than_to_cancel",
            shipped=step.shipped,
        ):
            step.cancelled += request.quantity
            if case.on_order:
                step.credited += request.quantity
    errors.raise_if_any()


def _release(case: Correction, step: Progress) -> None:
    """Gives back what the line no longer needs: the waiting part first, then what is held."""
    reservation = case.reservations.get(step.line.reservation_id or 0)
    if reservation is None:
        return
    surplus = reservation.quantity_reserved + reservation.quantity_back_ordered - step.to_ship
    waiting = min(surplus, reservation.quantity_back_ordered)
    held = surplus - waiting
    if surplus > 0:
        change_reservation(case.plan, case.stock, reservation, reserved=-held, back_ordered=-waiting)
        case.reservations[reservation.id] = reservation._replace(
            quantity_reserved=reservation.quantity_reserved - held,
            quantity_back_ordered=reservation.quantity_back_ordered - waiting,
        )
        case.plan.effect("release", position=step.line.position, product=step.line.name, quantity=surplus)


def _recognise_services_left(case: Correction) -> None:
    """Where no goods are left to ship and none ever were, services wait for no shipment: they are recognised now."""
    goods = [step for step in case.after if not step.line.is_service]
    services = [step for step in case.after if step.line.is_service and step.to_ship > 0]
    if not services or any(step.to_ship > 0 or step.shipped > 0 for step in goods):
        return
    tax_falls_due = case.on_order and case.order.tax_point == TaxPoint.ISSUE_OR_SHIPMENT
    net = tax = tax_due = ZERO
    for step in services:
        step.shipped += step.to_ship
        net += step.net(step.out)
        tax += step.tax(step.out)
        # Where a fiscal invoice was issued before, the VAT is recognised already.
        due_now = max(step.line.tax_recognised, step.tax(step.out))
        tax_due += due_now - step.line.tax_recognised
        changes = {"tax_recognised": due_now} if tax_falls_due else {}
        case.plan.set(
            SalesOrderLine, step.line.id, quantity_shipped=step.shipped, net_recognised=step.net(step.out), **changes
        )
    recognise_services(case.plan, case.order, net, tax, case.books, tax_due=tax_due)


def _credit_invoices(case: Correction, reason: str | None, *, whole: bool) -> None:
    if whole:
        _unmatch_all(case, reason)
        put_earlier_notes(case)
    _credit_cancelled(case, reason)
    if whole:
        _put_back(case)


def _put_back(case: Correction) -> None:
    """Earlier credit notes whose money was refunded or put on other invoices cannot close this one any more: so much of
    the money stays on it."""
    sources = {source.id: source for source in case.sources}
    for invoice in case.invoices:
        for allocation in case.allocations:
            part = min(allocation.amount, case.amount_open(invoice))
            if allocation.invoice_id == invoice.id and allocation.payment_id and part > ZERO:
                case.put(sources[allocation.payment_id], invoice, part)


def _unmatch_all(case: Correction, reason: str | None) -> None:
    invoices = {invoice.id: invoice for invoice in case.invoices}
    for allocation in case.allocations:
        reverse_allocation(case.plan, case.books, allocation, invoices[allocation.invoice_id], reason=reason)
        case.allocated[allocation.invoice_id] -= allocation.amount
        case.receivable_change += allocation.amount
        case.unapplied_change += allocation.amount


def _credit_cancelled(case: Correction, reason: str | None) -> None:
    bills, deferred, output = [], ZERO, ZERO
    for step, before in zip(case.after, case.before, strict=True):
        net = before.net(before.live) - step.net(step.live)
        tax = before.tax(before.live) - step.tax(step.live)
        quantity = before.live - step.live
        if quantity <= 0:
            continue
        bills.append(bill_line(step.line, quantity, net, tax))
        still_due = max(step.line.tax_recognised - step.tax(step.live), ZERO)
        output += still_due
        deferred += tax - still_due
        if still_due:
            case.plan.set(SalesOrderLine, step.line.id, tax_recognised=step.line.tax_recognised - still_due)
    net_total = total(bill.amount_net for bill in bills)
    if net_total + deferred + output == 0:
        return
    debits = [
        debit("undelivered", net_total, case.order.customer_id),
        debit("deferred_vat", deferred),
        debit("output_vat", output),
    ]
    issue_credit_notes(case, bills, debits, "cancel", reason)
