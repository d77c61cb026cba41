"""Receipts and adjustments: stock that comes in or is corrected, posted against the books in the same plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from core.approvals.facts import RuleFact
from core.approvals.models import ApprovalKind
from core.approvals.require import Subject, require, rule_for
from core.audit import record
from core.constraints import means
from core.errors import FieldErrors, NotFound
from core.money import LARGEST_AMOUNT, QUANTITY_PLACES, ZERO, is_finer, plain_number, round_money
from core.needs import needs
from core.outbox import emit
from core.plan import Plan
from core.statements import statement
from finance.ledger import STOCK, Books, books_for, credit, debit, post_if_any
from inventory.models import MoveKind, StockDocument, StockDocumentLine
from inventory.reservations import WAITING, InsufficientStock, ReservationFact, fill_waiting
from inventory.stock import LEVELS_FOR_UPDATE, NONE, VALUATIONS_FOR_UPDATE, Stock


@dataclass(frozen=True)
class StockLine:
    """A signed quantity of a product. `unit_cost` is net; None takes the moving average, else the product's cost.
    `warehouse_id` is for adjustments, where it differs from the document's."""

    product_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None
    warehouse_id: int | None = None


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


@needs("stock.receive")
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


@needs("stock.adjust")
def open_stock(plan: Plan, *, lines: Sequence[StockLine], warehouse_id: int | None = None) -> dict[str, Any]:
    """Takes over the stock a company starts with: inventory against opening equity."""
    return _post_document(plan, MoveKind.OPENING, lines, warehouse_id, None, None)


@needs("stock.adjust")
def reverse_opening(
    plan: Plan, *, lines: Sequence[StockLine], warehouse_id: int | None = None, reason: str
) -> dict[str, Any]:
    """Takes back stock that was taken over: the opposite of `open_stock`, as a document of its own, dated today.

    `lines` name positive quantities. Raises InvalidInput beside the field, InsufficientStock where some of it is gone.
    """
    opposite = [StockLine(line.product_id, -line.quantity, line.unit_cost, line.warehouse_id) for line in lines]
    places = {warehouse_id: list(range(len(lines)))}
    return _post_documents(plan, MoveKind.OPENING, opposite, places, None, reason, reversing=True)


@needs("stock.adjust")
def adjust_stock(
    plan: Plan, *, reason: str, lines: Sequence[StockLine], warehouse_id: int | None = None
) -> dict[str, Any]:
    """Corrects stock by signed quantities: against the gain or the loss account, and why. Reserved stock cannot be
    taken.

    A line that names a warehouse of its own is adjusted there: one document per warehouse, in the order in which the
    lines first name them, all or none. The answer is the first document's, with all lines and all `documents`.

    Locks levels, then valuations, then requests for approval. Raises InvalidInput beside the field, InsufficientStock
    naming every short line, `approval_required` above the limit.
    """
    if not reason.strip():
        errors = FieldErrors()
        errors.add("reason", "required")
        errors.raise_if_any()
    placed: dict[int | None, list[int]] = {}
    for index, line in enumerate(lines):
        placed.setdefault(line.warehouse_id or warehouse_id, []).append(index)
    return _post_documents(plan, MoveKind.ADJUSTMENT, lines, placed or {warehouse_id: []}, None, reason)


def _post_document(
    plan: Plan,
    kind: MoveKind,
    lines: Sequence[StockLine],
    warehouse_id: int | None,
    supplier_id: int | None,
    reason: str | None,
) -> dict[str, Any]:
    return _post_documents(plan, kind, lines, {warehouse_id: list(range(len(lines)))}, supplier_id, reason)


# By day of posting, so that midnight is where the company keeps its books; the index finds a product's newest moves.
ADJUSTED_TODAY = statement(
    "documents.adjusted_today",
    """
    SELECT coalesce(sum(abs(value)), 0) FROM stock_move
     WHERE product_id = ANY (%(product_ids)s::bigint[]) AND recorded_at >= %(today)s::date - 2
       AND effective_on = %(today)s::date AND kind = 'adjustment' AND actor_id = %(user_id)s::bigint
    """,
    tables="stock_move",
    scope="system",
)


@dataclass(frozen=True)
class _Place:
    """One warehouse of a command: the lines there by their index, its stock, and who waits for it."""

    warehouse_id: int
    lines: list[tuple[int, StockLine]]
    stock: Stock
    waiting: list[ReservationFact]


