"""Stock: adjustments and receipts, levels, reorder points, alerts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.errors import FieldErrors
from core.masks import Cost
from inventory.alerts import dismiss_alert, restore_alert
from inventory.catalog import set_reorder_point
from inventory.documents import StockLine, adjust_stock, receive_stock
from inventory.models import MoveKind
from inventory.queries.place_record import MOVES, get_document
from inventory.queries.stock_record import ALERTS, DOCUMENTS, LEVELS, REORDER_POINTS
from web.api.fields import Body, Choice, Flag, Id, Many, Price, Quantity, Text
from web.api.operation import PAGING, Call, operation

LINES = Many(
    required=True,
    item=Body(
        product_id=Id(required=True),
        warehouse_id=Id(help="The document's when left out. An adjustment may name several, a receipt one."),
        quantity=Quantity(required=True),
        unit_cost=Price(help="Net, per unit; the moving average when left out."),
    ),
    make=StockLine,
)
DOCUMENT = {
    "id": int, "number": str, "kind": str, "warehouse_id": int, "reason": str | None,
    "lines": [{
        "product_id": int, "warehouse_id": int, "quantity": Decimal, "unit_cost": Cost, "value": Cost
    }],
    "documents": [{"id": int, "number": str, "warehouse_id": int}],
}  # fmt: skip


def _lines(body: dict[str, Any]) -> dict[str, Any]:
    """The command's lines and their one warehouse. Raises InvalidInput where lines name another one."""
    placed: list[StockLine] = body["lines"]
    named = [line.warehouse_id for line in placed if line.warehouse_id is not None]
    warehouse_id = body.get("warehouse_id") or (named[0] if named else None)
    errors = FieldErrors()
    for index, line in enumerate(placed):
        place = line.warehouse_id or body.get("warehouse_id")
        if place != warehouse_id:
            errors.add(f"lines.{index}.warehouse_id", "another_warehouse")
    errors.raise_if_any()
    return {"lines": placed, "warehouse_id": warehouse_id}


@operation(
    "POST", "/stock-adjustments", "stock.adjust", previewable=True, status=201,
    summary="Correct stock by signed quantities; a document per warehouse",
    body=Body(reason=Text(required=True, limit=300), warehouse_id=Id(), lines=LINES), answer=DOCUMENT,
    refusals=("insufficient_stock", "approval_required", "period_closed", "plan_changed"),
)  # fmt: skip
def create_stock_adjustment(call: Call) -> Any:
    body = call.body
    return call.run(adjust_stock, reason=body["reason"], lines=body["lines"], warehouse_id=body.get("warehouse_id"))


@operation(
    "POST", "/stock-receipts", "stock.receive", previewable=True, status=201,
    summary="Receive goods; waiting orders are filled first",
    body=Body(reason=Text(limit=300), supplier_id=Id(), warehouse_id=Id(), lines=LINES), answer=DOCUMENT,
    refusals=("period_closed", "plan_changed"),
)  # fmt: skip
def create_stock_receipt(call: Call) -> Any:
    body = call.body
    return call.run(receive_stock, supplier_id=body.get("supplier_id"), reason=body.get("reason"), **_lines(body))


@operation(
    "GET", "/stock-documents", "stock.read", summary="Find receipts and adjustments",
    query=Body(kind=Choice(choices=tuple(MoveKind)), number=Text(limit=24)) | PAGING,
    answer=[{"id": int, "number": str, "kind": str, "warehouse_id": int, "effective_on": date, "reason": str | None}],
)  # fmt: skip
def list_stock_documents(call: Call) -> Any:
    return call.page(DOCUMENTS, lambda row: row._asdict())


@operation(
    "GET", "/stock-documents/{document_id}", "stock.read", summary="One receipt or adjustment with its lines",
    answer={
        "id": int, "number": str, "kind": str, "warehouse_id": int, "supplier_id": int | None, "effective_on": date,
        "reason": str | None,
        "lines": [{
            "position": int, "product_id": int, "sku": str, "quantity": Decimal, "unit_cost": Cost, "value": Cost
        }],
    },
)  # fmt: skip
def get_stock_document(call: Call, document_id: int) -> Any:
    return get_document(document_id)._asdict()


