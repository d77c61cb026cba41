"""Receipts and adjustments: stock that comes in or is corrected, posted against the books in the same plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from core.audit import record
from core.constraints import means
from core.errors import FieldErrors, NotFound
from core.money import LARGEST_AMOUNT, QUANTITY_PLACES, ZERO, is_finer, round_money
from core.outbox import emit
from core.plan import Plan
from core.statements import statement
from finance.ledger import STOCK, books_for, credit, debit, post_if_any
from inventory.models import MoveKind, StockDocument, StockDocumentLine
from inventory.reservations import WAITING, InsufficientStock, fill_waiting
from inventory.stock import LEVELS_FOR_UPDATE, NONE, VALUATIONS_FOR_UPDATE, Stock


@dataclass(frozen=True)
class StockLine:
    """A signed quantity of a product. `unit_cost` is net; None takes the moving average, else the product's cost."""

    product_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None


class ProductFact(NamedTuple):
    id: int
    sku: str
    name: str
    kind: str
    cost: Decimal | None


PRODUCTS = statement(
    "stock_documents.products",
    "SELECT id, sku, name, kind, cost FROM product WHERE id = ANY (%(ids)s::bigint[])",
    tables="product",
    scope="system",
    fact=ProductFact,
)
WAREHOUSE = statement(
    "stock_documents.warehouse",
    """
    SELECT id, name FROM warehouse WHERE is_active
       AND (id = %(warehouse_id)s::bigint OR (%(warehouse_id)s::bigint IS NULL AND is_default))
    """,
    tables="warehouse",
    scope="system",
)
NUMBER_OF = {MoveKind.OPENING: "OPN", MoveKind.RECEIPT: "RCV", MoveKind.ADJUSTMENT: "ADJ"}
OTHER_SIDE = {MoveKind.OPENING: "opening_equity", MoveKind.RECEIPT: "received_not_billed"}


