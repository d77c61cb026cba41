"""Taking shipped goods back: stock at the cost it left at, revenue reversed, what was billed credited."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core.errors import FieldErrors
from core.money import QUANTITY_PLACES, ZERO, share, total
from core.needs import needs
from core.plan import Plan
from crm.models import OrderState, SalesOrderLine, SalesOrderShipment
from crm.orders.confirm import bill_line
from crm.orders.correction import (
    Correction,
    QuantityRequest,
    close_correction,
    issue_credit_notes,
    open_correction,
    refill,
)
from crm.orders.shares import order_state, tax_point_reached
from finance.invoicing import BillLine
from finance.ledger import SALES, Posting, credit, debit, post_if_any
from inventory.shipments import Returned, ShipmentPaper, Shipped, take_back


@needs("orders.return")
def return_goods(
    plan: Plan, order_id: int, *, lines: Sequence[QuantityRequest], reason: str | None = None
) -> dict[str, Any]:
    """Takes shipped goods back into stock at the cost they left at, and credits what was billed of them.

    Under `on_delivery` the unbilled part comes back first. Raises InvalidInput per line, `order_state`,
    `period_closed`.
    """
    case = open_correction(plan, order_id)
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
    if total(bill.amount_net + bill.amount_tax for bill in bills):
        issue_credit_notes(case, bills, debits, "return", reason)
    else:
        post_if_any(
            plan,
            case.books,
            journal=SALES,
            event="return",
            postings=debits,
            origin=order.number,
            document=shipped.number,
            memo=reason,
        )
    refill(case)
    answer = close_correction(case, "returned", reason, order_state(case.after, order.state), cancel=False)
    return {**answer, "returns": [{"id": shipped.id, "number": shipped.number}]}


def _return_quantities(case: Correction, wanted: Sequence[QuantityRequest]) -> dict[int, Decimal]:
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
        elif errors.positive(
            f"lines.{index}.quantity", request.quantity, QUANTITY_PLACES, most=step.out, too_much="more_than_shipped"
        ):
            quantities[request.line_id] = quantities.get(request.line_id, Decimal(0)) + request.quantity
            unbilled = step.out - step.billed
            step.returned += request.quantity
            step.credited += request.quantity if case.on_order else max(request.quantity - max(unbilled, ZERO), ZERO)
    errors.raise_if_any()
    return quantities


def _costs_back(case: Correction, quantities: dict[int, Decimal]) -> list[Returned]:
    returned = []
    for before in case.before:
        quantity = quantities.get(before.line.id)
        if quantity:
            cost = before.line.cost_recognised
            back = share(cost, quantity, before.out, case.order.currency)
            returned.append(Returned(before.line.position, before.line.product_id, before.line.name, quantity, back))
    return returned


def _reverse_revenue(case: Correction, shipped: Shipped) -> tuple[list[BillLine], list[Posting]]:
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
        tax_left = tax_point_reached(before, step, on_order=case.on_order)
        output += line.tax_recognised - tax_left
        net_all += net
        tax_all += tax
        case.plan.set(
            SalesOrderLine,
            line.id,
            quantity_returned=step.returned,
            quantity_credited=step.credited,
            net_recognised=line.net_recognised - net,
            tax_recognised=tax_left,
            cost_recognised=line.cost_recognised - shipped.costs.get(line.position, ZERO),
        )
    postings = [
        debit("revenue", net_all),
        debit("output_vat", output),
        debit("inventory", shipped.cost),
        credit("cost_of_goods", shipped.cost),
    ]
    customer_id = case.order.customer_id
    if case.on_order:
        # What is credited and what had been recognised round apart while a part is still to ship; undelivered keeps the
        # difference, since it stands for live less recognised.
        postings.append(debit("undelivered", net_billed - net_all, customer_id))
        postings.append(debit("deferred_vat", tax_billed - output))
    else:
        postings.append(debit("deferred_vat", tax_all - output))
        postings.append(credit("unbilled", net_all + tax_all - net_billed - tax_billed, customer_id))
    return bills, postings
