"""Products and warehouses with the stock rows they stand on: every goods product has a level in every warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.catalog import Product, ProductKind, UnitOfMeasure
from core.columns import check_texts
from core.company import get_company
from core.constraints import means
from core.custom_fields.writing import Custom, take_custom
from core.errors import DomainError, FieldErrors, NotFound
from core.masks import without_masks
from core.money import LARGEST_QUANTITY, QUANTITY_PLACES, is_finer
from core.needs import needs
from core.normalise import clean, search_text
from core.outbox import emit
from core.plan import Plan
from core.statements import statement
from core.talk.followers import begin_following
from inventory.models import ProductValuation, ReorderPoint, StockLevel, Warehouse

EDITABLE = frozenset(
    (
        "sku",
        "name",
        "description",
        "kind",
        "barcode",
        "category_id",
        "unit",
        "unit_id",
        "supplier_id",
        "price",
        "cost",
        "tax_rate",
        "is_discontinued",
        "is_active",
    )
)
means("uq_warehouse_code", "duplicate_code", field="code")
means("uq_warehouse_default", "done_meanwhile")
means("uq_reorder_point_product_id_warehouse_id", "done_meanwhile")
means("uq_stock_level_product_id_warehouse_id", "done_meanwhile")
means("uq_stock_alert_open", "done_meanwhile")
TEXT_LIMITS = {"sku": 40, "name": 200, "description": 2000, "barcode": 40}
WAREHOUSE_IDS = statement(
    "catalog.warehouse_ids", "SELECT id FROM warehouse ORDER BY id FOR SHARE", tables="warehouse", scope="system"
)
GOODS_IDS = statement(
    "catalog.goods_ids", "SELECT id FROM product WHERE kind = 'goods' ORDER BY id", tables="product", scope="system"
)
LOCK_WAREHOUSES = statement(
    "catalog.lock_warehouses", "LOCK TABLE warehouse IN SHARE ROW EXCLUSIVE MODE", tables="warehouse", scope="system"
)

REMOVE_PARTS = tuple(
    statement(
        f"catalog.remove_{table}",
        f"DELETE FROM {table} WHERE product_id = ANY (%(product_ids)s::bigint[])",  # noqa: S608 (names of tables)
        tables=table,
        scope="system",
    )
    for table in ("stock_level", "product_valuation")
)


@needs("products.write")
def create_product(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a product; goods get a level in every warehouse and a valuation. Raises InvalidInput, `duplicate_sku`."""
    custom = take_custom(plan, "product", values.get("custom"))
    data = _checked(plan, without_masks("product", values, None), custom.errors)
    product = Product(**data, created_at=plan.now)
    plan.session.add(product)
    custom.tell(plan, product)
    plan.session.flush()
    custom.write(plan, product.id)
    if product.kind == ProductKind.GOODS:
        [warehouses] = plan.fetch(WAREHOUSE_IDS())
        for (warehouse_id,) in warehouses:
            plan.insert(StockLevel, product_id=product.id, warehouse_id=warehouse_id)
        plan.insert(ProductValuation, product_id=product.id)
    begin_following(plan, "product", product.id)
    return product_answer(plan, product, custom)


