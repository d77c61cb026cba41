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
from finance.allocations import (
    LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES,
    AllocationFact,
    own_credit,
    put_on_invoice,
)
from finance.invoicing import BillLine, CreditPortion, InvoiceFact, IssuedCreditNote, post_credit_notes
from finance.ledger import Books, Posting, books_for, check_period
from finance.receivables import AccountFact, InvoiceAfter, open_summary, settle_account
from finance.sources import SourceFact
from inventory.reservations import WAITING, ReservationFact, fill_waiting
from inventory.stock import LevelFact, Stock, ValuationFact

# One statement for both kinds: first the receipts, then the credit notes, each by id.
SOURCES_OF_ORDER_FOR_UPDATE = statement(
    "reverse.sources_of_order_for_update",
    """
    WITH of_order AS MATERIALIZED (
        SELECT invoice_id AS id FROM sales_order_invoice WHERE order_id = %(order_id)s::bigint),
    receipts AS MATERIALIZED (
        SELECT 'payment', id, number, customer_id, amount, amount_allocated, received_on, reference, NULL::bigint
          FROM payment
         WHERE id IN (SELECT payment_id FROM payment_allocation WHERE invoice_id IN (SELECT id FROM of_order))
         ORDER BY id FOR NO KEY UPDATE),
    notes AS MATERIALIZED (
        SELECT 'credit_note', id, number, customer_id, amount_total, amount_allocated, issued_on, reason, invoice_id
          FROM credit_note WHERE invoice_id IN (SELECT id FROM of_order) ORDER BY id FOR NO KEY UPDATE)
    SELECT * FROM receipts UNION ALL SELECT * FROM notes
    """,
    tables="payment credit_note payment_allocation sales_order_invoice",
    scope="by_root",
    fact=SourceFact,
)


@dataclass
class Correction:
    """One correction: the locked facts and the lines before and after."""

    plan: Plan
    order: OrderFact
    lines: list[LineFact]
    invoices: list[InvoiceFact]
    sources: list[SourceFact]
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

    def amount_open(self, invoice: InvoiceFact) -> Decimal:
        """What the invoice owes as this command has left it so far."""
        return invoice.amount_total - self.allocated[invoice.id]

    @property
    def invoice_numbers(self) -> str:
        return ", ".join(invoice.number for invoice in self.invoices)

    def put(self, source: SourceFact, invoice: InvoiceFact, amount: Decimal) -> None:
        """Puts credit of one source on one of the order's invoices."""
        self.allocated[invoice.id] += amount
        self.receivable_change -= amount
        self.unapplied_change -= amount
        put_on_invoice(self.plan, self.books, source, invoice, amount, self.amount_open(invoice))

    @property
    def on_order(self) -> bool:
        return self.order.invoicing_policy == InvoicingPolicy.ON_ORDER


def open_correction(plan: Plan, order_id: int) -> Correction:
    orders, lines, invoices, sources, allocations, levels, valuations, reservations, accounts, [books] = plan.fetch(
        *lock_order(order_id),
        INVOICES_OF_ORDER_FOR_UPDATE(order_id=order_id),
        SOURCES_OF_ORDER_FOR_UPDATE(order_id=order_id),
        ALLOCATIONS_OF_ORDER(order_id=order_id),
        LEVELS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        VALUATIONS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        RESERVATIONS_OF_ORDER(order_id=order_id),
        ACCOUNT_OF_ORDER_FOR_UPDATE(order_id=order_id),
        books_for(plan.today),
    )
    order = the_order(orders, order_id)
    check_period(books)
    for invoice in invoices:
        if invoice.amount_written_off:  # else what was never paid would come back as the customer's credit
            raise DomainError("invoice_written_off", invoice=invoice.number, amount=invoice.amount_written_off)
    return Correction(
        plan,
        order,
        lines,
        invoices,
        sources,
        allocations,
        levels,
        valuations,
        {reservation.id: reservation for reservation in reservations},
        customer_of(accounts),
        books,
        [Progress.of(line) for line in lines],
        [Progress.of(line) for line in lines],
        Stock.of(plan, order.currency, levels, valuations),
    )


ALLOCATIONS_OF_ORDER = statement(
    "reverse.allocations_of_order",
    LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES.text.replace(
        "ANY (%(invoice_ids)s::bigint[])",
        "ANY (ARRAY(SELECT invoice_id FROM sales_order_invoice WHERE order_id = %(order_id)s::bigint))",
    ),
    tables="payment_allocation invoice credit_note sales_order_invoice",
    scope="scoped",
    fact=AllocationFact,
)


@dataclass(frozen=True)
class QuantityRequest:
    """A quantity of one order line to cancel or to take back."""

    line_id: int
    quantity: Decimal


def put_earlier_notes(case: Correction) -> None:
    """The rest of the invoices' earlier credit notes goes on them as far as they are open now."""
    opened = {invoice.id: case.amount_open(invoice) for invoice in case.invoices}
    for note, invoice, amount in own_credit(case.sources, {each.id: each for each in case.invoices}, opened):
        case.put(note, invoice, amount)


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
        left = total(room for _, room in rooms)
        raise DomainError("credit_exceeds_invoice", invoice=case.invoice_numbers, amount=amount, left=left)
    portions = []
    pending = list(bills)
    for invoice, room in rooms:
        taken: list[BillLine] = []
        while pending and room > 0:
            part, rest = pending[0].split(min(room, pending[0].gross), case.order.currency)
            taken.append(part)
            room -= part.gross
            pending[:1] = [rest] if rest.gross else []
        if taken:
            portions.append(_portion(case, invoice, taken))
    return portions


def _portion(case: Correction, invoice: InvoiceFact, bills: list[BillLine]) -> CreditPortion:
    return CreditPortion(invoice, bills, case.amount_open(invoice))


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
            InvoiceAfter(invoice.due_on, case.amount_open(invoice), case.allocated[invoice.id])
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
