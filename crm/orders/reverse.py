"""Cancelling, returning, crediting: every correction is a dated opposite, never an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.audit import record
from core.errors import DomainError, FieldErrors
from core.money import ZERO, share, total
from core.organization import InvoicingPolicy
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Plan
from core.statements import statement
from crm.models import OrderState, SalesOrderLine, SalesOrderShipment
from crm.orders.confirm import bill_line
from crm.orders.facts import (
    ACCOUNT_OF_ORDER_FOR_UPDATE,
    INVOICES_OF_ORDER_FOR_UPDATE,
    LEVELS_OF_ORDER_FOR_UPDATE,
    RESERVATIONS_OF_ORDER,
    VALUATIONS_OF_ORDER_FOR_UPDATE,
    LineFact,
    OrderFact,
    customer_of,
    lock_order,
    the_order,
    touch,
)
from crm.orders.shares import Progress, invoice_status, order_state, shipping_status, uninvoiced
from finance.corrections import LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES, AllocationFact, reverse_allocation
from finance.invoicing import BillLine, InvoiceFact, IssuedCreditNote, post_credit_note
from finance.ledger import SALES, Books, Posting, books_for, check_period, credit, debit, post
from finance.receivables import AccountFact, InvoiceAfter, open_summary, settle_account
from inventory.reservations import WAITING, ReservationFact, change_reservation, fill_waiting
from inventory.shipments import Returned, ShipmentPaper, Shipped, take_back
from inventory.stock import LevelFact, Stock, ValuationFact

PAYMENTS_OF_INVOICES_FOR_UPDATE = statement(
    "reverse.payments_of_invoices_for_update",
    """
    SELECT payment.id FROM payment
     WHERE payment.id IN (SELECT allocation.payment_id FROM payment_allocation AS allocation
                            JOIN sales_order_invoice AS link ON link.invoice_id = allocation.invoice_id
                           WHERE link.order_id = %(order_id)s::bigint)
     ORDER BY payment.id FOR NO KEY UPDATE
    """,
    tables="payment payment_allocation sales_order_invoice",
    scope="by_root",
)


@dataclass(frozen=True)
class QuantityRequest:
    """A quantity of one order line to cancel or to take back."""

    line_id: int
    quantity: Decimal


@dataclass(frozen=True)
class PriceCredit:
    """A net amount to take off what one order line costs; its tax follows the line's rate."""

    line_id: int
    amount_net: Decimal


@dataclass
class _Case:
    """One correction: the locked facts and the lines before and after."""

    plan: Plan
    order: OrderFact
    lines: list[LineFact]
    invoices: list[InvoiceFact]
    allocations: list[AllocationFact]
    levels: list[LevelFact]
    valuations: list[ValuationFact]
    reservations: dict[int, ReservationFact]
    account: AccountFact
    books: Books
    before: list[Progress]
    after: list[Progress]
    stock: Stock
    receivable_change: Decimal = ZERO
    unapplied_change: Decimal = ZERO

    def __post_init__(self) -> None:
        self.allocated = {invoice.id: invoice.amount_allocated for invoice in self.invoices}

    @property
    def on_order(self) -> bool:
        return self.order.invoicing_policy == InvoicingPolicy.ON_ORDER


def _open_case(plan: Plan, order_id: int) -> _Case:
    orders, lines, invoices, _, allocations, levels, valuations, reservations, accounts, [books] = plan.fetch(
        *lock_order(order_id),
        INVOICES_OF_ORDER_FOR_UPDATE(order_id=order_id),
        PAYMENTS_OF_INVOICES_FOR_UPDATE(order_id=order_id),
        ALLOCATIONS_OF_ORDER(order_id=order_id),
        LEVELS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        VALUATIONS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        RESERVATIONS_OF_ORDER(order_id=order_id),
        ACCOUNT_OF_ORDER_FOR_UPDATE(order_id=order_id),
        books_for(plan.today),
    )
    order = the_order(orders, order_id)
    check_period(books)
    return _Case(
        plan,
        order,
        lines,
        invoices,
        allocations,
        levels,
        valuations,
        {reservation.id: reservation for reservation in reservations},
        customer_of(accounts),
        books,
        [Progress.of(line) for line in lines],
        [Progress.of(line) for line in lines],
        Stock.of(plan, levels, valuations),
    )


