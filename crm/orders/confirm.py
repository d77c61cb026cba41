"""Confirming an order: reserve, bill, count towards credit, tell the workers; one decision, one write."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.approvals.require import Subject
from core.audit import record
from core.errors import FieldErrors
from core.needs import needs
from core.organization import InvoicingPolicy, TaxPoint
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Plan
from crm.discounts import require_for_discount
from crm.models import OnShort, OrderState, SalesOrderInvoice, SalesOrderLine
from crm.orders.facts import (
    ACCOUNT_OF_ORDER_FOR_UPDATE,
    LEVELS_OF_ORDER_FOR_UPDATE,
    LineFact,
    OrderFact,
    customer_of,
    lock_order,
    the_order,
    touch,
)
from crm.orders.shares import Progress, invoice_status, order_state, shipping_status, uninvoiced
from finance.invoicing import BillLine, IssuedInvoice, due_date, post_invoice
from finance.ledger import SALES, Books, Posting, books_for, check_period, credit, debit, post_if_any
from finance.receivables import AccountFact, check_credit, note_new_invoice
from inventory.reservations import Demand, Reserved, reserve
from inventory.stock import Stock


@needs("orders.confirm")
def confirm_order(plan: Plan, order_id: int, *, on_short: Mapping[int, str] | None = None) -> dict[str, Any]:
    """Confirms a draft: reserves every line (or back-orders where that is allowed), checks credit, posts the
    receivable.

    `on_short` overrides single lines' choice by line id; a line of another order is refused. Locks order, levels,
    account, period, requests for approval. Raises `insufficient_stock` naming every short line, `approval_required` for
    a discount, `credit_exceeded`, `order_state`, `period_closed`, InvalidInput; then nothing has happened.
    """
    orders, lines, levels, accounts, [books] = plan.fetch(
        *lock_order(order_id),
        LEVELS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        ACCOUNT_OF_ORDER_FOR_UPDATE(order_id=order_id),
        books_for(plan.today),
    )
    order = the_order(orders, order_id)
    account = customer_of(accounts)
    _check(order, lines, books, on_short or {})
    stock = Stock.of(plan, order.currency, levels)
    reserved = reserve(
        plan,
        stock,
        _demands(lines, on_short or {}),
        warehouse_id=order.warehouse_id,
        origin=order.number,
        requested_on=order.requested_on,
    )
    subject = Subject("sales_order", order.id, order.number, order.customer_id)
    require_for_discount(plan, subject, lines)
    check_credit(plan, account, order.amount_total, subject)
    progress = [Progress.of(line) for line in lines]
    services_only = all(line.is_service for line in lines)
    on_order = order.invoicing_policy == InvoicingPolicy.ON_ORDER
    invoice = _bill(plan, order, lines, account, books) if on_order else None
    for step in progress:
        if services_only:
            step.shipped = step.line.quantity
        if on_order:
            step.invoiced = step.line.quantity
    if services_only:
        recognise_services(plan, order, order.amount_net, order.amount_tax, books, tax_due=order.amount_tax)
    _write_lines(plan, order, progress, reserved)
    statuses = {
        "state": order_state(progress, OrderState.CONFIRMED),
        "shipping_status": shipping_status(progress),
        "invoice_status": invoice_status(progress),
    }
    touch(plan, order, confirmed_at=plan.now, confirmed_by_id=plan.actor.user_id, **statuses)
    waiting = uninvoiced(progress, order.invoicing_policy)
    if invoice:
        note_new_invoice(plan, account, invoice.amount_total, invoice.due_on, waiting)
    else:
        plan.add(CustomerAccount, account.customer_id, uninvoiced=waiting)
    plan.add(CustomerAccount, account.customer_id, order_count=1)
    plan.set(CustomerAccount, account.customer_id, last_order_on=plan.today)
    plan.effect(
        "credit", customer=account.customer_name, used=account.exposure + order.amount_total, limit=account.credit_limit
    )
    record(
        plan,
        "sales_order.confirmed",
        "sales_order",
        order.id,
        label=order.number,
        changes={"state": [order.state, statuses["state"]]},
    )
    emit(plan, "sales_order_confirmed", order_id=order.id, number=order.number, customer_id=order.customer_id)
    if stock.touched:
        emit(plan, "stock_changed", warehouse_id=order.warehouse_id, product_ids=sorted(stock.touched))
    return {
        "id": order.id,
        "number": order.number,
        **statuses,
        "payment_status": "unpaid" if invoice and invoice.amount_total else "none",
        "amount_total": order.amount_total,
        "invoices": [_invoice_answer(invoice, books)] if invoice else [],
        "lines": [_line_answer(line, reserved.get(line.id)) for line in lines],
    }


def _check(order: OrderFact, lines: list[LineFact], books: Books, on_short: Mapping[int, str]) -> None:
    order.require(OrderState.DRAFT)
    errors = FieldErrors()
    known = {line.id for line in lines}
    for index, line_id in enumerate(on_short):
        if line_id not in known:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(line_id))
    if not lines:
        errors.add("lines", "required")
    for index, line in enumerate(lines):
        if not line.is_active:
            errors.add(f"lines.{index}.product_id", "product_inactive", sku=line.sku)
    errors.raise_if_any()
    check_period(books)


def _demands(lines: list[LineFact], on_short: Mapping[int, str]) -> list[Demand]:
    return [
        Demand(
            key=line.id,
            position=line.position,
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            back_order=on_short.get(line.id, line.on_short) == OnShort.BACK_ORDER,
        )
        for line in lines
        if not line.is_service
    ]


def _bill(
    plan: Plan, order: OrderFact, lines: list[LineFact], account: AccountFact, books: Books
) -> IssuedInvoice | None:
    """AR gross against undelivered orders and deferred VAT (output VAT where the tax point is the invoice).

    An order that costs nothing is billed by nothing.
    """
    if order.amount_total == 0:
        return None
    invoice = post_invoice(
        plan,
        books,
        account,
        [bill_line(line, line.quantity, line.amount_net, line.amount_tax) for line in lines],
        credits=[
            credit("undelivered", order.amount_net, order.customer_id),
            credit("output_vat" if order.tax_point == TaxPoint.INVOICE else "deferred_vat", order.amount_tax),
        ],
        event="confirm",
        origin=order.number,
        terms_days=order.terms_days,
        due_on=due_date(books, order.due_from, order.terms_days, all(line.is_service for line in lines)),
        salesperson_id=order.salesperson_id,
        customer_reference=order.customer_reference,
        tax_recognised=order.amount_tax if order.tax_point == TaxPoint.INVOICE else Decimal("0.00"),
    )
    plan.insert(SalesOrderInvoice, invoice_id=invoice.id, order_id=order.id)
    return invoice


def bill_line(line: LineFact, quantity: Decimal, net: Decimal, tax: Decimal) -> BillLine:
    """A line of an invoice or credit note for part of an order's line."""
    return BillLine(
        position=line.position,
        product_id=line.product_id,
        description=line.description,
        quantity=quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
        tax_rate=line.tax_rate,
        amount_net=net,
        amount_tax=tax,
    )


