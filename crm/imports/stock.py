"""Stock as it was counted: taken over as opening stock where a product never had any in a warehouse, else adjusted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from core.errors import DomainError
from core.imports.fields import number, reference
from core.imports.kinds import Found, Kind, Unit, Values, declare
from core.imports.models import Action
from core.imports.undoing import BuiltFact
from core.masks import COSTS
from core.plan import Plan
from core.statements import statement
from crm.imports.parts import PRODUCTS, WAREHOUSES
from inventory.documents import StockLine, adjust_stock, open_stock, reverse_opening


class LevelFact(NamedTuple):
    """The level of the product and warehouse at `place`; `moves` says whether there was ever anything."""

    place: int
    id: int
    label: str
    warehouse_id: int
    on_hand: Decimal
    has_moves: bool


LEVELS = statement(
    "imports.levels",
    """
    SELECT number::int - 1, level.id, sku || ', ' || warehouse.name, warehouse.id, level.on_hand,
           EXISTS (SELECT FROM stock_move WHERE level_id = level.id)
      FROM unnest(%(product_ids)s::bigint[], %(warehouse_ids)s::bigint[]) WITH ORDINALITY
           AS told (product_id, warehouse_id, number)
      JOIN warehouse ON warehouse.id = told.warehouse_id OR (told.warehouse_id IS NULL AND is_default)
      JOIN stock_level AS level ON level.product_id = told.product_id AND level.warehouse_id = warehouse.id
      JOIN product ON product.id = told.product_id
    """,
    tables="warehouse stock_level stock_move product",
    scope="system",
    fact=LevelFact,
)
# What moved since, of the same products anywhere: their value is the whole company's. What the import itself moved with
# other rows is no part of that, undone or to be undone.
LATER = statement(
    "imports.later_moves",
    """
    WITH found AS MATERIALIZED (
        SELECT level.id, sku, later.origin
          FROM unnest(%(level_ids)s::bigint[], %(origins)s::text[]) AS told (level_id, origin)
          JOIN stock_level AS level ON level.id = told.level_id
          JOIN product ON product.id = level.product_id
          JOIN stock_move AS made ON made.level_id = level.id AND made.origin = told.origin
          JOIN stock_move AS later ON later.product_id = made.product_id AND later.recorded_at >= made.recorded_at
               AND later.id > made.id AND later.origin <> ALL (%(origins)s::text[])
               AND coalesce(later.reason, '') <> %(reason)s)
    SELECT id, sku, 'stock_move', count(*) FROM found
     WHERE NOT EXISTS (SELECT FROM import_row WHERE batch_id = %(batch_id)s::bigint AND state IN ('done', 'undone')
                          AND before ->> 'origin' = found.origin)
     GROUP BY id, sku
    """,
    tables="stock_level product stock_move import_row",
    scope="system",
    fact=BuiltFact,
)


def _find(plan: Plan, units: Sequence[Unit]) -> None:
    ids = [[unit.values.get(name) for unit in units] for name in ("product_id", "warehouse_id")]
    [facts] = plan.fetch(LEVELS(product_ids=ids[0], warehouse_ids=ids[1]))
    levels: dict[int, LevelFact] = {fact.place: fact for fact in facts}
    for place, unit in enumerate(units):
        level = levels.get(place)
        if level is None:
            unit.refuse(DomainError("import_no_level"))
            continue
        unit.keys, unit.ready = [f"level:{level.id}"], level
        if level.has_moves:
            unit.found = Found(level.id, level.label)


def _create(plan: Plan, unit: Unit) -> None:
    """Opening stock, a document for each row that is tried; many at once are one document for each warehouse."""
    _open(plan, [unit])


def _open(plan: Plan, units: Sequence[Unit]) -> None:
    lines = [
        StockLine(unit.values["product_id"], unit.values["quantity"], unit.values.get("unit_cost")) for unit in units
    ]
    warehouse_id = units[0].ready.warehouse_id
    answer = open_stock(plan, lines=lines, warehouse_id=warehouse_id)
    plan.take_numbers()
    for unit in units:
        unit.record_id = unit.ready.id
        unit.before = {
            "origin": str(answer["number"]), "quantity": unit.values["quantity"], "warehouse_id": warehouse_id,
            "product_id": unit.values["product_id"],
        }  # fmt: skip
    plan.send_writes()


def _open_many(plan: Plan, units: Sequence[Unit]) -> None:
    places: dict[int, list[Unit]] = {}
    for unit in units:
        places.setdefault(unit.ready.warehouse_id, []).append(unit)
    for _, own in sorted(places.items()):
        _open(plan, own)


def _try(plan: Plan, units: Sequence[Unit]) -> None:
    """What opening stock would be refused for, row by row, and nothing stays."""
    for unit in units:
        try:
            with plan.attempt() as attempt:
                _open(plan, [unit])
                attempt.take_back()
        except DomainError as error:
            unit.refuse(error)
        unit.record_id, unit.before = None, None


def _change(plan: Plan, unit: Unit) -> None:
    """Adjusts to what was counted; what is right already is left as it is."""
    level: LevelFact = unit.ready
    difference = unit.values["quantity"] - level.on_hand
    unit.record_id = level.id
    if not difference:
        unit.action = Action.SKIP
        return
    line = StockLine(unit.values["product_id"], difference, unit.values.get("unit_cost"))
    reason = plan.context.reason or "import"
    answer = adjust_stock(plan, reason=reason, lines=[line], warehouse_id=level.warehouse_id)
    plan.take_numbers()
    unit.before = {
        "origin": str(answer["number"]), "quantity": difference, "warehouse_id": level.warehouse_id,
        "product_id": unit.values["product_id"], "unit_cost": answer["lines"][0]["unit_cost"],
    }  # fmt: skip
    plan.send_writes()


def _undo_reason(plan: Plan) -> str:
    return f"↺ {plan.context.reason}"[:300]


def _restore(plan: Plan, level_id: int, held: Values, version: int) -> int | None:
    cost = held.get("unit_cost")
    line = StockLine(held["product_id"], -Decimal(held["quantity"]), None if cost is None else Decimal(cost))
    adjust_stock(plan, reason=_undo_reason(plan), lines=[line], warehouse_id=held["warehouse_id"])
    plan.take_numbers()
    plan.send_writes()
    return None  # levels have none


def _take_back(plan: Plan, units: Sequence[Unit]) -> None:
    places: dict[int, list[Unit]] = {}
    for unit in units:
        places.setdefault((unit.before or {})["warehouse_id"], []).append(unit)
    for warehouse_id, own in sorted(places.items()):
        held = [unit.before or {} for unit in own]
        lines = [StockLine(each["product_id"], Decimal(each["quantity"])) for each in held]
        try:
            with plan.attempt():
                reverse_opening(plan, lines=lines, warehouse_id=warehouse_id, reason=_undo_reason(plan))
                plan.take_numbers()
                plan.send_writes()
        except DomainError as error:
            for unit in own:
                unit.refuse(error)


def _built_on(plan: Plan, batch_id: int, rows: Sequence[Any]) -> list[BuiltFact]:
    held = [row for row in rows if (row.before or {}).get("origin")]
    origins = [row.before["origin"] for row in held]
    ids, reason = [row.record_id for row in held], _undo_reason(plan)
    [found] = plan.fetch(LATER(batch_id=batch_id, level_ids=ids, origins=origins, reason=reason))
    return list(found)


declare(
    Kind(
        name="stock",
        zh="库存（期初与盘点）",
        en="Stock (opening and counts)",
        permission="stock.adjust",
        record_type="stock_level",
        table="stock_level",
        label="id",
        fields=(
            reference(
                "product_id",
                "货号|商品编码|商品|产品编号|商品名称|条码",
                "SKU|Product|Product code|Product ID|Barcode|Item",
                PRODUCTS,
                required=True,
            ),
            number(
                "quantity",
                "数量|库存数量|现有库存|实盘数量|期初数量",
                "Quantity|On hand|Counted|Stock|Units in stock|Qty",
                places=3,
                required=True,
                from_zero=True,
            ),
            reference("warehouse_id", "仓库|仓库编号", "Warehouse|Warehouse code|Location", WAREHOUSES),
            number("unit_cost", "单位成本|成本|成本价", "Unit cost|Cost", mask=COSTS, from_zero=True),
        ),
        existing=Action.UPDATE,
        find=_find,
        check=_try,
        create=_create,
        create_many=_open_many,
        change=_change,
        restore=_restore,
        take_back=_take_back,
        built_on=_built_on,
        batch=200,
    )
)