ALLOCATIONS_OF_ORDER = statement(
    "reverse.allocations_of_order",
    LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES.text.replace(
        "ANY (%(invoice_ids)s::bigint[])",
        "ANY (ARRAY(SELECT invoice_id FROM sales_order_invoice WHERE order_id = %(order_id)s::bigint))",
    ),
    tables="payment_allocation invoice sales_order_invoice",
    scope="by_root",
    fact=AllocationFact,
)


# cancelling -----------------------------------------------------------------------------------------------------------
def cancel_order(
    plan: Plan, order_id: int, *, lines: Sequence[QuantityRequest] | None = None, reason: str | None = None
) -> dict[str, Any]:
    """Cancels what is not shipped: all of it, or the quantities named. Reservations are released, the receivable is credited.

    A wholly cancelled order first un-matches its payments, which stay as the customer's unapplied credit. Shipped goods
    cannot be cancelled, only returned. Raises `order_state`, `nothing_to_cancel`, InvalidInput per line, `period_closed`.
    """
    case = _open_case(plan, order_id)
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
    state = order_state(case.after, order.state)
    if case.on_order and case.invoices:
        if state == OrderState.CANCELLED:
            _unmatch_all(case, reason)
        _credit_cancelled(case, reason)
    _refill(case)
    return _close_case(case, "cancelled", reason, state, cancel=state == OrderState.CANCELLED)


def _discard(case: _Case, reason: str | None) -> dict[str, Any]:
    """A draft holds nothing and owes nothing; it is only marked."""
    for step in case.after:
        step.cancelled = step.line.quantity
        case.plan.set(SalesOrderLine, step.line.id, quantity_cancelled=step.cancelled)
    return _close_case(case, "cancelled", reason, OrderState.CANCELLED, cancel=True)


def _cancel_quantities(case: _Case, wanted: Sequence[QuantityRequest] | None) -> None:
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
        elif request.quantity <= 0:
            errors.add(f"lines.{index}.quantity", "not_positive")
        elif request.quantity > step.to_ship:
            errors.add(f"lines.{index}.quantity", "more_than_to_cancel", left=step.to_ship, shipped=step.shipped)
        else:
            step.cancelled += request.quantity
            if case.on_order:
                step.credited += request.quantity
    errors.raise_if_any()


def _release(case: _Case, step: Progress) -> None:
    """Gives back what the line no longer needs: the waiting part first, then what is held."""
    reservation = case.reservations.get(step.line.reservation_id or 0)
    if reservation is None:
        return
    surplus = reservation.quantity_reserved + reservation.quantity_back_ordered - step.to_ship
    waiting = min(surplus, reservation.quantity_back_ordered)
    held = surplus - waiting
    if surplus > 0:
        change_reservation(case.plan, case.stock, reservation, reserved=-held, back_ordered=-waiting)
        case.plan.effect("release", position=step.line.position, product=step.line.name, quantity=surplus)


def _unmatch_all(case: _Case, reason: str | None) -> None:
    invoices = {invoice.id: invoice for invoice in case.invoices}
    for allocation in case.allocations:
        reverse_allocation(case.plan, case.books, allocation, invoices[allocation.invoice_id], reason=reason)
        case.allocated[allocation.invoice_id] -= allocation.amount
        case.receivable_change += allocation.amount
        case.unapplied_change += allocation.amount


def _credit_cancelled(case: _Case, reason: str | None) -> None:
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
    _credit_note(case, case.invoices[-1], bills, debits, "cancel", reason)


