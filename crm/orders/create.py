"""Writing an order: a draft with checked, priced lines; changed freely until it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from core.audit import only_changed, record
from core.errors import DomainError, FieldErrors
from core.needs import needs
from core.plan import Number, Plan
from core.statements import statement
from crm.basis import DocumentBasis, basis_for, check_basis, salesperson_of
from crm.models import OrderState, SalesOrder, SalesOrderLine
from crm.orders.facts import ORDER_FOR_UPDATE, OrderFact, the_order, touch
from crm.pricing import PRODUCTS, LineRequest, Priced, price_lines

OLD_LINES = statement(
    "orders.old_lines",
    """
    SELECT line.id, product.sku, line.quantity, line.unit_price, line.discount_percent, line.description, line.on_short
      FROM sales_order_line AS line JOIN product ON product.id = line.product_id
     WHERE line.order_id = %(order_id)s::bigint ORDER BY line.position
    """,
    tables="sales_order_line product",
    scope="by_root",
)


@needs("orders.write")
def create_order(
    plan: Plan,
    *,
    customer_id: int,
    lines: Sequence[LineRequest],
    opportunity_id: int | None = None,
    quotation_id: int | None = None,
    warehouse_id: int | None = None,
    ordered_on: date | None = None,
    requested_on: date | None = None,
    customer_reference: str | None = None,
    note: str | None = None,
    ship_to: str | None = None,
    carrier: str | None = None,
    priced: Priced | None = None,
) -> dict[str, Any]:
    """Writes a draft order; prices come from the lines, else from the catalog. Nothing is reserved or posted yet.

    `ordered_on` is today, unless an order that was taken earlier is brought in. `priced` takes over lines that are
    priced already (a quotation's). Raises NotFound, InvalidInput per line and field.
    """
    [basis], products = plan.fetch(
        basis_for(customer_id, warehouse_id, opportunity_id), PRODUCTS(ids=[line.product_id for line in lines])
    )
    check_basis(basis, customer_id, warehouse_id)
    errors = FieldErrors()
    errors.day("requested_on", requested_on, plan.today)
    errors.day("ordered_on", ordered_on, plan.today)
    if ordered_on is not None and ordered_on > plan.today:
        errors.add("ordered_on", "day_in_future")
    if opportunity_id is not None and basis.opportunity_id is None:
        errors.add("opportunity_id", "opportunity_unknown", id=str(opportunity_id))
    if priced is None:
        priced = price_lines(lines, products, currency=basis.currency, tax_rounding=basis.tax_rounding, errors=errors)
    errors.raise_if_any()
    number = plan.number("SO", plan.today)
    order_id = plan.insert(
        SalesOrder,
        number=number,
        opportunity_id=opportunity_id,
        quotation_id=quotation_id,
        ordered_on=ordered_on or plan.today,
        requested_on=requested_on,
        customer_reference=customer_reference,
        note=note,
        carrier=carrier,
        amount_net=priced.amount_net,
        amount_tax=priced.amount_tax,
        amount_total=priced.amount_total,
        recorded_at=number.recorded_at,
        **_taken_over(plan, basis, ship_to),
    )
    line_ids = _insert_lines(plan, order_id, priced)
    record(
        plan,
        "sales_order.created",
        "sales_order",
        order_id,
        label=number,
        changes={"customer_id": customer_id, "amount_total": priced.amount_total, "lines": _line_summary(priced)},
    )
    return _answer(order_id, number, basis, priced, line_ids)


def _taken_over(plan: Plan, basis: DocumentBasis, ship_to: str | None) -> dict[str, Any]:
    return {
        "customer_id": basis.customer_id,
        "owner_id": basis.owner_id,
        "salesperson_id": salesperson_of(plan, basis),
        "warehouse_id": basis.warehouse_id,
        "currency": basis.currency,
        "tax_rounding": basis.tax_rounding,
        "invoicing_policy": basis.invoicing_policy,
        "tax_point": basis.tax_point,
        "terms_days": basis.terms_days,
        "due_from": basis.due_from,
        "ship_to": ship_to or basis.ship_to,
    }


@needs("orders.write")
def change_order(
    plan: Plan,
    order_id: int,
    *,
    version: int | None = None,
    lines: Sequence[LineRequest] | None = None,
    requested_on: date | None = None,
    customer_reference: str | None = None,
    note: str | None = None,
    ship_to: str | None = None,
    carrier: str | None = None,
    warehouse_id: int | None = None,
) -> dict[str, Any]:
    """Replaces a draft's lines and texts; `lines` and `ship_to` stay where they are None, and an empty `ship_to` is the
    customer's own address. Raises `edit_conflict` when somebody changed it since `version`, InvalidInput."""
    orders, old_lines, products = plan.fetch(
        ORDER_FOR_UPDATE(order_id=order_id),
        OLD_LINES(order_id=order_id),
        PRODUCTS(ids=[line.product_id for line in lines or ()]),
    )
    order: OrderFact = the_order(orders, order_id)
    order.require(OrderState.DRAFT)
    if version is not None and version != order.version:
        raise DomainError("edit_conflict", number=order.number, version=order.version)
    [[basis]] = plan.fetch(basis_for(order.customer_id, warehouse_id or order.warehouse_id))
    check_basis(basis, order.customer_id, warehouse_id)
    errors = FieldErrors()
    if requested_on != order.requested_on:
        errors.day("requested_on", requested_on, plan.today)
    errors.raise_if_any()
    changes: dict[str, Any] = {
        "requested_on": requested_on,
        "customer_reference": customer_reference,
        "note": note,
        "carrier": carrier,
        "warehouse_id": basis.warehouse_id,
        "ship_to": order.ship_to if ship_to is None else ship_to or basis.ship_to,
    }
    told: dict[str, Any] = {}
    if lines is not None:
        priced = price_lines(lines, products, currency=order.currency, tax_rounding=basis.tax_rounding, errors=errors)
        for line_id, *_ in old_lines:
            plan.delete(SalesOrderLine, line_id)
        _insert_lines(plan, order_id, priced)
        changes |= {
            "tax_rounding": basis.tax_rounding,
            "amount_net": priced.amount_net,
            "amount_tax": priced.amount_tax,
            "amount_total": priced.amount_total,
        }
        told["lines"] = [[list(line[1:]) for line in old_lines], _line_summary(priced)]
    else:
        errors.raise_if_any()
    touch(plan, order, **changes)
    told |= {name: [getattr(order, name), value] for name, value in changes.items() if name in OrderFact._fields}
    record(plan, "sales_order.changed", "sales_order", order_id, label=order.number, changes=only_changed(told))
    return {"id": order_id, "number": order.number, "state": order.state, "version": order.version + 1}


def _insert_lines(plan: Plan, order_id: int, priced: Priced) -> list[int]:
    return [
        plan.insert(
            SalesOrderLine,
            order_id=order_id,
            position=line.position,
            product_id=line.product_id,
            is_service=line.is_service,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            list_price=line.list_price,
            discount_percent=line.discount_percent,
            tax_rate=line.tax_rate,
            amount_net=line.amount_net,
            amount_tax=line.amount_tax,
            on_short=line.on_short,
        )
        for line in priced.lines
    ]


def _line_summary(priced: Priced) -> list[list[Any]]:
    return [
        [line.sku, line.quantity, line.unit_price, line.discount_percent, line.description, line.on_short]
        for line in priced.lines
    ]


def _answer(
    order_id: int, number: Number, basis: DocumentBasis, priced: Priced, line_ids: Sequence[int]
) -> dict[str, Any]:
    return {
        "id": order_id,
        "number": number,
        "state": OrderState.DRAFT,
        "customer_id": basis.customer_id,
        "currency": basis.currency,
        "amount_net": priced.amount_net,
        "amount_tax": priced.amount_tax,
        "amount_total": priced.amount_total,
        "shipping_status": "none",
        "invoice_status": "none",
        "payment_status": "none",
        "lines": [
            {
                "id": line_id,
                "position": line.position,
                "product_id": line.product_id,
                "sku": line.sku,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "discount_percent": line.discount_percent,
                "tax_rate": line.tax_rate,
                "amount_net": line.amount_net,
                "amount_tax": line.amount_tax,
                "on_short": line.on_short,
            }
            for line_id, line in zip(line_ids, priced.lines, strict=True)
        ],
    }
