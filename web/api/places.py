"""Warehouses, and what left them or came back: shipments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from inventory.catalog import save_warehouse
from inventory.queries.place_record import SHIPMENTS, WAREHOUSES, get_shipment, get_warehouse
from web.api.fields import Body, Choice, Flag, Id, Integer, Text
from web.api.operation import PAGING, Call, operation

ADDRESS = Text(limit=1000)
DEFAULT = Flag(help="Orders and receipts use it unless another is named; true takes that from the present one.")
SAVED = {"id": int, "code": str, "name": str, "address": str | None, "is_default": bool, "version": int}
SHAPE = SAVED | {"is_active": bool}


@operation(
    "POST", "/warehouses", "warehouses.write", summary="Create a warehouse; every goods product gets a level in it",
    body=Body(
        code=Text(required=True, limit=20), name=Text(required=True, limit=120), address=ADDRESS, is_default=DEFAULT
    ),
    status=201, answer=SAVED,
)  # fmt: skip
def create_warehouse(call: Call) -> Any:
    return call.run(save_warehouse, call.body)


@operation(
    "GET", "/warehouses", "stock.read", summary="Warehouses", query=Body(code=Text(limit=20)) | PAGING, answer=[SHAPE]
)  # fmt: skip
def list_warehouses(call: Call) -> Any:
    return call.page(WAREHOUSES, lambda row: row._asdict())


@operation("GET", "/warehouses/{warehouse_id}", "stock.read", summary="One warehouse", answer=SHAPE)
def get_warehouse_call(call: Call, warehouse_id: int) -> Any:
    return get_warehouse(warehouse_id)._asdict()


@operation(
    "PATCH", "/warehouses/{warehouse_id}", "warehouses.write", summary="Change a warehouse",
    body=Body(
        code=Text(nullable=False, limit=20), name=Text(nullable=False, limit=120), address=ADDRESS, is_default=DEFAULT,
        version=Integer(smallest=1),
    ),
    answer=SAVED, refusals=("edit_conflict",),
)  # fmt: skip
def change_warehouse(call: Call, warehouse_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(save_warehouse, call.body, warehouse_id=warehouse_id, version=version)


# shipments ------------------------------------------------------------------------------------------------------------
SHIPMENT = {
    "id": int, "number": str, "kind": str, "customer_id": int, "customer_name": str, "warehouse_id": int,
    "shipped_on": date, "ship_to": str | None, "carrier": str | None, "tracking_number": str | None, "origin": str,
}  # fmt: skip


@operation(
    "GET", "/shipments", "stock.read", summary="Find shipments and goods taken back", answer=[SHIPMENT],
    query=Body(
        customer_id=Id(), kind=Choice(choices=("out", "return")), number=Text(limit=24), origin=Text(limit=40)
    ) | PAGING,
)  # fmt: skip
def list_shipments(call: Call) -> Any:
    return call.page(SHIPMENTS, lambda row: row._asdict())


@operation(
    "GET", "/shipments/{shipment_id}", "stock.read", summary="One shipment with its lines",
    answer=SHIPMENT | {
        "lines": [{"position": int, "product_id": int, "sku": str, "name": str, "quantity": Decimal}],
    },
)  # fmt: skip
def get_shipment_call(call: Call, shipment_id: int) -> Any:
    shipment, lines = get_shipment(shipment_id)
    return {**shipment._asdict(), "lines": [row._asdict() for row in lines]}