def _post_documents(
    plan: Plan,
    kind: MoveKind,
    lines: Sequence[StockLine],
    placed: Mapping[int | None, Sequence[int]],
    supplier_id: int | None,
    reason: str | None,
    *,
    reversing: bool = False,
) -> dict[str, Any]:
    """A document for each warehouse of `placed` (its lines by index), all of them or none."""
    product_ids = sorted({line.product_id for line in lines})
    *found, product_rows = plan.fetch(
        *(WAREHOUSE(warehouse_id=warehouse_id) for warehouse_id in placed), PRODUCTS(ids=product_ids)
    )
    indexes = _by_warehouse(placed, found, several=any(line.warehouse_id for line in lines))
    products: dict[int, ProductFact] = {product.id: product for product in product_rows}
    _check_lines(kind, lines, products, reversing=reversing)
    places, books, rules, already = _lock_places(plan, kind, lines, indexes, product_ids)
    _check_available(places, products)
    answers = [_write_document(plan, kind, place, products, books, supplier_id, reason) for place in places]
    if kind is MoveKind.ADJUSTMENT:
        _require_approval(plan, rules, already, lines, indexes, answers)
    documents = [{name: answer[name] for name in ("id", "number", "warehouse_id")} for answer in answers]
    by_index = {index: line for answer in answers for index, line in answer["lines"]}
    return {**answers[0], "lines": [by_index[index] for index in sorted(by_index)], "documents": documents}


def _require_approval(
    plan: Plan,
    rules: Sequence[RuleFact],
    already: Decimal,
    lines: Sequence[StockLine],
    indexes: Mapping[int, Sequence[int]],
    answers: Sequence[Mapping[str, Any]],
) -> None:
    """Lets an adjustment pass whose gains and losses at cost are within the limit together with what the actor has
    adjusted of these products today, so that none is cut into parts; or that was approved: the same lines in the same
    places. There is no record yet that an approval could be about."""
    value = already + sum((abs(line["value"]) for answer in answers for _, line in answer["lines"]), ZERO)
    asked = sorted(
        [where, lines[index].product_id, plain_number(lines[index].quantity), plain_number(lines[index].unit_cost)]
        for where, own in indexes.items()
        for index in own
    )
    require(plan, ApprovalKind.ADJUSTMENT, Subject("stock_adjustment", None, "", asked=asked), value, rules=rules)


def _by_warehouse(
    placed: Mapping[int | None, Sequence[int]], found: Sequence[list[Any]], *, several: bool
) -> dict[int, list[int]]:
    """Line indexes by warehouse; the default one may be meant by name and by silence."""
    errors = FieldErrors()
    indexes: dict[int, list[int]] = {}
    for (warehouse_id, own), rows in zip(placed.items(), found, strict=True):
        if rows:
            indexes.setdefault(rows[0][0], []).extend(own)
        elif not several:
            raise NotFound("warehouse", warehouse_id, field="warehouse_id")
        else:
            for index in own:
                errors.add(f"lines.{index}.warehouse_id", "warehouse_unknown")
    errors.raise_if_any()
    return {warehouse_id: sorted(own) for warehouse_id, own in indexes.items()}


def _lock_places(
    plan: Plan,
    kind: MoveKind,
    lines: Sequence[StockLine],
    indexes: Mapping[int, Sequence[int]],
    product_ids: Sequence[int],
) -> tuple[list[_Place], Books, list[RuleFact], Decimal]:
    """Levels by warehouse, then valuations, under lock; for an adjustment with them the rule of approvals, and the
    value of what the actor has adjusted of these products today. One product has one valuation wherever it lies, so
    that all warehouses share them."""
    wanted = {where: sorted({lines[index].product_id for index in own}) for where, own in indexes.items()}
    in_order = sorted(wanted)
    adjusted = ADJUSTED_TODAY(product_ids=product_ids, user_id=plan.actor.user_id, today=plan.today)
    asked_for = [rule_for(plan, ApprovalKind.ADJUSTMENT), adjusted] if kind is MoveKind.ADJUSTMENT else []
    found = plan.fetch(
        *(LEVELS_FOR_UPDATE(product_ids=wanted[where], warehouse_id=where) for where in in_order),
        VALUATIONS_FOR_UPDATE(product_ids=product_ids),
        books_for(plan.today),
        *asked_for,
    )
    levels, (valuations, [books], *rules) = found[: len(in_order)], found[len(in_order) :]
    waiting = plan.fetch(*(WAITING(level_ids=[level.id for level in found]) for found in levels))
    shared = Stock.of(plan, books.currency, [], valuations).valuations
    stocks = {
        where: (Stock.of(plan, books.currency, found), rows)
        for where, found, rows in zip(in_order, levels, waiting, strict=True)
    }
    places = []
    for where, own in indexes.items():
        stock, rows = stocks[where]
        stock.valuations = shared
        places.append(_Place(where, [(index, lines[index]) for index in own], stock, rows))
    if not rules:
        return places, books, [], ZERO
    rule, [(already,)] = rules
    return places, books, rule, already


