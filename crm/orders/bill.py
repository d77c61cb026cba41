"""Billing shipped goods under `on_delivery`: receivable out of unbilled revenue, deferred VAT becomes output VAT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.audit import record
from core.errors import DomainError, FieldErrors
from core.money import QUANTITY_PLACES, ZERO, total
from core.needs import needs
from core.organization import InvoicingPolicy
from core.outbox import emit
from core.plan import Plan
from crm.models import OrderState, SalesOrderInvoice, SalesOrderLine
from crm.orders.confirm import bill_line
from crm.orders.facts import (
    ACCOUNT_OF_ORDER_FOR_UPDATE,
    LineFact,
    OrderFact,
    customer_of,
    lock_order,
    the_order,
    touch,
)
from crm.orders.shares import Progress, invoice_status, order_state, shipping_status, uninvoiced
from finance.invoicing import BillLine, IssuedInvoice, due_date, post_invoice
from finance.ledger import Books, books_for, credit, debit
from finance.receivables import AccountFact, note_new_invoice


@dataclass(frozen=True)
class BillRequest:
    """A quantity to bill of one order line."""

    line_id: int
    quantity: Decimal


@needs("orders.bill")
def bill_order(plan: Plan, order_id: int, *, lines: Sequence[BillRequest] | None = None) -> dict[str, Any]:
    """Bills what is with the customer and not billed yet, or the quantities asked for (never more than shipped −
    returned).

    Locks order, account, period. Raises `nothing_to_invoice`, `order_state`, `billed_on_order`, InvalidInput per line.
    """
    orders, line_facts, accounts, [books] = plan.fetch(
        *lock_order(order_id), ACCOUNT_OF_ORDER_FOR_UPDATE(order_id=order_id), books_for(plan.today)
    )
    order = the_order(orders, order_id)
    order.require(OrderState.CONFIRMED, OrderState.DONE)
    if order.invoicing_policy == InvoicingPolicy.ON_ORDER:
        raise DomainError("billed_on_order", number=order.number)
    account = customer_of(accounts)
    before = [Progress.of(line) for line in line_facts]
    after = [Progress.of(line) for line in line_facts]
    quantities = _quantities(line_facts, after, lines)
    bills = []
    for step in after:
        quantity = quantities.get(step.line.id, Decimal(0))
        if quantity <= 0:
            continue
        net = step.net(step.billed + quantity) - step.net(step.billed)
        tax = step.tax(step.billed + quantity) - step.tax(step.billed)
        bills.append(bill_line(step.line, quantity, net, tax))
        step.invoiced += quantity
        plan.set(
            SalesOrderLine,
            step.line.id,
            quantity_invoiced=step.invoiced,
            tax_recognised=step.line.tax_recognised + tax,
        )
    if not bills:
        raise DomainError("nothing_to_invoice", number=order.number)
    invoice = _post(plan, order, account, books, bills)
    change = uninvoiced(after, order.invoicing_policy) - uninvoiced(before, order.invoicing_policy)
    if invoice is not None:
        note_new_invoice(plan, account, invoice.amount_total, invoice.due_on, change)
    statuses = {
        "state": order_state(after, order.state),
        "shipping_status": shipping_status(after),
        "invoice_status": invoice_status(after),
    }
    touch(plan, order, **statuses)
    record(
        plan,
        "sales_order.billed",
        "sales_order",
        order.id,
        label=order.number,
        changes={"amount": invoice.amount_total if invoice else ZERO},
    )
    if invoice is not None:
        emit(plan, "invoice_posted", invoice_id=invoice.id, number=invoice.number, order_id=order.id)
    return {
        "id": order.id,
        "number": order.number,
        **statuses,
        "invoices": [_answer(invoice)] if invoice is not None else [],
    }


def _post(
    plan: Plan, order: OrderFact, account: AccountFact, books: Books, bills: list[BillLine]
) -> IssuedInvoice | None:
    """The invoice over the bills; lines that cost nothing alone are billed by nothing."""
    net, tax = total(bill.amount_net for bill in bills), total(bill.amount_tax for bill in bills)
    if net + tax == 0:
        return None
    invoice = post_invoice(
        plan,
        books,
        account,
        bills,
        debits=[debit("deferred_vat", tax)],
        credits=[credit("unbilled", net + tax, order.customer_id), credit("output_vat", tax)],
        event="bill",
        origin=order.number,
        terms_days=order.terms_days,
        due_on=due_date(books, order.due_from, order.terms_days, delivered=True),
        salesperson_id=order.salesperson_id,
        customer_reference=order.customer_reference,
        tax_recognised=tax,
    )
    plan.insert(SalesOrderInvoice, invoice_id=invoice.id, order_id=order.id)
    return invoice


def _answer(invoice: IssuedInvoice) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "number": invoice.number,
        "amount_total": invoice.amount_total,
        "amount_open": invoice.amount_total,
        "due_on": invoice.due_on,
    }


def _quantities(
    lines: Sequence[LineFact], progress: Sequence[Progress], wanted: Sequence[BillRequest] | None
) -> dict[int, Decimal]:
    billable = {step.line.id: step.out - step.billed for step in progress}
    if wanted is None:
        return billable
    errors = FieldErrors()
    quantities: dict[int, Decimal] = {}
    for index, request in enumerate(wanted):
        if request.line_id not in billable:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(request.line_id))
        else:
            name, left = f"lines.{index}.quantity", billable[request.line_id] - quantities.get(request.line_id, ZERO)
            errors.positive(name, request.quantity, QUANTITY_PLACES, most=left, too_much="more_than_to_bill")
        quantities[request.line_id] = quantities.get(request.line_id, Decimal(0)) + request.quantity
    errors.raise_if_any()
    return quantities
