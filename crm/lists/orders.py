"""The list of sales orders: what was agreed, what was shipped, what is paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from core.lists.kinds import Kind
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.lists.customers import MONEY, NEVER
from crm.lists.to_ship import IS_READY, WAITS
from crm.models import OrderState, SalesOrder, SalesOrderInvoice, SalesOrderLine, SalesOrderShipment, ShippingStatus
from finance.models import Invoice
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import Reservation, Shipment, Warehouse


def _of_invoices(value: Any) -> ColumnElement[Any]:
    return (
        select(value)
        .join(SalesOrderInvoice, SalesOrderInvoice.invoice_id == Invoice.id)
        .where(SalesOrderInvoice.order_id == SalesOrder.id)
        .correlate(SalesOrder)
        .scalar_subquery()
    )


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


def _owing(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    invoices = select(SalesOrderInvoice.order_id).join(Invoice, Invoice.id == SalesOrderInvoice.invoice_id)
    return SalesOrder.id.in_(invoices.where(Invoice.amount_allocated < Invoice.amount_total, *more))


def _owing_ones(*more: ColumnElement[bool]) -> Callable[[], ColumnElement[bool]]:
    """The same for who asks: an index holds each owner's open invoices."""
    return lambda: _owing(visible_rows(Invoice), *more)


_open_amount = _of_invoices(func.sum(Invoice.amount_open))
_paid_amount = _of_invoices(func.sum(Invoice.amount_allocated - Invoice.amount_credited - Invoice.amount_written_off))
_due_on = _of_invoices(func.min(Invoice.due_on).filter(Invoice.amount_allocated < Invoice.amount_total))
_payment_status = case(
    (_open_amount.is_(None), "none"),
    (_open_amount <= 0, "paid"),
    (_due_on < TODAY, "overdue"),
    (_paid_amount > 0, "partial"),
    else_="unpaid",
)


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
            groups=True, also=("state",),
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
        Column(name="open_amount", is_slow=True, kind=Kind.MONEY, value=_open_amount, permission=MONEY, sums=True),
        Column(name="due_on", is_slow=True, kind=Kind.DAY, value=_due_on, permission=MONEY),
        Column(name="back_ordered", is_slow=True, kind=Kind.QUANTITY, value=_waiting()),
        Column(name="is_open", kind=Kind.FLAG, value=_is_open),
        Column(
            name="waits", is_slow=True, kind=Kind.FLAG,
            value=and_(_is_open, WAITS),
        ),
        Column(
            name="is_ready", is_slow=True, kind=Kind.FLAG,
            value=and_(_is_open, IS_READY),
        ),
        Column(
            name="is_owing", is_slow=True, kind=Kind.FLAG, value=_owing(), permission=MONEY,
            conditions={"yes": _owing_ones()},
        ),
        Column(
            name="is_overdue", is_slow=True, kind=Kind.FLAG, value=_owing(Invoice.due_on < TODAY), permission=MONEY,
            conditions={"yes": _owing_ones(Invoice.due_on < TODAY)},
        ),
        Column(name="is_returned", is_slow=True, kind=Kind.FLAG, value=SalesOrder.id.in_(_returned)),
        Column(name="recorded_at", kind=Kind.MOMENT, value=SalesOrder.recorded_at, groups=True),
    ),
    matches=_in_number,
    words_need=("customer",),
)  # fmt: skip
