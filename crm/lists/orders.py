"""The list of sales orders: what was agreed, what was shipped, what is paid."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from core.lists.bulk import Action, offer
from core.lists.kinds import Kind
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.plan import Plan
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.lists.customers import MONEY, NEVER
from crm.lists.to_ship import IS_READY, READY_SHOWN, WAITS, WAITS_SHOWN
from crm.models import (
    OrderState,
    SalesOrder,
    SalesOrderLine,
    SalesOrderReceivable,
    SalesOrderShipment,
    ShippingStatus,
)
from crm.orders.cancel import cancel_order
from crm.orders.facts import ORDER_FOR_UPDATE, the_order
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import Reservation, Shipment, Warehouse


def _waiting() -> ColumnElement[Any]:
    return (
        select(func.coalesce(func.sum(Reservation.quantity_back_ordered), 0))
        .join(SalesOrderLine, SalesOrderLine.reservation_id == Reservation.id)
        .where(SalesOrderLine.order_id == SalesOrder.id)
        .correlate(SalesOrder)
        .scalar_subquery()
    )


_is_open = and_(SalesOrder.state == OrderState.CONFIRMED, SalesOrder.shipping_status != ShippingStatus.SHIPPED)
_returned = (
    select(SalesOrderShipment.order_id)
    .join(Shipment, Shipment.id == SalesOrderShipment.shipment_id)
    .where(Shipment.kind == "return")
)


_receivable = SalesOrderReceivable
# Asked for as they are, they leave only orders that have such a row, in its order.
_is_owing: ColumnElement[bool] = _receivable.is_owing.expression
_is_overdue = and_(_is_owing, _receivable.due_on < TODAY)
_payment_status = case(
    (_receivable.order_id.is_(None), "none"),
    (_receivable.amount_open <= 0, "paid"),
    (_receivable.due_on < TODAY, "overdue"),
    (_receivable.amount_paid > 0, "partial"),
    else_="unpaid",
)


def _of_order() -> ColumnElement[bool]:
    """The day, which is the order's, and the scope are said of both, so that either may be read along its index."""
    is_its = and_(_receivable.order_id == SalesOrder.id, _receivable.ordered_on == SalesOrder.ordered_on)
    return and_(is_its, visible_rows(_receivable))


def _in_number(words: str) -> ColumnElement[bool]:
    found = (SalesOrder.number, SalesOrder.customer_reference)
    parts = [column.icontains(words, autoescape=True) for column in found]
    return or_(*parts, matches_customer(Customer, words))


ORDERS: Final = Source(
    name="orders",
    root=SalesOrder,
    identity=SalesOrder.id,
    where=lambda: (visible_rows(SalesOrder),),
    joins={
        "customer": Join(Customer, Customer.id == SalesOrder.customer_id),
        "owner": Join(User, User.id == SalesOrder.owner_id),
        "warehouse": Join(Warehouse, Warehouse.id == SalesOrder.warehouse_id),
        "receivable": Join(_receivable, _of_order, is_outer=True),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=SalesOrder.number, order=SalesOrder.number),
        Column(
            name="customer", kind=Kind.REFERENCE, value=SalesOrder.customer_id, label=Customer.name,
            refers="customer", needs=("customer",), groups=True,
        ),
        Column(name="customer_reference", kind=Kind.TEXT, value=SalesOrder.customer_reference),
        Column(
            name="owner", kind=Kind.REFERENCE, value=SalesOrder.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(
            name="ordered_on", kind=Kind.DAY, value=SalesOrder.ordered_on, order=SalesOrder.ordered_on, groups=True
        ),
        Column(
            name="requested_on", kind=Kind.DAY, value=SalesOrder.requested_on, groups=True,
            order=func.coalesce(SalesOrder.requested_on, NEVER), also=("state", "shipping_status"),
        ),
        Column(
            name="state", kind=Kind.CHOICE, value=SalesOrder.state, groups=True,
            also=("shipping_status", "back_ordered"),
        ),
        Column(name="shipping_status", kind=Kind.CHOICE, value=SalesOrder.shipping_status, groups=True),
        Column(name="invoice_status", kind=Kind.CHOICE, value=SalesOrder.invoice_status, groups=True),
        Column(
            name="payment_status", is_slow=True, kind=Kind.CHOICE, value=_payment_status, permission=MONEY,
            groups=True, also=("state",), needs=("receivable",),
        ),
        Column(
            name="warehouse", kind=Kind.REFERENCE, value=SalesOrder.warehouse_id, label=Warehouse.name,
            refers="warehouse", needs=("warehouse",), groups=True,
        ),
        Column(name="carrier", kind=Kind.TEXT, value=SalesOrder.carrier, groups=True),
        Column(
            name="amount_total", kind=Kind.MONEY, value=SalesOrder.amount_total, order=SalesOrder.amount_total,
            sums=True,
        ),
        Column(name="currency", kind=Kind.TEXT, value=SalesOrder.currency),
        Column(
            name="open_amount", is_slow=True, kind=Kind.MONEY, value=_receivable.amount_open, permission=MONEY,
            sums=True, needs=("receivable",),
        ),
        Column(
            name="due_on", is_slow=True, kind=Kind.DAY, value=_receivable.due_on, permission=MONEY,
            needs=("receivable",),
        ),
        Column(name="back_ordered", is_slow=True, kind=Kind.QUANTITY, value=_waiting()),
        Column(name="is_open", kind=Kind.FLAG, value=_is_open),
        Column(
            name="waits", is_slow=True, kind=Kind.FLAG,
            value=and_(_is_open, WAITS_SHOWN), conditions={"yes": lambda: and_(_is_open, WAITS)},
        ),
        Column(
            name="is_ready", is_slow=True, kind=Kind.FLAG,
            value=and_(_is_open, READY_SHOWN), conditions={"yes": lambda: and_(_is_open, IS_READY)},
        ),
        Column(
            name="is_owing", kind=Kind.FLAG, value=func.coalesce(_is_owing, false()), permission=MONEY,
            needs=("receivable",), conditions={"yes": lambda: _is_owing},
        ),
        Column(
            name="is_overdue", kind=Kind.FLAG, value=func.coalesce(_is_overdue, false()), permission=MONEY,
            needs=("receivable",), conditions={"yes": lambda: _is_overdue},
        ),
        Column(name="is_returned", is_slow=True, kind=Kind.FLAG, value=SalesOrder.id.in_(_returned)),
        Column(name="recorded_at", kind=Kind.MOMENT, value=SalesOrder.recorded_at, groups=True),
    ),
    matches=_in_number,
    words_need=("customer",),
)  # fmt: skip


def _cancel_draft(plan: Plan, order_id: int, _data: Any) -> dict[str, Any]:
    """Cancels an order that is a draft still. What is confirmed holds goods and money, and is looked at one by one."""
    [orders] = plan.fetch(ORDER_FOR_UPDATE(order_id=order_id))
    the_order(orders, order_id).require(OrderState.DRAFT)
    cancel_order(plan, order_id)
    return {}


offer("orders", Action("cancel_drafts", "orders.cancel", _cancel_draft))
