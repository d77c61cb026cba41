"""One sales order as data: header, lines with how far they have come, invoices, credit notes, shipments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from core.errors import existing
from core.money import ZERO
from core.parties import PaymentStatus
from core.queries.paging import Listing
from core.queries.reading import read, today
from core.statements import statement
from finance.queries.invoice_record import CREDIT_NOTE_SELECT, CreditNoteRecord, payment_status


class OrderRecord(NamedTuple):
    """An order's header. Payment is told by its invoices: what is owed, what of it is open, the earliest due date."""

    id: int
    number: str
    state: str
    shipping_status: str
    invoice_status: str
    customer_id: int
    customer_name: str
    opportunity_id: int | None
    quotation_id: int | None
    owner_id: int
    salesperson_id: int
    salesperson_name: str
    warehouse_id: int
    warehouse: str
    ordered_on: date
    requested_on: date | None
    customer_reference: str | None
    currency: str
    invoicing_policy: str
    terms_days: int
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    ship_to: str | None
    carrier: str | None
    note: str | None
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    recorded_at: datetime
    version: int
    billed: Decimal
    credited: Decimal
    open: Decimal
    oldest_due_on: date | None


class OrderLineRecord(NamedTuple):
    """A line; all quantities in the product's unit. `quantity_reserved` is held, `quantity_back_ordered` waits."""

    id: int
    position: int
    product_id: int
    sku: str
    is_service: bool
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal
    on_short: str
    quantity_reserved: Decimal
    quantity_back_ordered: Decimal
    quantity_to_ship: Decimal
    quantity_shipped: Decimal
    quantity_returned: Decimal
    quantity_cancelled: Decimal
    quantity_invoiced: Decimal
    quantity_credited: Decimal


class OrderInvoiceRecord(NamedTuple):
    id: int
    number: str
    issued_on: date
    due_on: date | None
    amount_total: Decimal
    amount_credited: Decimal
    amount_written_off: Decimal
    amount_open: Decimal


class OrderShipmentRecord(NamedTuple):
    """A shipment (`out`) or goods taken back (`return`), its lines as JSON data."""

    id: int
    number: str
    kind: str
    shipped_on: date
    carrier: str | None
    tracking_number: str | None
    lines: list[dict[str, Any]]


