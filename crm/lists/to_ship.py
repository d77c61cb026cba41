"""The list of confirmed orders with goods to ship: what can go now, and what waits for stock."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from core.catalog import Product
from core.lists.kinds import Kind
from core.lists.source import TODAY, Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.queries.words import matches_customer
from core.scope import visible_rows
from crm.lists.customers import NEVER
from crm.models import OrderState, SalesOrder, SalesOrderLine, ShippingStatus
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import Reservation, Warehouse

_open_line = and_(SalesOrderLine.order_id == SalesOrder.id, SalesOrderLine.quantity_to_ship > literal_column("0"))


def _of_lines(value: Any) -> ColumnElement[Any]:
    lines = select(value).select_from(SalesOrderLine)
    lines = lines.outerjoin(Reservation, Reservation.id == SalesOrderLine.reservation_id)
    return lines.where(_open_line).correlate(SalesOrder).scalar_subquery()


def _plain(quantity: Any) -> ColumnElement[str]:
    return cast(func.trim_scale(quantity), String)


_reserved: ColumnElement[Any] = func.coalesce(Reservation.quantity_reserved, 0)
_line = func.concat(
    func.replace(Product.name, "\n", " "),
    " ",
    _plain(_reserved),
    case((_reserved < SalesOrderLine.quantity_to_ship, func.concat("/", _plain(SalesOrderLine.quantity_to_ship)))),
)
_goods = (
    select(func.string_agg(_line, aggregate_order_by(literal("\n"), SalesOrderLine.position)))
    .select_from(SalesOrderLine)
    .join(Product, Product.id == SalesOrderLine.product_id)
    .outerjoin(Reservation, Reservation.id == SalesOrderLine.reservation_id)
    .where(_open_line)
    .correlate(SalesOrder)
    .scalar_subquery()
)
_ready = _of_lines(func.coalesce(func.sum(Reservation.quantity_reserved), 0))
_waiting = _of_lines(func.coalesce(func.sum(Reservation.quantity_back_ordered), 0))


def _reserved_of(quantity: Any) -> Select[tuple[int]]:
    """Those of an order's reservations, which name it, that have some of a quantity; 0 as in the index of those."""
    return (
        select(literal_column("1"))
        .where(Reservation.origin == SalesOrder.number, quantity > literal_column("0"))
        .correlate(SalesOrder)
    )


# As conditions they leave the orders that such reservations name, along their index.
IS_READY: Final = _reserved_of(Reservation.quantity_reserved).exists()
WAITS: Final = _reserved_of(Reservation.quantity_back_ordered).exists()
# As values they are looked up for each row that is shown; EXISTS would be answered by reading all reservations at once.
READY_SHOWN: Final = _reserved_of(Reservation.quantity_reserved).limit(1).scalar_subquery().is_not(None)
WAITS_SHOWN: Final = _reserved_of(Reservation.quantity_back_ordered).limit(1).scalar_subquery().is_not(None)
_is_late = and_(SalesOrder.requested_on.is_not(None), SalesOrder.requested_on < TODAY)


def _words(words: str) -> ColumnElement[bool]:
    return or_(SalesOrder.number.icontains(words, autoescape=True), matches_customer(Customer, words))


TO_SHIP: Final = Source(
    name="to-ship",
    root=SalesOrder,
    identity=SalesOrder.id,
    where=lambda: (
        visible_rows(SalesOrder),
        SalesOrder.state == OrderState.CONFIRMED,
        SalesOrder.shipping_status != ShippingStatus.SHIPPED,
        # The offset of nothing keeps this from being joined: orders are walked as they are sorted, each with a look.
        select(SalesOrderLine.id).where(_open_line).correlate(SalesOrder).offset(literal_column("0")).exists(),
    ),
    joins={
        "customer": Join(Customer, Customer.id == SalesOrder.customer_id),
        "owner": Join(User, User.id == SalesOrder.owner_id),
        "warehouse": Join(Warehouse, Warehouse.id == SalesOrder.warehouse_id),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=SalesOrder.number, order=SalesOrder.number, also=("ready",)),
        Column(
            name="requested_on", kind=Kind.DAY, value=SalesOrder.requested_on, groups=True,
            order=func.coalesce(SalesOrder.requested_on, NEVER),
        ),
        Column(
            name="customer", kind=Kind.REFERENCE, value=SalesOrder.customer_id, label=Customer.name,
            refers="customer", needs=("customer",), groups=True,
        ),
        Column(name="goods", kind=Kind.TEXT, value=_goods, filters=False),
        Column(name="ready", kind=Kind.QUANTITY, value=_ready),
        Column(name="waiting", kind=Kind.QUANTITY, value=_waiting),
        Column(
            name="state", kind=Kind.CHOICE, groups=True,
            value=case((~READY_SHOWN, "waits"), (WAITS_SHOWN, "part"), (_is_late, "late"), else_="ready"),
        ),
        Column(name="ordered_on", kind=Kind.DAY, value=SalesOrder.ordered_on, order=SalesOrder.ordered_on, groups=True),
        Column(
            name="warehouse", kind=Kind.REFERENCE, value=SalesOrder.warehouse_id, label=Warehouse.name,
            refers="warehouse", needs=("warehouse",), groups=True,
        ),
        Column(name="carrier", kind=Kind.TEXT, value=SalesOrder.carrier, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=SalesOrder.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="lines", kind=Kind.NUMBER, value=_of_lines(func.count())),
        Column(name="is_ready", kind=Kind.FLAG, value=READY_SHOWN, groups=True),
        Column(name="waits", kind=Kind.FLAG, value=WAITS_SHOWN, groups=True),
        Column(name="is_late", kind=Kind.FLAG, value=_is_late, groups=True),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip
