"""Sales orders as drafts: a row for each line, those with the same number together; or a file of orders with one of
their lines beside it, which the frame makes into such rows.

An order is known by its number in the file, which becomes the customer's reference. It is recorded today; the day it
was ordered on is kept where documents may carry it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.clock import is_document_day
from core.errors import FieldError
from core.imports.fields import Field, number, reference, text
from core.imports.kinds import Found, Kind, Unit, declare
from core.imports.undoing import BuiltFact
from core.plan import Plan
from core.statements import statement
from crm.imports.parts import CUSTOMERS, PRODUCTS, WAREHOUSES
from crm.orders.cancel import cancel_order
from crm.orders.create import create_order
from crm.pricing import LineRequest


class KnownOrder(NamedTuple):
    place: int
    id: int
    number: str


KNOWN = statement(
    "imports.known_orders",
    """
    SELECT told.number::int - 1, sales_order.id, sales_order.number
      FROM unnest(%(customer_ids)s::bigint[], %(references)s::text[]) WITH ORDINALITY
           AS told (customer_id, reference, number)
      JOIN sales_order ON sales_order.customer_id = told.customer_id AND customer_reference = told.reference
           AND sales_order.state <> 'cancelled'
     ORDER BY told.number, sales_order.id
    """,
    tables="sales_order",
    scope="by_root",
    fact=KnownOrder,
)
# A draft that nobody touched can be cancelled; anything later was built on it.
TOUCHED = statement(
    "imports.touched_orders",
    """
    SELECT sales_order.id, number, 'changed', 1 FROM unnest(%(order_ids)s::bigint[]) AS told (id)
      JOIN sales_order ON sales_order.id = told.id
     WHERE state NOT IN ('draft', 'cancelled') OR version <> 1 AND state = 'draft'
    """,
    tables="sales_order",
    scope="by_root",
    fact=BuiltFact,
)


def _find(plan: Plan, units: Sequence[Unit]) -> None:
    ids = [unit.values.get("customer_id") for unit in units]
    numbers = [unit.values.get("number") for unit in units]
    [facts] = plan.fetch(KNOWN(customer_ids=ids, references=numbers))
    for fact in facts:
        units[fact.place].found = Found(fact.id, fact.number)
    for unit, customer_id, told in zip(units, ids, numbers, strict=True):
        unit.keys = [f"{customer_id}:{told}"] if told else []


def _day(plan: Plan, unit: Unit, name: str) -> date | None:
    """A day that documents may carry; another one is left out, with a remark."""
    day: date | None = unit.values.get(name)
    if day is None or is_document_day(day, plan.today):
        return day
    unit.notes[name] = FieldError("import_day_left_out", {"day": day})
    return None


def _create(plan: Plan, unit: Unit) -> None:
    values = unit.values
    ordered_on = _day(plan, unit, "ordered_on")
    answer = create_order(
        plan,
        customer_id=values["customer_id"],
        lines=[_line(row.values) for row in unit.rows],
        warehouse_id=values.get("warehouse_id"),
        ordered_on=ordered_on,
        requested_on=_day(plan, unit, "requested_on"),
        customer_reference=values.get("number"),
        note=values.get("note"),
        ship_to=_ship_to(values),
        carrier=values.get("carrier"),
    )
    unit.record_id = answer["id"]


def _line(values: Any) -> LineRequest:
    return LineRequest(
        product_id=values["product_id"],
        quantity=values["quantity"],
        unit_price=values.get("unit_price"),
        discount_percent=values.get("discount_percent") or Decimal(0),
        description=values.get("description"),
    )


def _ship_to(values: Any) -> str | None:
    place = " ".join(values[name] for name in ("ship_postal_code", "ship_city", "ship_region") if values.get(name))
    lines = [values.get("ship_name"), values.get("ship_to"), place, values.get("ship_country")]
    return "\n".join(line for line in lines if line) or None


def _cancel(plan: Plan, units: Sequence[Unit]) -> None:
    for unit in units:
        if unit.record_id is not None:
            cancel_order(plan, unit.record_id, reason=plan.context.reason)


def _built_on(plan: Plan, batch_id: int, rows: Sequence[Any]) -> list[BuiltFact]:
    [found] = plan.fetch(TOUCHED(order_ids=[row.record_id for row in rows]))
    return list(found)


declare(
    Kind(
        name="orders",
        zh="销售订单（草稿）",
        en="Sales orders (drafts)",
        permission="orders.write",
        record_type="sales_order",
        table="sales_order",
        label="number",
        endpoint="orders.show",
        argument="order_id",
        group_by="number",
        fields=(
            text("number", "订单号|订单编号|单号", "Order number|Order ID|Order|Order no|Number", required=True),
            reference(
                "customer_id",
                "客户|客户编号|客户名称",
                "Customer|Customer code|Customer ID|Customer name",
                CUSTOMERS,
                required=True,
            ),
            Field("ordered_on", "下单日期|订单日期|日期", "Order date|Ordered on|Date", "day"),
            Field(
                "requested_on",
                "要求日期|交货日期|期望交期",
                "Requested on|Required date|Delivery date|Requested date",
                "day",
            ),
            reference(
                "product_id",
                "商品|货号|商品编码|产品编号",
                "Product|SKU|Product code|Product ID|Item|Article",
                PRODUCTS,
                required=True,
                is_many=True,
            ),
            number("quantity", "数量", "Quantity|Qty", places=3, required=True, is_many=True),
            number("unit_price", "单价|价格", "Unit price|Price", is_many=True),
            Field("discount_percent", "折扣|折扣率", "Discount|Discount %|Discount percent", "percent", is_many=True),
            text("description", "行说明|描述", "Description|Line text", is_many=True),
            reference("warehouse_id", "仓库", "Warehouse", WAREHOUSES),
            text("carrier", "承运商|物流公司", "Carrier|Shipper"),
            text("ship_name", "收货人|收货单位", "Ship name|Consignee|Ship to name"),
            text("ship_to", "收货地址|送货地址", "Ship to|Ship address|Delivery address|Shipping address"),
            text("ship_city", "收货城市", "Ship city"),
            text("ship_region", "收货省份", "Ship region"),
            text("ship_postal_code", "收货邮编", "Ship postal code|Ship zip"),
            text("ship_country", "收货国家", "Ship country"),
            text("note", "备注", "Note|Notes|Remark"),
        ),
        find=_find,
        create=_create,
        take_back=_cancel,
        built_on=_built_on,
        batch=100,
    )
)
