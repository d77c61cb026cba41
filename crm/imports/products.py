"""Products with their categories, and prices of products there are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from core.catalog import Product, ProductCategory
from core.categories import save_category
from core.errors import DomainError
from core.imports.fields import Field, number, reference, text
from core.imports.kinds import Kind, Unit, Values, declare
from core.imports.models import Action
from core.masks import COSTS
from core.plan import Plan
from core.statements import statement
from crm.imports.parts import SUPPLIERS, UNITS, KnownFact, before, found_id, given, mark_known, typed
from inventory.catalog import EDITABLE, change_product, create_product, remove_products

KINDS = {"goods": ("商品", "Goods"), "service": ("服务", "Service")}
KNOWN = statement(
    "imports.known_products",
    """
    SELECT number::int - 1, product.id, product.sku || ' ' || product.name
      FROM unnest(%(skus)s::text[], %(barcodes)s::text[]) WITH ORDINALITY AS told (sku, barcode, number)
      JOIN product ON product.sku = told.sku OR product.barcode = told.barcode
     ORDER BY number, product.sku = told.sku DESC, product.id
    """,
    tables="product",
    scope="system",
    fact=KnownFact,
)
_SKU = text(
    "sku",
    "货号|商品编码|编码|产品编号|商品编号|规格编码",
    "SKU|Product code|Code|Article|Item number|Product ID|ID",
    required=True,
)
_PRICE = number("price", "单价|价格|售价|销售价", "Price|Unit price|List price|Sales price", from_zero=True)
_COST = number("cost", "成本|成本价|进价", "Cost|Cost price|Unit cost|Purchase price", mask=COSTS, from_zero=True)


def _find(plan: Plan, units: Sequence[Unit]) -> None:
    skus, barcodes = ([unit.values.get(name) for unit in units] for name in ("sku", "barcode"))
    [facts] = plan.fetch(KNOWN(skus=skus, barcodes=barcodes))
    mark_known(units, facts)
    for unit, sku, barcode in zip(units, skus, barcodes, strict=True):
        unit.keys = [f"sku:{sku}", *([f"barcode:{barcode}"] if barcode else [])]


def _values(plan: Plan, unit: Unit) -> Values:
    """What the command takes; a category that is not there yet is made."""
    values = given(unit.values, EDITABLE)
    name = unit.values.get("category")
    if name:
        found = plan.session.execute(select(ProductCategory.id).where(ProductCategory.name == name)).scalar()
        values["category_id"] = found or save_category(plan, {"name": name})["id"]
    return values


def _create(plan: Plan, unit: Unit) -> None:
    answer = create_product(plan, _values(plan, unit))
    unit.record_id, unit.version = answer["id"], answer["version"]


def _change(plan: Plan, unit: Unit) -> None:
    values = _values(plan, unit)
    unit.before = before(plan, Product, found_id(unit), values)
    unit.record_id, unit.version = found_id(unit), change_product(plan, found_id(unit), values)["version"]


def _restore(plan: Plan, product_id: int, values: Values, version: int) -> int:
    return int(change_product(plan, product_id, typed(Product, values), version=version)["version"])


def _no_new_product(plan: Plan, unit: Unit) -> None:
    raise DomainError("import_not_found", text=unit.values["sku"])


declare(
    Kind(
        name="products",
        zh="商品",
        en="Products",
        permission="products.write",
        record_type="product",
        table="product",
        has_custom=True,
        label="sku",
        endpoint="products.show",
        argument="product_id",
        fields=(
            _SKU,
            text(
                "name", "名称|商品名称|品名|产品名称", "Name|Product name|Product|Item|Description short", required=True
            ),
            text("description", "描述|说明|规格|规格型号", "Description|Details|Quantity per unit|Specification"),
            Field("kind", "类型", "Kind|Type", "choice", choices=KINDS),
            text("barcode", "条码|条形码", "Barcode|EAN|GTIN|UPC"),
            text("category", "分类|类别|商品分类", "Category|Category name|Product group"),
            reference("unit_id", "单位|计量单位", "Unit|Unit of measure|UoM", UNITS),
            reference("supplier_id", "供应商|供应商编号", "Supplier|Supplier code|Supplier ID|Vendor", SUPPLIERS),
            _PRICE,
            _COST,
            Field("tax_rate", "税率", "Tax rate|VAT|Tax", "rate"),
            Field("is_discontinued", "停产|已停售|停售", "Discontinued", "flag"),
        ),
        find=_find,
        create=_create,
        change=_change,
        restore=_restore,
        remove=remove_products,
        own_parts={"stock_level": "product_id", "product_valuation": "product_id"},
    )
)
declare(
    Kind(
        name="prices",
        zh="价格",
        en="Prices",
        permission="products.write",
        record_type="product",
        table="product",
        label="sku",
        endpoint="products.show",
        argument="product_id",
        fields=(_SKU, _PRICE, _COST),
        needed_any=("price", "cost"),
        existing=Action.UPDATE,
        find=_find,
        create=_no_new_product,
        change=_change,
        restore=_restore,
    )
)