def receive_stock(
    plan: Plan,
    *,
    lines: Sequence[StockLine],
    warehouse_id: int | None = None,
    supplier_id: int | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """Receives goods: inventory against goods received and not yet billed; waiting orders are filled first."""
    return _post_document(plan, MoveKind.RECEIPT, lines, warehouse_id, supplier_id, reason)


def open_stock(plan: Plan, *, lines: Sequence[StockLine], warehouse_id: int | None = None) -> dict[str, Any]:
    """Takes over the stock a company starts with: inventory against opening equity."""
    return _post_document(plan, MoveKind.OPENING, lines, warehouse_id, None, None)


def adjust_stock(
    plan: Plan, *, reason: str, lines: Sequence[StockLine], warehouse_id: int | None = None
) -> dict[str, Any]:
    """Corrects stock by signed quantities: against the gain or the loss account, and why. Reserved stock cannot be
    taken.

    Locks levels, then valuations. Raises InvalidInput beside the field, InsufficientStock naming every short line.
    """
    if not reason.strip():
        errors = FieldErrors()
        errors.add("reason", "required")
        errors.raise_if_any()
    return _post_document(plan, MoveKind.ADJUSTMENT, lines, warehouse_id, None, reason)


def _post_document(
    plan: Plan,
    kind: MoveKind,
    lines: Sequence[StockLine],
    warehouse_id: int | None,
    supplier_id: int | None,
    reason: str | None,
) -> dict[str, Any]:
    product_ids = sorted({line.product_id for line in lines})
    warehouses, product_rows = plan.fetch(WAREHOUSE(warehouse_id=warehouse_id), PRODUCTS(ids=product_ids))
    if not warehouses:
        raise NotFound("warehouse", warehouse_id, field="warehouse_id")
    where = warehouses[0][0]
    products: dict[int, ProductFact] = {product.id: product for product in product_rows}
    _check_lines(kind, lines, products)
    levels, valuations, [books] = plan.fetch(
        LEVELS_FOR_UPDATE(product_ids=product_ids, warehouse_id=where),
        VALUATIONS_FOR_UPDATE(product_ids=product_ids),
        books_for(plan.today),
    )
    [waiting] = plan.fetch(WAITING(level_ids=[level.id for level in levels]))
    stock = Stock.of(plan, levels, valuations)
    _check_available(stock, lines, products)

    number = plan.number(NUMBER_OF[kind], plan.today)
    document_id = plan.new_id()
    values = _values(stock, lines, products)
    entry = post_if_any(
        plan,
        books,
        journal=STOCK,
        event=kind.value,
        postings=_postings(kind, [value for _, value in values]),
        origin=number,
        document=number,
        memo=reason,
    )
    entry_id = entry.id if entry else None
    plan.insert(
        StockDocument,
        id=document_id,
        number=number,
        kind=kind,
        warehouse_id=where,
        supplier_id=supplier_id,
        effective_on=plan.today,
        reason=reason,
        entry_id=entry_id,
        recorded_at=number.recorded_at,
        actor_id=plan.actor.user_id,
    )
    answers = []
    for position, (line, (unit_cost, value)) in enumerate(zip(lines, values, strict=True), start=1):
        plan.insert(
            StockDocumentLine,
            document_id=document_id,
            position=position,
            product_id=line.product_id,
            quantity=line.quantity,
            unit_cost=unit_cost,
            value=value,
        )
        stock.move(
            line.product_id,
            line.quantity,
            value,
            kind=kind,
            origin=number,
            recorded_at=number.recorded_at,
            reason=reason,
            entry_id=entry_id,
        )
        answers.append(
            {"product_id": line.product_id, "quantity": line.quantity, "unit_cost": unit_cost, "value": value}
        )
        plan.effect("stock", product=products[line.product_id].name, quantity=line.quantity, value=value)
    fill_waiting(plan, stock, waiting)
    record(plan, f"stock.{kind.value}", "stock_document", document_id, label=number, changes={"lines": answers})
    emit(plan, "stock_changed", warehouse_id=where, product_ids=product_ids)
    return {
        "id": document_id,
        "number": number,
        "kind": kind,
        "warehouse_id": where,
        "reason": reason,
        "lines": answers,
    }


def _check_lines(kind: MoveKind, lines: Sequence[StockLine], products: dict[int, ProductFact]) -> None:
    errors = FieldErrors()
    if not lines:
        errors.add("lines", "required")
    for index, line in enumerate(lines):
        product = products.get(line.product_id)
        if product is None:
            errors.add(f"lines.{index}.product_id", "product_unknown", id=str(line.product_id))
        elif product.kind != "goods":
            errors.add(f"lines.{index}.product_id", "service_holds_no_stock", sku=product.sku)
        if line.quantity == 0 or (kind is not MoveKind.ADJUSTMENT and line.quantity < 0):
            errors.add(f"lines.{index}.quantity", "not_positive" if line.quantity < 0 else "required")
        elif is_finer(line.quantity, QUANTITY_PLACES):
            errors.add(f"lines.{index}.quantity", "too_many_decimals", places=QUANTITY_PLACES)
        elif abs(line.quantity * (line.unit_cost or ZERO)) > LARGEST_AMOUNT:
            errors.add(f"lines.{index}.quantity", "figure_too_large")
        if line.unit_cost is not None and line.unit_cost < 0:
            errors.add(f"lines.{index}.unit_cost", "negative")
    errors.raise_if_any()


def _check_available(stock: Stock, lines: Sequence[StockLine], products: dict[int, ProductFact]) -> None:
    shortages = []
    taken: dict[int, Decimal] = {}
    for position, line in enumerate(lines, start=1):
        available = stock.available(line.product_id) + taken.get(line.product_id, NONE)
        if available + line.quantity < 0:
            product = products[line.product_id]
            shortages.append(
                {
                    "position": position,
                    "product_id": product.id,
                    "sku": product.sku,
                    "name": product.name,
                    "requested": -line.quantity,
                    "available": available,
                    "short": -line.quantity - available,
                }
            )
        taken[line.product_id] = taken.get(line.product_id, NONE) + line.quantity
    if shortages:
        raise InsufficientStock(shortages)


def _values(
    stock: Stock, lines: Sequence[StockLine], products: dict[int, ProductFact]
) -> list[tuple[Decimal, Decimal]]:
    """(unit cost, signed value) of each line, as if applied one after the other."""
    running = {product_id: (valuation.quantity, valuation.value) for product_id, valuation in stock.valuations.items()}
    result = []
    for line in lines:
        quantity, value = running[line.product_id]
        if line.quantity < 0:
            cost = stock_share(value, -line.quantity, quantity)
            unit_cost, change = cost / -line.quantity, -cost
        else:
            average = value / quantity if quantity else products[line.product_id].cost or ZERO
            unit_cost = average if line.unit_cost is None else line.unit_cost
            change = round_money(unit_cost * line.quantity)
        running[line.product_id] = (quantity + line.quantity, value + change)
        result.append((unit_cost.quantize(Decimal("0.0001")), change))
    return result


def stock_share(value: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return value if part >= whole else round_money(value * part / whole)


def _postings(kind: MoveKind, values: Sequence[Decimal]) -> list[Any]:
    gain = sum((value for value in values if value > 0), ZERO)
    loss = -sum((value for value in values if value < 0), ZERO)
    if kind is not MoveKind.ADJUSTMENT:
        return [debit("inventory", gain), credit(OTHER_SIDE[kind], gain)]
    return [
        debit("inventory", gain - loss),
        debit("stock_loss", loss),
        credit("stock_gain", gain),
    ]


means("fk_stock_document_supplier_id", "supplier_unknown", field="supplier_id", http_status=422)
