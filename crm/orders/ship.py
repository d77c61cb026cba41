"""Shipping an order, whole or in part: stock moves, revenue out of contract liability, cost of goods, tax point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.audit import record
from core.errors import DomainError, FieldErrors
from core.money import QUANTITY_PLACES, ZERO
from core.needs import needs
from core.organization import InvoicingPolicy, TaxPoint
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Plan
from crm.models import OrderState, SalesOrderLine, SalesOrderShipment
from crm.orders.confirm import post_tax_point
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
from finance.invoicing import InvoiceFact
from finance.ledger import SALES, Books, books_for, check_period, credit, debit, post_if_any
from finance.models import Invoice
from finance.receivables import AccountFact
from inventory.reservations import Demand, ReservationFact, shortage
from inventory.shipments import Picked, ShipmentPaper, Shipped, ship
from inventory.stock import Stock


@dataclass(frozen=True)
class ShipRequest:
    """A quantity to ship of one order line."""

    line_id: int
    quantity: Decimal


@needs("orders.ship")
def ship_order(
    plan: Plan,
    order_id: int,
    *,
    lines: Sequence[ShipRequest] | None = None,
    carrier: str | None = None,
    tracking_number: str | None = None,
) -> dict[str, Any]:
    """Ships the lines asked for, else everything that is reserved; what waits for stock stays as back order.

    Locks order, invoice, levels, valuations, account, period. Raises `insufficient_stock` with every short line,
    `nothing_to_ship`, `order_state`, InvalidInput per line.
    """
    orders, line_facts, invoices, levels, valuations, reservations, accounts, [books] = plan.fetch(
        *lock_order(order_id),
        INVOICES_OF_ORDER_FOR_UPDATE(order_id=order_id),
        LEVELS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        VALUATIONS_OF_ORDER_FOR_UPDATE(order_id=order_id),
        RESERVATIONS_OF_ORDER(order_id=order_id),
        ACCOUNT_OF_ORDER_FOR_UPDATE(order_id=order_id),
        books_for(plan.today),
    )
    order = the_order(orders, order_id)
    order.require(OrderState.CONFIRMED)
    check_period(books)
    account = customer_of(accounts)
    held = {reservation.id: reservation for reservation in reservations}
    picked = _pick(order, line_facts, held, lines)
    shipped = ship(
        plan,
        Stock.of(plan, order.currency, levels, valuations),
        picked,
        ShipmentPaper(
            customer_id=order.customer_id,
            owner_id=order.owner_id,
            warehouse_id=order.warehouse_id,
            ship_to=order.ship_to,
            carrier=carrier or order.carrier,
            tracking_number=tracking_number,
        ),
        origin=order.number,
        shipped_on=plan.today,
    )
    plan.insert(SalesOrderShipment, shipment_id=shipped.id, order_id=order.id)
    before = [Progress.of(line) for line in line_facts]
    after = _after(line_facts, picked)
    recognise(plan, order, books, after, shipped)
    _start_terms(plan, order, account, books, invoices)
    statuses = {
        "state": order_state(after, order.state),
        "shipping_status": shipping_status(after),
        "invoice_status": invoice_status(after),
    }
    touch(plan, order, **statuses)
    change = uninvoiced(after, order.invoicing_policy) - uninvoiced(before, order.invoicing_policy)
    if change:
        plan.add(CustomerAccount, account.customer_id, uninvoiced=change)
    record(
        plan,
        "sales_order.shipped",
        "sales_order",
        order.id,
        label=order.number,
        changes={"shipment": str(order.number), "lines": [[line.sku, line.quantity] for line in picked]},
    )
    emit(plan, "sales_order_shipped", order_id=order.id, number=order.number, shipment_id=shipped.id)
    return {
        "id": order.id,
        "number": order.number,
        **statuses,
        "shipments": [
            {
                "id": shipped.id,
                "number": shipped.number,
                "shipped_on": plan.today,
                "lines": [
                    {
                        "position": line.position,
                        "product_id": line.product_id,
                        "sku": line.sku,
                        "quantity": line.quantity,
                    }
                    for line in picked
                ],
            }
        ],
    }


def _pick(
    order: OrderFact,
    lines: Sequence[LineFact],
    held: dict[int, ReservationFact],
    wanted: Sequence[ShipRequest] | None,
) -> list[Picked]:
    by_id = {line.id: line for line in lines}
    if wanted is None:
        quantities = {
            line.id: held[line.reservation_id].quantity_reserved for line in lines if line.reservation_id in held
        }
    else:
        quantities = _asked_for(by_id, wanted)
    picked = [
        Picked(line.position, line.product_id, line.sku, line.name, quantities[line.id], held[line.reservation_id])
        for line in lines
        if line.reservation_id in held and quantities.get(line.id, 0) > 0
    ]
    if not picked:
        raise DomainError("nothing_to_ship", number=order.number, shortages=_waiting(lines, held))
    return picked


def _asked_for(by_id: dict[int, LineFact], wanted: Sequence[ShipRequest]) -> dict[int, Decimal]:
    errors = FieldErrors()
    quantities: dict[int, Decimal] = {}
    for index, request in enumerate(wanted):
        line = by_id.get(request.line_id)
        if line is None:
            errors.add(f"lines.{index}.line_id", "line_unknown", id=str(request.line_id))
            continue
        to_ship = Progress.of(line).to_ship - quantities.get(line.id, Decimal(0))
        if line.is_service:
            errors.add(f"lines.{index}.line_id", "service_is_not_shipped", sku=line.sku)
        else:
            name = f"lines.{index}.quantity"
            errors.positive(name, request.quantity, QUANTITY_PLACES, most=to_ship, too_much="more_than_to_ship")
        quantities[line.id] = quantities.get(line.id, Decimal(0)) + request.quantity
    errors.raise_if_any()
    return quantities


def _waiting(lines: Sequence[LineFact], held: dict[int, ReservationFact]) -> list[dict[str, Any]]:
    return [
        shortage(
            Demand(line.id, line.position, line.product_id, line.sku, line.name, Progress.of(line).to_ship, True),
            held[line.reservation_id].quantity_reserved,
        )
        for line in lines
        if line.reservation_id in held and held[line.reservation_id].quantity_back_ordered > 0
    ]


def _after(lines: Sequence[LineFact], picked: Sequence[Picked]) -> list[Progress]:
    """Goods as picked; services go out with the first shipment."""
    quantities = {line.position: line.quantity for line in picked}
    after = [Progress.of(line) for line in lines]
    for step in after:
        if step.line.is_service:
            step.shipped = step.line.quantity - step.cancelled
        else:
            step.shipped += quantities.get(step.line.position, Decimal(0))
    return after


def recognise(plan: Plan, order: OrderFact, books: Books, after: Sequence[Progress], shipped: Shipped) -> None:
    """Revenue and cost of what went out, and the tax point where shipping is it; each line to its new cumulative
    share."""
    net = tax = tax_due = ZERO
    shipping_is_tax_point = (
        order.tax_point == TaxPoint.ISSUE_OR_SHIPMENT and order.invoicing_policy == InvoicingPolicy.ON_ORDER
    )
    for step in after:
        line = step.line
        if step.out == line.shipped - line.returned:
            continue
        net_now = step.net(step.out)
        tax_then, tax_now = step.tax(line.shipped - line.returned), step.tax(step.out)
        due_now = max(line.tax_recognised, tax_now) if shipping_is_tax_point else line.tax_recognised
        net += net_now - line.net_recognised
        tax += tax_now - tax_then
        tax_due += due_now - line.tax_recognised
        plan.set(
            SalesOrderLine,
            line.id,
            quantity_shipped=step.shipped,
            net_recognised=net_now,
            tax_recognised=due_now,
            cost_recognised=line.cost_recognised + shipped.costs.get(line.position, ZERO),
        )
    if order.invoicing_policy == InvoicingPolicy.ON_ORDER:
        sale = [debit("undelivered", net, order.customer_id), credit("revenue", net)]
    else:
        sale = [debit("unbilled", net + tax, order.customer_id), credit("revenue", net), credit("deferred_vat", tax)]
    post_if_any(
        plan,
        books,
        journal=SALES,
        event="shipment",
        postings=[*sale, debit("cost_of_goods", shipped.cost), credit("inventory", shipped.cost)],
        origin=order.number,
        document=shipped.number,
    )
    post_tax_point(plan, books, tax_due, origin=order.number, document=shipped.number)
    plan.effect("revenue", amount=net, cost=shipped.cost, currency=order.currency)


def _start_terms(
    plan: Plan, order: OrderFact, account: AccountFact, books: Books, invoices: Sequence[InvoiceFact]
) -> None:
    """Where terms count from delivery, the first shipment gives its invoices their due date."""
    for invoice in invoices:
        if order.due_from == "delivery" and invoice.due_on is None:
            due_on = books.effective_on + timedelta(days=invoice.terms_days)
            plan.set(Invoice, invoice.id, due_on=due_on)
            if invoice.amount_open > 0 and (account.oldest_due_on is None or due_on < account.oldest_due_on):
                plan.set(CustomerAccount, account.customer_id, oldest_due_on=due_on)
