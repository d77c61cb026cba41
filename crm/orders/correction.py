"""What every correction of an order shares: the locked case, credit notes, stock that comes free, the account."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.audit import record
from core.errors import DomainError
from core.money import ZERO, total
from core.organization import InvoicingPolicy
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Plan
from core.statements import statement
from crm.models import OrderState
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
from crm.orders.shares import Progress, invoice_status, shipping_status, uninvoiced
from finance.corrections import LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES, AllocationFact
from finance.invoicing import BillLine, CreditPortion, InvoiceFact, IssuedCreditNote, post_credit_notes
from finance.ledger import Books, Posting, books_for, check_period
from finance.receivables import AccountFact, InvoiceAfter, open_summary, settle_account
from inventory.reservations import WAITING, ReservationFact, fill_waiting
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


@dataclass
class Correction:
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


def open_correction(plan: Plan, order_id: int) -> Correction:
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
    return Correction(
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
    scope="scoped",
    fact=AllocationFact,
)


@dataclass(frozen=True)
class QuantityRequest:
    """A quantity of one order line to cancel or to take back."""

    line_id: int
    quantity: Decimal


def issue_credit_notes(
    case: Correction, bills: list[BillLine], debits: list[Posting], event: str, reason: str | None
) -> list[IssuedCreditNote]:
    """Credits the order's invoices by what `bills` sum to: the latest one that can carry it all, else each its part."""
    portions = _portions(case, bills)
    notes = post_credit_notes(
        case.plan,
        case.books,
        case.account,
        portions,
        debits=debits,
        event=event,
        origin=case.order.number,
        reason=reason,
    )
    for portion, note in zip(portions, notes, strict=True):
        case.allocated[portion.invoice.id] += note.applied
        case.receivable_change -= note.applied
        case.unapplied_change += note.unapplied
    return notes


def _portions(case: Correction, bills: list[BillLine]) -> list[CreditPortion]:
    amount = total(bill.gross for bill in bills)
    rooms = [(invoice, invoice.amount_total - invoice.amount_credited) for invoice in reversed(case.invoices)]
    for invoice, room in rooms:
        if room >= amount:
            return [_portion(case, invoice, bills)]
    if total(room for _, room in rooms) < amount:
        raise DomainError("credit_exceeds_invoice", amount=amount, left=total(room for _, room in rooms))
    portions = []
    pending = list(bills)
    for invoice, room in rooms:
        taken: list[BillLine] = []
        while pending and room > 0:
            part, rest = pending[0].split(min(room, pending[0].gross))
            taken.append(part)
            room -= part.gross
            pending[:1] = [rest] if rest.gross else []
        if taken:
            portions.append(_portion(case, invoice, taken))
    return portions


def _portion(case: Correction, invoice: InvoiceFact, bills: list[BillLine]) -> CreditPortion:
    return CreditPortion(invoice, bills, invoice.amount_total - case.allocated[invoice.id])


def refill(case: Correction) -> None:
    """Stock that came free goes to whoever waits for it, by requested date and then order of confirmation."""
    if not case.stock.touched:
        return
    [waiting] = case.plan.fetch(WAITING(level_ids=[level.id for level in case.levels]))
    # This order's own reservations as this command has left them, not as the database still has them.
    fill_waiting(case.plan, case.stock, [case.reservations.get(reservation.id, reservation) for reservation in waiting])


def close_correction(
    case: Correction, verb: str, reason: str | None, state: OrderState, *, cancel: bool
) -> dict[str, Any]:
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