SELECT = """
    SELECT row.id, row.number, row.state, row.shipping_status, row.invoice_status, row.customer_id, customer.name,
           row.opportunity_id, row.quotation_id, row.owner_id, row.salesperson_id, salesperson.name, row.warehouse_id,
           warehouse.code, row.ordered_on, row.requested_on, row.customer_reference, row.currency, row.invoicing_policy,
           row.terms_days, row.amount_net, row.amount_tax, row.amount_total, row.ship_to, row.carrier, row.note,
           row.confirmed_at, row.cancelled_at, row.cancel_reason, row.recorded_at, row.version,
           coalesce(billed.total, 0.00), coalesce(billed.credited, 0.00), coalesce(billed.open, 0.00),
           billed.oldest_due_on
      FROM sales_order AS row
      JOIN customer ON customer.id = row.customer_id
      JOIN app_user AS salesperson ON salesperson.id = row.salesperson_id
      JOIN warehouse ON warehouse.id = row.warehouse_id
      LEFT JOIN LATERAL (
           SELECT sum(invoice.amount_total) AS total,
                  sum(invoice.amount_credited + invoice.amount_written_off) AS credited,
                  sum(invoice.amount_open) AS open, min(invoice.due_on) FILTER (WHERE invoice.amount_open > 0)
                  AS oldest_due_on
             FROM sales_order_invoice AS link JOIN invoice ON invoice.id = link.invoice_id
            WHERE link.order_id = row.id) AS billed ON true
"""
TABLES = "sales_order customer app_user warehouse sales_order_invoice invoice"
ORDER = statement(
    "orders.record",
    SELECT + " WHERE row.id = %(order_id)s::bigint AND visible(row)",
    tables=TABLES,
    scope="scoped",
    fact=OrderRecord,
)
ORDER_LINES = statement(
    "orders.record_lines",
    """
    SELECT line.id, line.position, line.product_id, product.sku, line.is_service, line.description, line.quantity,
           line.unit_price, line.discount_percent, line.tax_rate, line.amount_net, line.amount_tax, line.on_short,
           coalesce(reservation.quantity_reserved, 0.000), coalesce(reservation.quantity_back_ordered, 0.000),
           line.quantity_to_ship, line.quantity_shipped, line.quantity_returned, line.quantity_cancelled,
           line.quantity_invoiced, line.quantity_credited
      FROM sales_order_line AS line JOIN product ON product.id = line.product_id
      LEFT JOIN reservation ON reservation.id = line.reservation_id
     WHERE line.order_id = %(order_id)s::bigint ORDER BY line.position
    """,
    tables="sales_order_line product reservation",
    scope="by_root",
    fact=OrderLineRecord,
)
ORDER_INVOICES = statement(
    "orders.record_invoices",
    """
    SELECT invoice.id, invoice.number, invoice.issued_on, invoice.due_on, invoice.amount_total, invoice.amount_credited,
           invoice.amount_written_off, invoice.amount_open
      FROM sales_order_invoice AS link JOIN invoice ON invoice.id = link.invoice_id
     WHERE link.order_id = %(order_id)s::bigint ORDER BY invoice.id
    """,
    tables="sales_order_invoice invoice",
    scope="by_root",
    fact=OrderInvoiceRecord,
)
ORDER_CREDIT_NOTES = statement(
    "orders.record_credit_notes",
    CREDIT_NOTE_SELECT
    + """ JOIN sales_order_invoice AS link ON link.invoice_id = row.invoice_id
         WHERE link.order_id = %(order_id)s::bigint ORDER BY row.id""",
    tables="credit_note invoice sales_order_invoice",
    scope="by_root",
    fact=CreditNoteRecord,
)
ORDER_SHIPMENTS = statement(
    "orders.record_shipments",
    """
    SELECT shipment.id, shipment.number, shipment.kind, shipment.shipped_on, shipment.carrier, shipment.tracking_number,
           (SELECT jsonb_agg(jsonb_build_object('position', line.position, 'product_id', line.product_id,
                                                'quantity', line.quantity::text) ORDER BY line.position)
              FROM shipment_line AS line WHERE line.shipment_id = shipment.id)
      FROM sales_order_shipment AS link JOIN shipment ON shipment.id = link.shipment_id
     WHERE link.order_id = %(order_id)s::bigint ORDER BY shipment.recorded_at, shipment.id
    """,
    tables="sales_order_shipment shipment shipment_line",
    scope="by_root",
    fact=OrderShipmentRecord,
)
ORDERS = Listing(
    "orders.list",
    SELECT,
    TABLES,
    OrderRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "opportunity_id": "row.opportunity_id = %(opportunity_id)s::bigint",
        "state": "row.state = %(state)s",
        "shipping_status": "row.shipping_status = %(shipping_status)s",
        "number": "row.number = %(number)s",
    },
    scoped_by="row",
)


class _Owed(NamedTuple):
    amount_total: Decimal
    amount_credited: Decimal
    amount_written_off: Decimal
    amount_open: Decimal
    due_on: date | None


def order_payment_status(order: OrderRecord, on: date) -> PaymentStatus:
    """The order's payment status on a day, derived from its invoices."""
    return payment_status([_Owed(order.billed, order.credited, ZERO, order.open, order.oldest_due_on)], on)


@dataclass(frozen=True)
class OrderWhole:
    """An order with everything that came of it."""

    order: OrderRecord
    payment_status: PaymentStatus
    lines: list[OrderLineRecord]
    invoices: list[OrderInvoiceRecord]
    credit_notes: list[CreditNoteRecord]
    shipments: list[OrderShipmentRecord]


def get_order(order_id: int) -> OrderWhole:
    """One order, from one snapshot: five statements in one round trip, whatever is in it. Raises NotFound."""
    found, lines, invoices, credit_notes, shipments = read(
        ORDER(order_id=order_id),
        ORDER_LINES(order_id=order_id),
        ORDER_INVOICES(order_id=order_id),
        ORDER_CREDIT_NOTES(order_id=order_id),
        ORDER_SHIPMENTS(order_id=order_id),
    )
    order: OrderRecord = existing(found, "sales_order", order_id)
    return OrderWhole(order, order_payment_status(order, today()), lines, invoices, credit_notes, shipments)