# returning ------------------------------------------------------------------------------------------------------------
def return_goods(
    plan: Plan, order_id: int, *, lines: Sequence[QuantityRequest], reason: str | None = None
) -> dict[str, Any]:
    """Takes shipped goods back into stock at the cost they left at, and credits what was billed of them.

    Under `on_delivery` the unbilled part comes back first. Raises InvalidInput per line, `order_state`, `period_closed`.
    """
    case = _open_case(plan, order_id)
    order = case.order
    order.require(OrderState.CONFIRMED, OrderState.DONE)
    quantities = _return_quantities(case, lines)
    returned = _costs_back(case, quantities)
    shipped = take_back(
        plan,
        case.stock,
        [back for back in returned if back.quantity > 0],
        ShipmentPaper(order.customer_id, order.owner_id, order.warehouse_id, order.ship_to, order.carrier),
        origin=order.number,
        returned_on=plan.today,
    )
    plan.insert(SalesOrderShipment, shipment_id=shipped.id, order_id=order.id)
    bills, debits = _reverse_revenue(case, shipped)
    if bills:
        _credit_note(case, _invoice_for_credit(case, bills), bills, debits, "return", reason)
    elif debits:
        post(
            plan,
            case.books,
            journal=SALES,
            event="return",
            postings=debits,
            origin=order.number,
            document=shipped.number,
            memo=reason,
        )
    _refill(case)
    answer = _close_case(case, "returned", reason, order_state(case.after, order.state), cancel=False)
    return {**answer, "returns": [{"id": shipped.id, "number": shipped.number}]}


def _return_quantities(case: _Case, wanted: Sequence[QuantityRequest]) -> dict[int, Decimal]:
    steps = {step.line.id: step for step in case.after}
    errors = FieldErrors()
    if not wanted:
        errors.add("lines", "required")
    quantities: dict[int, Decimal] = {}
    for index, request in enumerate(wanted):
        step = steps.get(request.line_id)
        if step is None:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(request.line_id))
        elif step.line.is_service:
            errors.add(f"lines.{index}.line_id", "service_is_not_returned", sku=step.line.sku)
        elif request.quantity <= 0:
            errors.add(f"lines.{index}.quantity", "not_positive")
        elif request.quantity > step.out:
            errors.add(f"lines.{index}.quantity", "more_than_shipped", left=step.out)
        else:
            quantities[request.line_id] = quantities.get(request.line_id, Decimal(0)) + request.quantity
            unbilled = step.out - step.billed
            step.returned += request.quantity
            step.credited += request.quantity if case.on_order else max(request.quantity - max(unbilled, Decimal(0)), 0)
    errors.raise_if_any()
    return quantities


def _costs_back(case: _Case, quantities: dict[int, Decimal]) -> list[Returned]:
    returned = []
    for before in case.before:
        quantity = quantities.get(before.line.id)
        if quantity:
            cost = before.line.cost_recognised
            back = share(cost, quantity, before.out)
            returned.append(Returned(before.line.position, before.line.product_id, before.line.name, quantity, back))
    return returned


def _reverse_revenue(case: _Case, shipped: Shipped) -> tuple[list[BillLine], list[Posting]]:
    """Lines to credit, and everything the entry debits (and credits) besides receivable and advances."""
    net_all = tax_all = net_billed = tax_billed = output = ZERO
    bills = []
    for step, before in zip(case.after, case.before, strict=True):
        line = step.line
        if step.returned == before.returned:
            continue
        net = line.net_recognised - step.net(step.out)
        tax = before.tax(before.out) - step.tax(step.out)
        credited = step.credited - before.credited
        if credited > 0:
            net_part = before.net(before.billed) - step.net(step.billed)
            tax_part = before.tax(before.billed) - step.tax(step.billed)
            bills.append(bill_line(line, credited, net_part, tax_part))
            net_billed += net_part
            tax_billed += tax_part
        tax_back = max(line.tax_recognised - step.tax(step.live if case.on_order else step.billed), ZERO)
        output += min(tax_back, tax)
        net_all += net
        tax_all += tax
        case.plan.set(
            SalesOrderLine,
            line.id,
            quantity_returned=step.returned,
            quantity_credited=step.credited,
            net_recognised=line.net_recognised - net,
            tax_recognised=line.tax_recognised - min(tax_back, tax),
            cost_recognised=line.cost_recognised - shipped.costs.get(line.position, ZERO),
        )
    postings = [
        debit("revenue", net_all),
        debit("output_vat", output),
        debit("deferred_vat", tax_all - output),
        debit("inventory", shipped.cost),
        credit("cost_of_goods", shipped.cost),
    ]
    if not case.on_order:
        unbilled = net_all + tax_all - net_billed - tax_billed
        postings.append(credit("unbilled", unbilled, case.order.customer_id))
    return bills, postings


