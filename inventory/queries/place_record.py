"""Warehouses, shipments and moves of stock as data."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from core.errors import NotFound
from core.masks import COSTS, Cost, Sensitive
from core.queries.paging import Listing
from core.queries.reading import read, read_one
from core.statements import statement

StockLines = Annotated[list[dict[str, Any]], Sensitive(within=(("unit_cost", COSTS), ("value", COSTS)))]


class WarehouseRecord(NamedTuple):
    id: int
    code: str
    name: str
    address: str | None
    is_default: bool
    is_active: bool
    version: int


class ShipmentRecord(NamedTuple):
    """Goods that left (`out`) or came back (`return`); `origin` is the order's number."""

    id: int
    number: str
    kind: str
    customer_id: int
    customer_name: str
    warehouse_id: int
    shipped_on: date
    ship_to: str | None
    carrier: str | None
    tracking_number: str | None
    origin: str


class ShipmentLineRecord(NamedTuple):
    position: int
    product_id: int
    sku: str
    name: str
    quantity: Decimal


class MoveRecord(NamedTuple):
    """One change of a level: signed quantity and value, and what was on hand after it."""

    id: int
    recorded_at: datetime
    effective_on: date
    kind: str
    product_id: int
    sku: str
    warehouse_id: int
    quantity: Decimal
    value: Cost
    on_hand_after: Decimal
    origin: str
    reason: str | None


class DocumentRecord(NamedTuple):
    """A receipt, an adjustment or opening stock; `lines` is JSON data with decimal strings."""

    id: int
    number: str
    kind: str
    warehouse_id: int
    supplier_id: int | None
    effective_on: date
    reason: str | None
    lines: StockLines


WAREHOUSE_SELECT = """
    SELECT row.id, row.code, row.name, row.address, row.is_default, row.is_active, row.version FROM warehouse AS row
"""
WAREHOUSE = statement(
    "warehouses.record",
    WAREHOUSE_SELECT + " WHERE row.id = %(warehouse_id)s::bigint",
    tables="warehouse",
    scope="system",
    fact=WarehouseRecord,
)
WAREHOUSES = Listing(
    "warehouses.list",
    WAREHOUSE_SELECT,
    "warehouse",
    WarehouseRecord,
    filters={"code": "row.code = %(code)s"},
    descending=False,
)
SHIPMENT_SELECT = """
    SELECT row.id, row.number, row.kind, row.customer_id, customer.name, row.warehouse_id, row.shipped_on, row.ship_to,
           row.carrier, row.tracking_number, row.origin
      FROM shipment AS row JOIN customer ON customer.id = row.customer_id
"""
SHIPMENT = statement(
    "shipments.record",
    SHIPMENT_SELECT + " WHERE row.id = %(shipment_id)s::bigint AND visible(row)",
    tables="shipment customer",
    scope="scoped",
    fact=ShipmentRecord,
)
SHIPMENT_LINES = statement(
    "shipments.record_lines",
    """
    SELECT line.position, line.product_id, product.sku, product.name, line.quantity
      FROM shipment_line AS line JOIN product ON product.id = line.product_id
     WHERE line.shipment_id = %(shipment_id)s::bigint ORDER BY line.position
    """,
    tables="shipment_line product",
    scope="by_root",
    fact=ShipmentLineRecord,
)
SHIPMENTS = Listing(
    "shipments.list",
    SHIPMENT_SELECT,
    "shipment customer",
    ShipmentRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "kind": "row.kind = %(kind)s",
        "number": "row.number = %(number)s",
        "origin": "row.origin = %(origin)s",
    },
    scoped_by="row",
)
MOVES = Listing(
    "stock_moves.list",
    """
    SELECT row.id, row.recorded_at, row.effective_on, row.kind, row.product_id, product.sku, row.warehouse_id,
           row.quantity, row.value, row.on_hand_after, row.origin, row.reason
      FROM stock_move AS row JOIN product ON product.id = row.product_id
    """,
    "stock_move product",
    MoveRecord,
    filters={
        "product_id": "row.product_id = %(product_id)s::bigint",
        "warehouse_id": "row.warehouse_id = %(warehouse_id)s::bigint",
        "kind": "row.kind = %(kind)s",
        "origin": "row.origin = %(origin)s",
    },
)
DOCUMENT = statement(
    "stock_documents.record",
    """
    SELECT row.id, row.number, row.kind, row.warehouse_id, row.supplier_id, row.effective_on, row.reason,
           (SELECT jsonb_agg(jsonb_build_object(
                       'position', line.position, 'product_id', line.product_id, 'sku', product.sku,
                       'quantity', line.quantity::text, 'unit_cost', line.unit_cost::text, 'value', line.value::text
                   ) ORDER BY line.position)
              FROM stock_document_line AS line JOIN product ON product.id = line.product_id
             WHERE line.document_id = row.id)
      FROM stock_document AS row WHERE row.id = %(document_id)s::bigint
    """,
    tables="stock_document stock_document_line product",
    scope="system",
    fact=DocumentRecord,
)


def get_warehouse(warehouse_id: int) -> WarehouseRecord:
    """One warehouse. Raises NotFound."""
    found: WarehouseRecord | None = read_one(WAREHOUSE(warehouse_id=warehouse_id))
    if found is None:
        raise NotFound("warehouse", warehouse_id)
    return found


def get_shipment(shipment_id: int) -> tuple[ShipmentRecord, list[ShipmentLineRecord]]:
    """One shipment with its lines. Raises NotFound."""
    found, lines = read(SHIPMENT(shipment_id=shipment_id), SHIPMENT_LINES(shipment_id=shipment_id))
    if not found:
        raise NotFound("shipment", shipment_id)
    return found[0], lines


def get_document(document_id: int) -> DocumentRecord:
    """One receipt or adjustment with its lines. Raises NotFound."""
    found: DocumentRecord | None = read_one(DOCUMENT(document_id=document_id))
    if found is None:
        raise NotFound("stock_document", document_id)
    return found