def _write_document(
    plan: Plan,
    kind: MoveKind,
    place: _Place,
    products: dict[int, ProductFact],
    books: Books,
    supplier_id: int | None,
    reason: str | None,
) -> dict[str, Any]:
    """Writes one warehouse's document, entry and moves; its answer's lines are (index, line)."""
    lines = [line for _, line in place.lines]
    number = plan.number(NUMBER_OF[kind], plan.today)
    document_id = plan.new_id()
    values = _values(place.stock, lines, products)
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
        warehouse_id=place.warehouse_id,
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
        place.stock.move(
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
    fill_waiting(plan, place.stock, place.waiting)
    record(plan, f"stock.{kind.value}", "stock_document", document_id, label=number, changes={"lines": answers})
    emit(
        plan, "stock_changed", warehouse_id=place.warehouse_id, product_ids=sorted({line.product_id for line in lines})
    )
    placed = [{**answer, "warehouse_id": place.warehouse_id} for answer in answers]
    return {
        "id": document_id,
        "number": number,
        "kind": kind,
        "warehouse_id": place.warehouse_id,
        "reason": reason,
        "lines": list(zip((index for index, _ in place.lines), placed, strict=True)),
    }


def _check_lines(
    kind: MoveKind, lines: Sequence[StockLine], products: dict[int, ProductFact], *, reversing: bool
) -> None:
    errors = FieldErrors()
    if not lines:
        errors.add("lines", "required")
    for index, line in enumerate(lines):
        product = products.get(line.product_id)
        if product is None:
            errors.add(f"lines.{index}.product_id", "product_unknown", id=str(line.product_id))
        elif product.kind != "goods":
            errors.add(f"lines.{index}.product_id", "service_holds_no_stock", sku=product.sku)
        if line.quantity == 0 or (kind is not MoveKind.ADJUSTMENT and line.quantity < 0 and not reversing):
            errors.add(f"lines.{index}.quantity", "not_positive" if line.quantity < 0 else "required")
        elif is_finer(line.quantity, QUANTITY_PLACES):
            errors.add(f"lines.{index}.quantity", "too_many_decimals", places=QUANTITY_PLACES)
        elif abs(line.quantity * (line.unit_cost or ZERO)) > LARGEST_AMOUNT:
            errors.add(f"lines.{index}.quantity", "figure_too_large")
        if line.unit_cost is not None and line.unit_cost < 0:
            errors.add(f"lines.{index}.unit_cost", "negative")
    errors.raise_if_any()


def _check_available(places: Sequence[_Place], products: dict[int, ProductFact]) -> None:
    shortages = []
    for place in places:
        taken: dict[int, Decimal] = {}
        for index, line in place.lines:
            available = place.stock.available(line.product_id) + taken.get(line.product_id, NONE)
            if available + line.quantity < 0:
                product = products[line.product_id]
                shortages.append(
                    {
                        "position": index + 1,
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
        raise InsufficientStock(sorted(shortages, key=lambda shortage: shortage["position"]))


def _values(
    stock: Stock, lines: Sequence[StockLine], products: dict[int, ProductFact]
) -> list[tuple[Decimal, Decimal]]:
    """(unit cost, signed value) of each line, as if applied one after the other."""
    running = {product_id: (valuation.quantity, valuation.value) for product_id, valuation in stock.valuations.items()}
    result = []
    for line in lines:
        quantity, value = running[line.product_id]
        if line.quantity < 0:
            cost = stock_share(value, -line.quantity, quantity, stock.currency)
            unit_cost, change = cost / -line.quantity, -cost
        else:
            average = value / quantity if quantity else products[line.product_id].cost or ZERO
            unit_cost = average if line.unit_cost is None else line.unit_cost
            change = round_money(unit_cost * line.quantity, stock.currency)
        running[line.product_id] = (quantity + line.quantity, value + change)
        result.append((unit_cost.quantize(Decimal("0.0001")), change))
    return result


def stock_share(value: Decimal, part: Decimal, whole: Decimal, currency: str) -> Decimal:
    return value if part >= whole else round_money(value * part / whole, currency)


def _postings(kind: MoveKind, values: Sequence[Decimal]) -> list[Any]:
    gain = sum((value for value in values if value > 0), ZERO)
    loss = -sum((value for value in values if value < 0), ZERO)
    if kind is not MoveKind.ADJUSTMENT:
        return [debit("inventory", gain - loss), credit(OTHER_SIDE[kind], gain - loss)]
    return [
        debit("inventory", gain - loss),
        debit("stock_loss", loss),
        credit("stock_gain", gain),
    ]


means("fk_stock_document_supplier_id", "supplier_unknown", field="supplier_id", http_status=422)
