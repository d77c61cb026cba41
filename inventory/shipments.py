"""Goods out and goods back: shipment papers, moves at cost, reservations used up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.errors import DomainError
from core.money import ZERO
from core.outbox import emit
from core.plan import Number, Plan
from inventory.models import MoveKind, Shipment, ShipmentLine
from inventory.reservations import ReservationFact, change_reservation
from inventory.stock import Stock


@dataclass(frozen=True)
class Picked:
    """A quantity to ship of one order line, from its reservation."""

    position: int
    product_id: int
    sku: str
    name: str
    quantity: Decimal
    reservation: ReservationFact


@dataclass(frozen=True)
class Returned:
    """A quantity that came back, at the cost it left at."""

    position: int
    product_id: int
    name: str
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True)
class ShipmentPaper:
    """What stands on the shipment besides its lines."""

    customer_id: int
    owner_id: int
    warehouse_id: int
    ship_to: str | None
    carrier: str | None
    tracking_number: str | None = None


@dataclass(frozen=True)
class Shipped:
    id: int
    number: Number
    costs: dict[int, Decimal]

    @property
    def cost(self) -> Decimal:
        return sum(self.costs.values(), ZERO)


def ship(
    plan: Plan, stock: Stock, picked: Sequence[Picked], paper: ShipmentPaper, *, origin: str, shipped_on: date
) -> Shipped:
    """Ships from reservations: level and valuation down, reservation used up, the paper written.

    Levels and valuations must be locked. Raises `insufficient_stock` when a line asks for more than it has reserved.
    """
    shortages = [
        {
            "position": line.position,
            "product_id": line.product_id,
            "sku": line.sku,
            "name": line.name,
            "requested": line.quantity,
            "available": line.reservation.quantity_reserved,
            "short": line.quantity - line.reservation.quantity_reserved,
        }
        for line in picked
        if line.quantity > line.reservation.quantity_reserved
    ]
    if shortages:
        raise DomainError("insufficient_stock", shortages=shortages)
    shipment_id, number = _write_paper(plan, "out", "SHP", paper, origin, shipped_on)
    costs = {}
    for line in picked:
        cost = stock.issue_cost(line.product_id, line.quantity)
        change_reservation(plan, stock, line.reservation, reserved=-line.quantity)
        stock.move(
            line.product_id,
            -line.quantity,
            -cost,
            kind=MoveKind.SHIPMENT,
            origin=origin,
            recorded_at=number.recorded_at,
        )
        _write_line(plan, shipment_id, line.position, line.product_id, line.quantity, cost)
        costs[line.position] = cost
        plan.effect("ship", position=line.position, product=line.name, quantity=line.quantity)
    emit(plan, "stock_changed", warehouse_id=paper.warehouse_id, product_ids=sorted(stock.touched))
    return Shipped(shipment_id, number, costs)


def take_back(
    plan: Plan, stock: Stock, returned: Sequence[Returned], paper: ShipmentPaper, *, origin: str, returned_on: date
) -> Shipped:
    """Takes goods back into stock at the cost they left at; the caller fills waiting orders and posts the entry."""
    shipment_id, number = _write_paper(plan, "return", "RET", paper, origin, returned_on)
    for line in returned:
        stock.move(
            line.product_id,
            line.quantity,
            line.cost,
            kind=MoveKind.RETURN,
            origin=origin,
            recorded_at=number.recorded_at,
        )
        _write_line(plan, shipment_id, line.position, line.product_id, line.quantity, line.cost)
        plan.effect("take_back", position=line.position, product=line.name, quantity=line.quantity)
    emit(plan, "stock_changed", warehouse_id=paper.warehouse_id, product_ids=sorted(stock.touched))
    return Shipped(shipment_id, number, {line.position: line.cost for line in returned})


def _write_paper(plan: Plan, kind: str, series: str, paper: ShipmentPaper, origin: str, on: date) -> tuple[int, Number]:
    number = plan.number(series, on)
    shipment_id = plan.insert(
        Shipment,
        number=number,
        kind=kind,
        shipped_on=on,
        origin=origin,
        recorded_at=number.recorded_at,
        actor_id=plan.actor.user_id,
        **paper.__dict__,
    )
    return shipment_id, number


def _write_line(plan: Plan, shipment_id: int, position: int, product_id: int, quantity: Decimal, cost: Decimal) -> None:
    plan.insert(
        ShipmentLine,
        shipment_id=shipment_id,
        position=position,
        product_id=product_id,
        quantity=quantity,
        cost=cost,
    )
