"""Sales orders: written, confirmed, shipped, billed, cancelled, taken back, credited; each with its preview."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.errors import FieldErrors
from core.queries.reading import today
from crm.models import OnShort, OrderState, ShippingStatus
from crm.orders.bill import BillRequest, bill_order
from crm.orders.cancel import cancel_order
from crm.orders.confirm import confirm_order
from crm.orders.correction import QuantityRequest
from crm.orders.create import change_order, create_order
from crm.orders.credit import PriceCredit, credit_order
from crm.orders.return_goods import return_goods
from crm.orders.ship import ShipRequest, ship_order
from crm.pricing import LineRequest
from crm.queries.order_record import ORDERS, OrderRecord, get_order, order_payment_status
from finance.queries.invoice_record import payment_status
from web.api.fields import Amount, Body, Choice, Day, Field, Id, Integer, Many, Percent, Price, Quantity, Text
from web.api.operation import PAGING, Call, operation

ON_SHORT = Choice(choices=tuple(OnShort), help="What to do when stock is short: refuse the order, or wait for it.")
PRICED_LINE = Body(
    product_id=Id(required=True),
    quantity=Quantity(required=True),
    unit_price=Price(help="Net; the product's price when left out."),
    discount_percent=Percent(help='"10" is 10 %.'),
    description=Text(limit=300),
)
ORDER_LINE = PRICED_LINE | Body(on_short=ON_SHORT)
HEADER: dict[str, Field] = {
    "warehouse_id": Id(help="The default warehouse when left out."),
    "requested_on": Day(),
    "customer_reference": Text(limit=80),
    "note": Text(limit=4000),
    "ship_to": Text(limit=1000, help="The customer's own address when left out of a new order, or empty."),
    "carrier": Text(limit=80),
}
NEW = Body(
    customer_id=Id(required=True),
    opportunity_id=Id(),
    **HEADER,
    lines=Many(required=True, item=ORDER_LINE, make=LineRequest),
)
CHANGE = Body(**HEADER, lines=Many(item=ORDER_LINE, make=LineRequest), version=Integer(smallest=1))
KEPT = frozenset(("requested_on", "customer_reference", "note", "carrier"))
"""What a change of a draft leaves as it is when it does not name it."""
REASON = Text(limit=300)
LINE_QUANTITY = Body(line_id=Id(required=True), quantity=Quantity(required=True))

STATUSES = {"state": str, "shipping_status": str, "invoice_status": str}
LINE_SHAPE = {
    "id": int, "position": int, "product_id": int, "sku": str, "description": str, "quantity": Decimal,
    "unit_price": Decimal, "discount_percent": Decimal, "tax_rate": Decimal, "amount_net": Decimal,
    "amount_tax": Decimal, "on_short": str,
}  # fmt: skip
INVOICE_SHAPE = {"id": int, "number": str, "amount_total": Decimal, "amount_open": Decimal, "due_on": date | None}
SHIPMENT_SHAPE = {
    "id": int, "number": str, "shipped_on": date,
    "lines": [{"position": int, "product_id": int, "quantity": Decimal}],
}  # fmt: skip
CREATED = {
    "id": int, "number": str, **STATUSES, "payment_status": str, "customer_id": int, "currency": str,
    "amount_net": Decimal, "amount_tax": Decimal, "amount_total": Decimal, "lines": [LINE_SHAPE],
}  # fmt: skip
PROGRESS = {
    "quantity_reserved": Decimal, "quantity_back_ordered": Decimal, "quantity_to_ship": Decimal,
    "quantity_shipped": Decimal, "quantity_returned": Decimal, "quantity_cancelled": Decimal,
    "quantity_invoiced": Decimal, "quantity_credited": Decimal,
}  # fmt: skip
RECORD = {
    **{name: kind for name, kind in CREATED.items() if name != "lines"},
    "customer_name": str, "opportunity_id": int | None, "quotation_id": int | None, "warehouse_id": int,
    "ordered_on": date, "requested_on": date | None, "version": int, "amount_open": Decimal,
    "ship_to": str | None, "carrier": str | None,
}  # fmt: skip
WHOLE = RECORD | {
    "lines": [LINE_SHAPE | PROGRESS],
    "invoices": [INVOICE_SHAPE | {"payment_status": str}],
    "credit_notes": [{"id": int, "number": str, "amount_total": Decimal}],
    "shipments": [SHIPMENT_SHAPE | {"kind": str}],
}
CORRECTED = {"id": int, "number": str, **STATUSES, "amount_unapplied": Decimal}


@operation("POST", "/sales-orders", "orders.write", summary="Write a draft order", body=NEW, answer=CREATED, status=201)
def create_sales_order(call: Call) -> Any:
    return call.run(create_order, **call.body)


@operation(
    "GET", "/sales-orders", "orders.read", summary="Find orders",
    query=Body(
        customer_id=Id(), opportunity_id=Id(), number=Text(limit=24), state=Choice(choices=tuple(OrderState)),
        shipping_status=Choice(choices=tuple(ShippingStatus)),
    ) | PAGING,
    answer=[RECORD],
)  # fmt: skip
def list_sales_orders(call: Call) -> Any:
    day = today()
    return call.page(ORDERS, lambda row: _header(row, day))


def _header(row: OrderRecord, day: date) -> dict[str, Any]:
    values = row._asdict()
    for name in ("billed", "credited", "oldest_due_on"):
        del values[name]
    values["amount_open"] = values.pop("open")
    values["payment_status"] = order_payment_status(row, day)
    return values


@operation("GET", "/sales-orders/{order_id}", "orders.read", summary="One order with all that came of it", answer=WHOLE)
def get_sales_order(call: Call, order_id: int) -> Any:
    whole, day = get_order(order_id), today()
    return {
        **_header(whole.order, day),
        "lines": [row._asdict() for row in whole.lines],
        "invoices": [{**row._asdict(), "payment_status": payment_status([row], day)} for row in whole.invoices],
        "credit_notes": [row._asdict() for row in whole.credit_notes],
        "shipments": [row._asdict() for row in whole.shipments],
    }


@operation(
    "PATCH", "/sales-orders/{order_id}", "orders.write", summary="Change a draft order", body=CHANGE,
    answer={"id": int, "number": str, "state": str, "version": int}, refusals=("order_state", "edit_conflict"),
)  # fmt: skip
def change_sales_order(call: Call, order_id: int) -> Any:
    given = dict(call.body)
    if not given.keys() >= KEPT:
        order = get_order(order_id).order
        given = {name: getattr(order, name) for name in KEPT} | given
    if "ship_to" in given:
        given["ship_to"] = given["ship_to"] or ""
    return call.run(change_order, order_id, **given)


@operation(
    "POST", "/sales-orders/{order_id}/confirm", "orders.confirm", previewable=True,
    summary="Confirm: reserve every line, post the receivable",
    body=Body(lines=Many(item=Body(line_id=Id(required=True), on_short=Choice(required=True, choices=tuple(OnShort))))),
    answer={
        "id": int, "number": str, **STATUSES, "payment_status": str, "amount_total": Decimal,
        "invoices": [INVOICE_SHAPE],
    },
    refusals=(
        "insufficient_stock", "credit_exceeded", "approval_required", "order_state", "period_closed", "plan_changed",
    ),
)  # fmt: skip
def confirm_sales_order(call: Call, order_id: int) -> Any:
    lines, errors = call.body.get("lines") or [], FieldErrors()
    chosen: dict[int, str] = {}
    for index, line in enumerate(lines):
        if line["line_id"] in chosen:
            errors.add(f"lines.{index}.line_id", "named_twice", number=str(line["line_id"]))
        chosen[line["line_id"]] = line["on_short"]
    errors.raise_if_any()
    return call.run(confirm_order, order_id, on_short=chosen)


@operation(
    "POST", "/sales-orders/{order_id}/ship", "orders.ship", previewable=True, summary="Ship what is reserved, or lines",
    body=Body(
        lines=Many(item=LINE_QUANTITY, make=ShipRequest), carrier=Text(limit=80), tracking_number=Text(limit=80)
    ),
    answer={"id": int, "number": str, **STATUSES, "shipments": [SHIPMENT_SHAPE]},
    refusals=("insufficient_stock", "nothing_to_ship", "order_state", "period_closed", "plan_changed"),
)  # fmt: skip
def ship_sales_order(call: Call, order_id: int) -> Any:
    body = call.body
    return call.run(
        ship_order,
        order_id,
        lines=body.get("lines"),
        carrier=body.get("carrier"),
        tracking_number=body.get("tracking_number"),
    )


@operation(
    "POST", "/sales-orders/{order_id}/cancel", "orders.cancel", previewable=True,
    summary="Cancel what is not shipped: all of it, or quantities",
    body=Body(lines=Many(item=LINE_QUANTITY, make=QuantityRequest), reason=REASON), answer=CORRECTED,
    refusals=("nothing_to_cancel", "order_state", "period_closed", "plan_changed"),
)  # fmt: skip
def cancel_sales_order(call: Call, order_id: int) -> Any:
    return call.run(cancel_order, order_id, lines=call.body.get("lines"), reason=call.body.get("reason"))


@operation(
    "POST", "/sales-orders/{order_id}/return", "orders.return", previewable=True, summary="Take shipped goods back",
    body=Body(lines=Many(required=True, item=LINE_QUANTITY, make=QuantityRequest), reason=REASON),
    answer=CORRECTED | {"returns": [{"id": int, "number": str}]},
    refusals=("order_state", "credit_exceeds_invoice", "period_closed", "plan_changed"),
)  # fmt: skip
def return_sales_order(call: Call, order_id: int) -> Any:
    return call.run(return_goods, order_id, lines=call.body["lines"], reason=call.body.get("reason"))


@operation(
    "POST", "/sales-orders/{order_id}/bill", "orders.bill", previewable=True,
    summary="Invoice what was shipped (where invoices follow delivery)",
    body=Body(lines=Many(item=LINE_QUANTITY, make=BillRequest)),
    answer={"id": int, "number": str, **STATUSES, "invoices": [INVOICE_SHAPE]},
    refusals=("nothing_to_invoice", "billed_on_order", "order_state", "period_closed", "plan_changed"),
)  # fmt: skip
def bill_sales_order(call: Call, order_id: int) -> Any:
    return call.run(bill_order, order_id, lines=call.body.get("lines"))


@operation(
    "POST", "/sales-orders/{order_id}/credit", "orders.bill", previewable=True,
    summary="Take money off billed lines without goods coming back",
    body=Body(
        lines=Many(
            required=True, item=Body(line_id=Id(required=True), amount_net=Amount(required=True)), make=PriceCredit
        ),
        reason=REASON,
    ),
    answer=CORRECTED | {"credit_notes": [{"id": int, "number": str, "amount_total": Decimal}]},
    refusals=("credit_exceeds_invoice", "nothing_to_credit", "order_state", "period_closed", "plan_changed"),
)  # fmt: skip
def credit_sales_order(call: Call, order_id: int) -> Any:
    return call.run(credit_order, order_id, lines=call.body["lines"], reason=call.body.get("reason"))