# crediting ------------------------------------------------------------------------------------------------------------
def credit_order(
    plan: Plan, order_id: int, *, lines: Sequence[PriceCredit], reason: str | None = None
) -> dict[str, Any]:
    """Takes money off billed lines without goods coming back: revenue for the shipped part, undelivered for the rest.

    Raises `credit_exceeds_invoice` when a line would be credited by more than it still costs, InvalidInput per line.
    """
    case = _open_case(plan, order_id)
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
    note = _credit_note(case, _invoice_for_credit(case, bills), bills, debits, "credit_note", reason)
    answer = _close_case(case, "credited", reason, order_state(case.after, case.order.state), cancel=False)
    return {**answer, "credit_notes": [{"id": note.id, "number": note.number, "amount_total": note.amount_total}]}


def _reduce(case: _Case, wanted: Sequence[PriceCredit]) -> list[BillLine]:
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


# what all of them end with --------------------------------------------------------------------------------------------
def _invoice_for_credit(case: _Case, bills: Sequence[BillLine]) -> InvoiceFact:
    """The latest invoice that can still carry the whole credit."""
    amount = total(bill.amount_net + bill.amount_tax for bill in bills)
    for invoice in reversed(case.invoices):
        if invoice.amount_total - invoice.amount_credited >= amount:
            return invoice
    raise DomainError(
        "credit_exceeds_invoice",
        amount=amount,
        left=max((invoice.amount_total - invoice.amount_credited for invoice in case.invoices), default=ZERO),
    )


def _credit_note(
    case: _Case, invoice: InvoiceFact, bills: list[BillLine], debits: list[Posting], event: str, reason: str | None
) -> IssuedCreditNote:
    note = post_credit_note(
        case.plan,
        case.books,
        case.account,
        invoice,
        bills,
        debits=debits,
        amount_open=invoice.amount_total - case.allocated[invoice.id],
        event=event,
        origin=case.order.number,
        reason=reason,
    )
    case.allocated[invoice.id] += note.applied
    case.receivable_change -= note.applied
    case.unapplied_change += note.unapplied
    return note


def _refill(case: _Case) -> None:
    """Stock that came free goes to whoever waits for it, by requested date and then order of confirmation."""
    if not case.stock.touched:
        return
    [waiting] = case.plan.fetch(WAITING(level_ids=[level.id for level in case.levels]))
    own = set(case.reservations)
    fill_waiting(case.plan, case.stock, [reservation for reservation in waiting if reservation.id not in own])


def _close_case(case: _Case, verb: str, reason: str | None, state: OrderState, *, cancel: bool) -> dict[str, Any]:
    plan, order = case.plan, case.order
    statuses: dict[str, Any] = {
        "state": state,
        "shipping_status": shipping_status(case.after),
        "invoice_status": invoice_status(case.after),
    }
    ending = {"cancelled_at": plan.now, "cancel_reason": reason} if cancel else {}
    touch(plan, order, **statuses, **ending)
    waiting = (
        ZERO
        if order.state == OrderState.DRAFT
        else uninvoiced(case.after, order.invoicing_policy) - uninvoiced(case.before, order.invoicing_policy)
    )
    if case.invoices:
        ids = [invoice.id for invoice in case.invoices]
        [[others]] = plan.fetch(open_summary(order.customer_id, ids))
        touched = [
            InvoiceAfter(invoice.due_on, invoice.amount_total - case.allocated[invoice.id], case.allocated[invoice.id])
            for invoice in case.invoices
        ]
        settle_account(
            plan,
            case.account,
            others,
            touched,
            open_receivables=case.receivable_change,
            unapplied=case.unapplied_change,
            uninvoiced=waiting,
        )
    elif waiting:
        plan.add(CustomerAccount, order.customer_id, uninvoiced=waiting)
    record(
        plan,
        f"sales_order.{verb}",
        "sales_order",
        order.id,
        label=order.number,
        changes={"state": [order.state, state], "reason": reason},
    )
    emit(plan, f"sales_order_{verb}", order_id=order.id, number=order.number)
    if case.stock.touched:
        emit(plan, "stock_changed", warehouse_id=order.warehouse_id, product_ids=sorted(case.stock.touched))
    return {
        "id": order.id,
        "number": order.number,
        **statuses,
        "amount_unapplied": case.account.unapplied + case.unapplied_change,
    }
