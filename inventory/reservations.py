"""Reserving stock for order lines: all lines or none, every short line named; waiting lines are filled by receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.errors import DomainError
from core.plan import Plan
from core.statements import statement
from inventory.models import Reservation
from inventory.stock import NONE, Stock


@dataclass(frozen=True)
class Demand:
    """What one order line asks for. `key` is the caller's own name for the line."""

    key: Any
    position: int
    product_id: int
    sku: str
    name: str
    quantity: Decimal
    back_order: bool


@dataclass(frozen=True)
class Reserved:
    reservation_id: int
    quantity_reserved: Decimal
    quantity_back_ordered: Decimal


class InsufficientStock(DomainError):
    """Some lines cannot be covered; every short one is named with what was asked, what is available and what lacks."""

    def __init__(self, shortages: list[dict[str, Any]]) -> None:
        super().__init__("insufficient_stock", shortages=shortages)


class ReservationFact(NamedTuple):
    """An open reservation, read under its level's lock."""

    id: int
    product_id: int
    quantity_reserved: Decimal
    quantity_back_ordered: Decimal


WAITING = statement(
    "reservations.waiting",
    """
    SELECT id, product_id, quantity_reserved, quantity_back_ordered FROM reservation
     WHERE level_id = ANY (%(level_ids)s::bigint[]) AND quantity_back_ordered > 0
     ORDER BY requested_on NULLS LAST, recorded_at, id
    """,
    tables="reservation",
    scope="system",
    fact=ReservationFact,
)


def reserve(
    plan: Plan,
    stock: Stock,
    demands: Sequence[Demand],
    *,
    warehouse_id: int,
    origin: object,
    requested_on: date | None,
) -> dict[Any, Reserved]:
    """Reserves every demand, or refuses all of them with every short line named.

    A demand with `back_order` takes what is available and waits for the rest. The levels must be locked.
    """
    taken: dict[int, Decimal] = {}
    split: list[tuple[Demand, Decimal]] = []
    shortages = []
    for demand in demands:
        available = stock.available(demand.product_id) - taken.get(demand.product_id, NONE)
        held = min(demand.quantity, available)
        if held < demand.quantity and not demand.back_order:
            shortages.append(shortage(demand, available))
        taken[demand.product_id] = taken.get(demand.product_id, NONE) + held
        split.append((demand, held))
    if shortages:
        raise InsufficientStock(shortages)
    reserved = {}
    for demand, held in split:
        waiting = demand.quantity - held
        reservation_id = plan.insert(
            Reservation,
            level_id=stock.level(demand.product_id).id,
            product_id=demand.product_id,
            warehouse_id=warehouse_id,
            quantity_reserved=held,
            quantity_back_ordered=waiting,
            requested_on=requested_on,
            recorded_at=plan.now,
            origin=origin,
        )
        stock.hold(demand.product_id, held, waiting)
        reserved[demand.key] = Reserved(reservation_id, held, waiting)
        plan.effect(
            "reserve",
            position=demand.position,
            product=demand.name,
            sku=demand.sku,
            reserved=held,
            back_ordered=waiting,
        )
    return reserved


def shortage(demand: Demand, available: Decimal) -> dict[str, Any]:
    """One short line in the API's terms."""
    return {
        "position": demand.position,
        "product_id": demand.product_id,
        "sku": demand.sku,
        "name": demand.name,
        "requested": demand.quantity,
        "available": available,
        "short": demand.quantity - available,
    }


def change_reservation(
    plan: Plan, stock: Stock, reservation: ReservationFact, *, reserved: Decimal = NONE, back_ordered: Decimal = NONE
) -> None:
    """Changes what a reservation holds and waits for, and its level with it."""
    plan.add(Reservation, reservation.id, quantity_reserved=reserved, quantity_back_ordered=back_ordered)
    stock.hold(reservation.product_id, reserved, back_ordered)


def fill_waiting(plan: Plan, stock: Stock, waiting: Sequence[ReservationFact]) -> None:
    """Gives free stock to waiting reservations in their order: requested date, then order of confirmation."""
    for reservation in waiting:
        given = min(reservation.quantity_back_ordered, stock.available(reservation.product_id))
        if given > 0:
            change_reservation(plan, stock, reservation, reserved=given, back_ordered=-given)