@needs("products.write")
def change_product(
    plan: Plan, product_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given; goods stay goods and services stay services. Raises `edit_conflict`, InvalidInput."""
    product = plan.session.get(Product, product_id, with_for_update={"key_share": True}, populate_existing=True)
    if product is None:
        raise NotFound("product", product_id)
    custom = take_custom(plan, "product", values.get("custom"), product.id)
    if version is not None and product.version != version:
        current = product_answer(plan, product) | {"custom": custom.shown_before()}
        raise DomainError("edit_conflict", version=product.version, current=current)
    if values.get("kind") not in (None, product.kind):
        errors = FieldErrors()
        errors.add("kind", "kind_is_fixed")
        errors.raise_if_any()
    given = without_masks("product", values, product)
    merged = {name: getattr(product, name) for name in EDITABLE - {"unit"}} | given
    for name, value in _checked(plan, merged, custom.errors).items():
        setattr(product, name, value)
    custom.tell(plan, product)
    plan.session.flush()
    custom.write(plan, product.id)
    return product_answer(plan, product, custom)


def remove_products(plan: Plan, product_ids: Sequence[int]) -> None:
    """Deletes products that an import made and on which nothing was built, with their levels and valuation; the audit
    rows of both stay. The database permits it for nothing else (trigger `kept`)."""
    found = plan.session.execute(select(Product).where(Product.id.in_(product_ids))).scalars().all()
    plan.fetch(*(remove(product_ids=list(product_ids)) for remove in REMOVE_PARTS))
    for product in found:
        plan.session.delete(product)
    plan.session.flush()


def product_answer(plan: Plan, product: Product, custom: Custom | None = None) -> dict[str, Any]:
    unit = plan.session.get(UnitOfMeasure, product.unit_id)
    names = ("id", "sku", "name", "description", "kind", "barcode", "category_id", "supplier_id", "price", "tax_rate")
    return {
        **{name: getattr(product, name) for name in names},
        "unit": unit.code if unit else None,
        "is_discontinued": product.is_discontinued,
        "is_active": product.is_active,
        "version": product.version,
        **({"custom": custom.answer()} if custom is not None else {}),
    }


def _checked(plan: Plan, values: Mapping[str, Any], errors: FieldErrors) -> dict[str, Any]:
    data: dict[str, Any] = {name: clean(values.get(name)) for name in TEXT_LIMITS}
    for name, limit in TEXT_LIMITS.items():
        if data[name] and len(data[name]) > limit:
            errors.add(name, "too_long", limit=limit)
    for name in ("sku", "name"):
        if not data[name]:
            errors.add(name, "required")
    data["kind"] = values.get("kind") or ProductKind.GOODS
    if data["kind"] not in list(ProductKind):
        errors.add("kind", "unknown_choice", choices=list(ProductKind))
    data["price"] = values.get("price")
    if data["price"] is None:
        errors.add("price", "required")
    for name in ("price", "cost"):
        data[name] = values.get(name)
        if data[name] is not None:
            if data[name] < 0:
                errors.add(name, "negative")
            elif data[name] > LARGEST_QUANTITY or data[name] != data[name].quantize(Decimal("0.0001")):
                errors.add(name, "not_a_price")
    rate = values.get("tax_rate")
    data["tax_rate"] = get_company(plan.session).tax_rate if rate is None else rate
    if not 0 <= data["tax_rate"] < 1:
        errors.add("tax_rate", "not_a_rate")
    data["unit_id"] = _unit(plan, values, errors)
    data["category_id"], data["supplier_id"] = values.get("category_id"), values.get("supplier_id")
    data["is_discontinued"] = bool(values.get("is_discontinued"))
    data["is_active"] = values.get("is_active") is not False
    errors.raise_if_any()
    data["search_text"] = search_text(data["sku"], data["name"], data["barcode"], data["description"])
    return data


def _unit(plan: Plan, values: Mapping[str, Any], errors: FieldErrors) -> int | None:
    if values.get("unit"):
        found = plan.session.execute(select(UnitOfMeasure.id).where(UnitOfMeasure.code == values["unit"])).scalar()
    elif values.get("unit_id"):
        found = plan.session.execute(select(UnitOfMeasure.id).where(UnitOfMeasure.id == values["unit_id"])).scalar()
    else:
        found = plan.session.execute(select(UnitOfMeasure.id).order_by(UnitOfMeasure.code != "pcs").limit(1)).scalar()
    if found is None:
        errors.add("unit", "unit_unknown", value=values.get("unit"))
    return found


@needs("warehouses.write")
def save_warehouse(
    plan: Plan, values: Mapping[str, Any], *, warehouse_id: int | None = None, version: int | None = None
) -> dict[str, Any]:
    """Creates a warehouse, with a level for every goods product, or changes the fields given. There is always one
    default. Raises NotFound, InvalidInput, `edit_conflict`."""
    errors = FieldErrors()
    plan.fetch(LOCK_WAREHOUSES())
    existing = plan.session.execute(select(Warehouse)).scalars().all()
    warehouse = next((found for found in existing if found.id == warehouse_id), None)
    if warehouse_id is not None and warehouse is None:
        raise NotFound("warehouse", warehouse_id)
    data = {name: clean(values.get(name, getattr(warehouse, name, None))) for name in ("code", "name", "address")}
    check_texts(errors, Warehouse, data)
    for name in ("code", "name"):
        if not data[name]:
            errors.add(name, "required")
    errors.raise_if_any()
    if any(found.code == data["code"] and found is not warehouse for found in existing):
        errors.add("code", "duplicate_code")
        errors.raise_if_any()
    if warehouse is not None and version is not None and warehouse.version != version:
        raise DomainError("edit_conflict", version=warehouse.version)
    is_default = bool(values.get("is_default")) or not existing
    if is_default:
        for other in existing:
            other.is_default = False
        plan.session.flush()
    is_new = warehouse is None
    if warehouse is None:
        warehouse = Warehouse()
        plan.session.add(warehouse)
    for name, value in data.items():
        setattr(warehouse, name, value)
    warehouse.is_default = is_default or bool(warehouse.is_default)
    plan.session.flush()
    if is_new:
        [goods] = plan.fetch(GOODS_IDS())
        for (product_id,) in goods:
            plan.insert(StockLevel, product_id=product_id, warehouse_id=warehouse.id)
    names = ("id", "code", "name", "address", "is_default", "version")
    return {name: getattr(warehouse, name) for name in names}


@needs("stock.plan")
def set_reorder_point(
    plan: Plan, product_id: int, warehouse_id: int, quantity: Decimal | None, *, seen: Sequence[Decimal | None] = ()
) -> dict[str, Any]:
    """Sets, changes or (None) removes the reorder point of a product in a warehouse. `seen`, where it is known, holds
    what was shown before. Raises NotFound, InvalidInput, `changed_since` with what stands there instead of it."""
    errors = FieldErrors()
    if quantity is not None and quantity > LARGEST_QUANTITY:
        errors.add("quantity", "too_large", limit=LARGEST_QUANTITY)
    elif quantity is not None and (quantity < 0 or is_finer(quantity, QUANTITY_PLACES)):
        errors.add("quantity", "not_a_quantity")
    product = plan.session.get(Product, product_id)
    if product is None or plan.session.get(Warehouse, warehouse_id) is None:
        raise NotFound("product", product_id)
    if product.kind != ProductKind.GOODS:
        errors.add("product_id", "service_holds_no_stock", sku=product.sku)
    errors.raise_if_any()
    point = plan.session.execute(
        select(ReorderPoint)
        .where(ReorderPoint.product_id == product_id, ReorderPoint.warehouse_id == warehouse_id)
        .with_for_update()
    ).scalar_one_or_none()
    before = None if point is None else point.quantity
    if seen and seen[0] != before:
        raise DomainError("changed_since", now=before)
    if quantity is None:
        if point is not None:
            plan.session.delete(point)
    elif point is None:
        plan.session.add(ReorderPoint(product_id=product_id, warehouse_id=warehouse_id, quantity=quantity))
    else:
        point.quantity = quantity
    emit(plan, "stock_changed", warehouse_id=warehouse_id, product_ids=[product_id])
    return {"product_id": product_id, "warehouse_id": warehouse_id, "quantity": quantity}
