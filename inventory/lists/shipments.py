"""The list of shipments and of goods taken back."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.organization import User
from core.parties import Customer
from core.scope import visible_rows
from inventory.lists import shared  # noqa: F401 (its reference)
from inventory.models import Shipment, ShipmentLine, Warehouse

_Owner, _Actor = aliased(User), aliased(User)


def _of_lines(value: Any) -> ColumnElement[Any]:
    return select(value).where(ShipmentLine.shipment_id == Shipment.id).correlate(Shipment).scalar_subquery()


def _words(words: str) -> ColumnElement[bool]:
    columns: tuple[Any, ...] = (Shipment.number, Shipment.origin, Shipment.tracking_number, Customer.name)
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


SHIPMENTS: Final = Source(
    name="shipments",
    root=Shipment,
    identity=Shipment.id,
    where=lambda: (visible_rows(Shipment),),
    joins={
        "customer": Join(Customer, Customer.id == Shipment.customer_id),
        "owner": Join(_Owner, _Owner.id == Shipment.owner_id),
        "warehouse": Join(Warehouse, Warehouse.id == Shipment.warehouse_id),
        "who": Join(_Actor, _Actor.id == Shipment.actor_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=Shipment.number, order=Shipment.number),
        Column(name="shipped_on", kind=Kind.DAY, value=Shipment.shipped_on, order=Shipment.shipped_on, groups=True),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Shipment.customer_id, label=Customer.name, refers="customer",
            needs=("customer",), groups=True,
        ),
        Column(name="origin", kind=Kind.TEXT, value=Shipment.origin),
        Column(
            name="warehouse", kind=Kind.REFERENCE, value=Shipment.warehouse_id, label=Warehouse.name,
            refers="warehouse", needs=("warehouse",), groups=True,
        ),
        Column(name="carrier", kind=Kind.TEXT, value=Shipment.carrier, groups=True),
        Column(name="tracking_number", kind=Kind.TEXT, value=Shipment.tracking_number),
        Column(name="ship_to", kind=Kind.TEXT, value=Shipment.ship_to),
        Column(name="lines", kind=Kind.NUMBER, value=_of_lines(func.count())),
        Column(name="quantity", kind=Kind.QUANTITY, value=_of_lines(func.sum(ShipmentLine.quantity))),
        Column(name="kind", kind=Kind.CHOICE, value=Shipment.kind, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Shipment.owner_id, label=_Owner.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(
            name="who", kind=Kind.REFERENCE, value=Shipment.actor_id, label=_Actor.name, refers="user",
            needs=("who",), groups=True,
        ),
        Column(
            name="recorded_at", kind=Kind.MOMENT, value=Shipment.recorded_at, order=Shipment.recorded_at, groups=True
        ),
    ),
    matches=_words,
    words_need=("customer",),
)  # fmt: skip