def recognise_services(
    plan: Plan, order: OrderFact, net: Decimal, tax: Decimal, books: Books, *, tax_due: Decimal
) -> None:
    """Where nothing ships, services are recognised at once; `tax_due` is the VAT whose tax point that is."""
    on_order = order.invoicing_policy == InvoicingPolicy.ON_ORDER
    if on_order:
        postings = [debit("undelivered", net, order.customer_id), credit("revenue", net)]
    else:
        postings = [
            debit("unbilled", net + tax, order.customer_id),
            credit("revenue", net),
            credit("deferred_vat", tax),
        ]
    post_if_any(plan, books, journal=SALES, event="service", postings=postings, origin=order.number)
    if on_order and order.tax_point == TaxPoint.ISSUE_OR_SHIPMENT:
        post_tax_point(plan, books, tax_due, origin=order.number)


def post_tax_point(plan: Plan, books: Books, amount: Decimal, *, origin: str, document: object = None) -> None:
    """Deferred VAT becomes output VAT: the fiscal invoice was issued or the goods were shipped."""
    postings: list[Posting] = [debit("deferred_vat", amount), credit("output_vat", amount)]
    post_if_any(plan, books, journal=SALES, event="tax_point", postings=postings, origin=origin, document=document)


def _write_lines(plan: Plan, order: OrderFact, progress: list[Progress], reserved: Mapping[int, Reserved]) -> None:
    at_invoice = order.tax_point == TaxPoint.INVOICE
    for step in progress:
        line = step.line
        held = reserved.get(line.id)
        on_order = order.invoicing_policy == InvoicingPolicy.ON_ORDER
        tax_is_due = on_order and (at_invoice or step.shipped > 0)
        plan.set(
            SalesOrderLine,
            line.id,
            reservation_id=held.reservation_id if held else None,
            on_short=OnShort.BACK_ORDER if held and held.quantity_back_ordered else line.on_short,
            quantity_invoiced=step.invoiced,
            quantity_shipped=step.shipped,
            net_recognised=line.amount_net if step.shipped > 0 else Decimal("0.00"),
            tax_recognised=line.amount_tax if tax_is_due else Decimal("0.00"),
        )


def _invoice_answer(invoice: IssuedInvoice, books: Books) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "number": invoice.number,
        "issued_on": books.effective_on,
        "amount_net": invoice.amount_net,
        "amount_tax": invoice.amount_tax,
        "amount_total": invoice.amount_total,
        "amount_open": invoice.amount_total,
        "due_on": invoice.due_on,
        "payment_status": "unpaid",
    }


def _line_answer(line: LineFact, reserved: Reserved | None) -> dict[str, Any]:
    return {
        "id": line.id,
        "position": line.position,
        "product_id": line.product_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "quantity_reserved": reserved.quantity_reserved if reserved else Decimal(0),
        "quantity_back_ordered": reserved.quantity_back_ordered if reserved else Decimal(0),
    }
