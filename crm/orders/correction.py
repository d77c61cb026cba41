"""What every correction of an order shares: the locked case, credit notes, stock that comes free, the account."""

from __future__ import annotations

from collections.abc import Sequence
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
from finance.invoicing import BillLine, InvoiceFact, IssuedCreditNote, post_credit_note
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
    scope="by_root",
    fact=AllocationFact,
)


@dataclass(frozen=True)
class QuantityRequest:
    """A quantity of one order line to cancel or to take back."""

    line_id: int
    quantity: Decimal


def invoice_for_credit(case: Correction, bills: Sequence[BillLine]) -> InvoiceFact:
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


def issue_credit_note(
    case: Correction, invoice: InvoiceFact, bills: list[BillLine], debits: list[Posting], event: str, reason: str | None
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


def refill(case: Correction) -> None:
    """Stock that came free goes to whoever waits for it, by requested date and then order of confirmation."""
    if not case.stock.touched:
        return
    [waiting] = case.plan.fetch(WAITING(level_ids=[level.id for level in case.levels]))
    own = set(case.reservations)
    fill_waiting(case.plan, case.stock, [reservation for reservation in waiting if reservation.id not in own])


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
