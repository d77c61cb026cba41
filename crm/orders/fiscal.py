"""The fiscal invoice (发票) to an invoice: its number is kept, and under `issue_or_shipment` it is a tax point.

It recognises the VAT of all that lives and was not recognised by shipping; what ships afterwards recognises none again.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.audit import record
from core.errors import DomainError, FieldErrors, existing
from core.money import ZERO
from core.needs import needs
from core.normalise import clean
from core.organization import InvoicingPolicy, TaxPoint
from core.outbox import emit
from core.plan import Plan
from core.statements import statement
from crm.models import SalesOrderLine
from crm.orders.confirm import post_tax_point
from crm.orders.facts import LINES, ORDER_FOR_UPDATE, LineFact, OrderFact
from crm.orders.shares import Progress
from finance.invoicing import INVOICES_FOR_UPDATE, InvoiceFact
from finance.ledger import Books, books_for, check_period
from finance.models import Invoice, PeriodState

LONGEST_NUMBER = 40
_BY_INVOICE = "= (SELECT order_id FROM sales_order_invoice WHERE invoice_id = %(invoice_id)s::bigint)"
ORDER_OF_INVOICE_FOR_UPDATE = statement(
    "fiscal.order_of_invoice_for_update",
    ORDER_FOR_UPDATE.text.replace("= %(order_id)s::bigint", _BY_INVOICE),
    tables="sales_order sales_order_invoice",
    scope="scoped",
    fact=OrderFact,
)
LINES_OF_INVOICED_ORDER = statement(
    "fiscal.lines_of_invoiced_order",
    LINES.text.replace("= %(order_id)s::bigint", _BY_INVOICE),
    tables="sales_order_line product sales_order_invoice sales_order",
    scope="by_root",
    fact=LineFact,
)
ISSUED_ON = statement(
    "fiscal.issued_on",
    "SELECT issued_on FROM invoice WHERE id = %(invoice_id)s::bigint AND visible(invoice)",
    tables="invoice",
    scope="scoped",
)


@needs("orders.bill")
def record_fiscal_invoice(
    plan: Plan,
    invoice_id: int,
    *,
    number: str | None,
    issued_on: date | None = None,
    seen: tuple[str | None, date | None] | None = None,
) -> dict[str, Any]:
    """Keeps number and day of the fiscal invoice, and posts the VAT whose tax point it is.

    The entry is dated on the day of issue, never before the invoice; where that period is closed, today. Recording
    again corrects number and day and posts nothing, since the VAT is recognised; `seen`, where it is known, holds both
    as they were shown. Locks order, invoice, period. Raises NotFound, InvalidInput per field, `changed_since` where
    something else stands there now, `invoice_credited` when nothing of it is left, `period_closed`.
    """
    issued_on = issued_on or plan.today
    number = _check(plan, number, issued_on)
    [days] = plan.fetch(ISSUED_ON(invoice_id=invoice_id))
    [invoiced_on] = existing(days, "invoice", invoice_id)
    orders, lines, [invoice], [books], [books_today] = plan.fetch(
        ORDER_OF_INVOICE_FOR_UPDATE(invoice_id=invoice_id),
        LINES_OF_INVOICED_ORDER(invoice_id=invoice_id),
        INVOICES_FOR_UPDATE(ids=[invoice_id]),
        books_for(max(issued_on, invoiced_on)),
        books_for(plan.today),
    )
    if seen is not None and seen != (invoice.fiscal_number, invoice.fiscal_issued_on):
        raise DomainError("changed_since", number=invoice.fiscal_number, issued_on=invoice.fiscal_issued_on)
    if invoice.amount_credited == invoice.amount_total:
        raise DomainError("invoice_credited", invoice=invoice.number)
    due = _recognise(plan, orders[0], lines) if orders else ZERO
    if due:
        dated = books if books.period_state == PeriodState.OPEN else books_today
        _post(plan, dated, invoice, orders[0], due)
    _keep(plan, invoice, number, issued_on, due)
    return {
        "id": invoice.id,
        "number": invoice.number,
        "fiscal_number": number,
        "fiscal_issued_on": issued_on,
        "tax_recognised": due,
    }


def _check(plan: Plan, number: str | None, issued_on: date) -> str:
    errors = FieldErrors()
    cleaned = clean(number) or ""
    if not cleaned:
        errors.add("number", "required")
    elif len(cleaned) > LONGEST_NUMBER:
        errors.add("number", "too_long", limit=LONGEST_NUMBER)
    if issued_on > plan.today:
        errors.add("issued_on", "issued_in_the_future", today=plan.today)
    errors.raise_if_any()
    return cleaned


def _recognise(plan: Plan, order: OrderFact, lines: list[LineFact]) -> Decimal:
    """Takes each line's VAT to that of all that lives, and answers by how much; nothing where issuing is no tax
    point."""
    if order.tax_point != TaxPoint.ISSUE_OR_SHIPMENT or order.invoicing_policy != InvoicingPolicy.ON_ORDER:
        return ZERO
    due = ZERO
    for line in lines:
        step = Progress.of(line)
        rest = step.tax(step.live) - line.tax_recognised
        if rest > 0:
            due += rest
            plan.set(SalesOrderLine, line.id, tax_recognised=line.tax_recognised + rest)
    return due


def _post(plan: Plan, books: Books, invoice: InvoiceFact, order: OrderFact, due: Decimal) -> None:
    check_period(books)
    post_tax_point(plan, books, due, origin=order.number, document=invoice.number)
    plan.add(Invoice, invoice.id, tax_recognised=due)
    plan.effect("tax_point", amount=due, currency=order.currency, effective_on=books.effective_on)


def _keep(plan: Plan, invoice: InvoiceFact, number: str, issued_on: date, due: Decimal) -> None:
    plan.set(Invoice, invoice.id, fiscal_number=number, fiscal_issued_on=issued_on)
    plan.effect("fiscal_invoice", invoice=invoice.number, number=number, issued_on=issued_on)
    changes = {
        "fiscal_number": [invoice.fiscal_number, number],
        "fiscal_issued_on": [invoice.fiscal_issued_on, issued_on],
        "tax_recognised": due,
    }
    record(plan, "invoice.fiscal_recorded", "invoice", invoice.id, label=invoice.number, changes=changes)
    emit(plan, "fiscal_invoice_recorded", invoice_id=invoice.id, number=invoice.number, fiscal_number=number)