PLACE = Body(product_id=Id(), warehouse_id=Id())


@operation(
    "GET", "/stock-moves", "stock.read", summary="Every move of stock, the latest first",
    query=PLACE | Body(
        kind=Choice(choices=tuple(MoveKind)), origin=Text(limit=40, help="The number of the order or document.")
    ) | PAGING,
    answer=[{
        "id": int, "recorded_at": str, "effective_on": date, "kind": str, "product_id": int, "sku": str,
        "warehouse_id": int, "quantity": Decimal, "value": Cost, "on_hand_after": Decimal, "origin": str,
        "reason": str | None,
    }],
)  # fmt: skip
def list_stock_moves(call: Call) -> Any:
    return call.page(MOVES, lambda row: row._asdict())


@operation(
    "GET", "/stock-levels", "stock.read", summary="Stock by product and warehouse",
    query=PLACE | Body(sku=Text(limit=40)) | PAGING,
    answer=[{
        "product_id": int, "sku": str, "warehouse_id": int, "on_hand": Decimal, "reserved": Decimal,
        "available": Decimal, "back_ordered": Decimal, "projected": Decimal,
    }],
)  # fmt: skip
def list_stock_levels(call: Call) -> Any:
    return call.page(LEVELS, lambda row: row._asdict())


@operation(
    "POST", "/reorder-points", "stock.plan", summary="Set a reorder point; null removes it", status=201,
    body=Body(
        product_id=Id(required=True), warehouse_id=Id(required=True), quantity=Quantity(),
        was=Quantity(help="The point that was read, null for none: refused where another stands there now."),
    ),
    answer={"product_id": int, "warehouse_id": int, "quantity": Decimal | None}, refusals=("changed_since",),
)  # fmt: skip
def set_reorder_point_call(call: Call) -> Any:
    body = call.body
    seen = (body["was"],) if "was" in body else ()
    return call.run(set_reorder_point, body["product_id"], body["warehouse_id"], body.get("quantity"), seen=seen)


@operation(
    "GET", "/reorder-points", "stock.read", summary="Reorder points", query=PLACE | PAGING,
    answer=[{
        "id": int, "product_id": int, "sku": str, "warehouse_id": int, "quantity": Decimal, "available": Decimal
    }],
)  # fmt: skip
def list_reorder_points(call: Call) -> Any:
    return call.page(REORDER_POINTS, lambda row: row._asdict())


@operation(
    "GET", "/stock-alerts", "stock.read", summary="Low-stock alerts, open ones unless said otherwise",
    query=PLACE | Body(open=Flag()) | PAGING,
    answer=[{
        "id": int, "product_id": int, "sku": str, "name": str, "warehouse_id": int, "available": Decimal,
        "reorder_point": Decimal, "opened_at": str, "closed_at": str | None, "dismissed_at": str | None,
    }],
)  # fmt: skip
def list_stock_alerts(call: Call) -> Any:
    call.query.setdefault("open", True)
    return call.page(ALERTS, lambda row: row._asdict())


@operation(
    "POST", "/stock-alerts/{alert_id}/dismiss", "stock.plan", summary="Mark an open alert as seen", body=Body(),
    answer={"id": int},
)  # fmt: skip
def dismiss_stock_alert(call: Call, alert_id: int) -> Any:
    return call.run(dismiss_alert, alert_id)


@operation(
    "POST", "/stock-alerts/{alert_id}/restore", "stock.plan", summary="Put a dismissed alert back among the open ones",
    body=Body(), answer={"id": int},
)  # fmt: skip
def restore_stock_alert(call: Call, alert_id: int) -> Any:
    return call.run(restore_alert, alert_id)
