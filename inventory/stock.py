"""Levels and their moves: the facts under lock, and the one place where a level or a valuation changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from core.money import ZERO, share
from core.plan import Plan
from core.statements import statement
from inventory.models import MoveKind, ProductValuation, StockLevel, StockMove

NONE = Decimal(0)


class LevelFact(NamedTuple):
    """A stock level under lock."""

    id: int
    product_id: int
    warehouse_id: int
    on_hand: Decimal
    reserved: Decimal
    back_ordered: Decimal
    move_count: int


class ValuationFact(NamedTuple):
    """Quantity and value of a product over the whole company, under lock."""

    product_id: int
    quantity: Decimal
    value: Decimal


LEVEL_COLUMNS = """
    level.id, level.product_id, level.warehouse_id, level.on_hand, level.reserved, level.back_ordered, level.move_count
"""
LEVELS_FOR_UPDATE = statement(
    "stock.levels_for_update",
    f"""
    SELECT {LEVEL_COLUMNS} FROM stock_level AS level
     WHERE level.product_id = ANY (%(product_ids)s::bigint[]) AND level.warehouse_id = %(warehouse_id)s::bigint
     ORDER BY level.id FOR NO KEY UPDATE
    """,  # noqa: S608 (names of columns, no values)
    tables="stock_level",
    scope="system",
    fact=LevelFact,
)
VALUATIONS_FOR_UPDATE = statement(
    "stock.valuations_for_update",
    """
    SELECT product_id, quantity, value FROM product_valuation
     WHERE product_id = ANY (%(product_ids)s::bigint[]) ORDER BY product_id FOR NO KEY UPDATE
    """,
    tables="product_valuation",
    scope="system",
    fact=ValuationFact,
)


@dataclass
class _Level:
    fact: LevelFact
    on_hand: Decimal
    reserved: Decimal
    moves: int


@dataclass
class _Valuation:
    quantity: Decimal
    value: Decimal


@dataclass
class Stock:
    """The levels and valuations of one command, as its own decisions change them on the way."""

    plan: Plan
    currency: str
    levels: dict[int, _Level] = field(default_factory=dict)
    valuations: dict[int, _Valuation] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls, plan: Plan, currency: str, levels: Iterable[LevelFact], valuations: Iterable[ValuationFact] = ()
    ) -> Stock:
        """One warehouse's levels by product, and valuations by product, in the company's currency."""
        return cls(
            plan,
            currency,
            {fact.product_id: _Level(fact, fact.on_hand, fact.reserved, fact.move_count) for fact in levels},
            {fact.product_id: _Valuation(fact.quantity, fact.value) for fact in valuations},
        )

    def level(self, product_id: int) -> LevelFact:
        return self.levels[product_id].fact

    def available(self, product_id: int) -> Decimal:
        """on hand − reserved, after what this command has decided so far; 0 where the warehouse has no such level."""
        level = self.levels.get(product_id)
        return level.on_hand - level.reserved if level else NONE

    def hold(self, product_id: int, reserved: Decimal, back_ordered: Decimal) -> None:
        """Changes what is reserved and waited for (negative: released)."""
        level = self.levels[product_id]
        level.reserved += reserved
        self.touched.add(product_id)
        self.plan.add(StockLevel, level.fact.id, reserved=reserved, back_ordered=back_ordered)

    def issue_cost(self, product_id: int, quantity: Decimal) -> Decimal:
        """What `quantity` costs on the moving average: round(value × q ÷ on hand); the last unit takes all."""
        valuation = self.valuations[product_id]
        return share(valuation.value, quantity, valuation.quantity, self.currency) if valuation.quantity else ZERO

    def move(
        self,
        product_id: int,
        quantity: Decimal,
        value: Decimal,
        *,
        kind: MoveKind,
        origin: object,
        recorded_at: Any,
        reason: str | None = None,
        entry_id: int | None = None,
    ) -> None:
        """Moves a signed quantity at a signed value: level, valuation and the immutable row that says why."""
        level = self.levels[product_id]
        level.on_hand += quantity
        level.moves += 1
        valuation = self.valuations[product_id]
        valuation.quantity += quantity
        valuation.value += value
        self.touched.add(product_id)
        self.plan.add(StockLevel, level.fact.id, on_hand=quantity, move_count=1)
        self.plan.add(ProductValuation, product_id, quantity=quantity, value=value)
        self.plan.insert(
            StockMove,
            level_id=level.fact.id,
            product_id=product_id,
            warehouse_id=level.fact.warehouse_id,
            ordinal=level.moves,
            kind=kind,
            quantity=quantity,
            value=value,
            on_hand_after=level.on_hand,
            effective_on=self.plan.today,
            recorded_at=recorded_at,
            origin=origin,
            reason=reason,
            entry_id=entry_id,
            actor_id=self.plan.actor.user_id,
        )
