"""One order with its lines, stock, invoices, shipments, payments and history, in one round trip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.money import ZERO, share
from core.queries.reading import fetch
from core.statements import statement
from crm.queries.orders import payment_status


class OrderHead(NamedTuple):
    """The order's header with names instead of ids."""

    id: int
    number: str
    customer_id: int
    customer: str
    customer_code: str
    owner: str
    salesperson: str
    warehouse_id: int
    warehouse: str
    opportunity_id: int | None
    opportunity: str | None
    quotation_id: int | None
    quotation: str | None
    state: str
    shipping_status: str
    invoice_status: str
    ordered_on: date
    requested_on: date | None
    customer_reference: str | None
    currency: str
    invoicing_policy: str
    terms_days: int
    due_from: str
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    ship_to: str | None
    carrier: str | None
    note: str | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    recorded_at: datetime
    version: int
    credit_limit: Decimal | None
    exposure: Decimal


HEAD = statement(
    "pages.order",
    """
    SELECT so.id, so.number, so.customer_id, customer.name, customer.code, owner.name, seller.name, so.warehouse_id,
           warehouse.name, so.opportunity_id, deal.name, so.quotation_id, quotation.number, so.state,
           so.shipping_status, so.invoice_status, so.ordered_on, so.requested_on, so.customer_reference, so.currency,
           so.invoicing_policy, so.terms_days, so.due_from, so.amount_net, so.amount_tax, so.amount_total, so.ship_to,
           so.carrier, so.note, so.confirmed_at, confirmer.name, so.cancelled_at, so.cancel_reason, so.recorded_at,
           so.version, customer.credit_limit, account.exposure
      FROM sales_order AS so
      JOIN customer ON customer.id = so.customer_id
      JOIN customer_account AS account ON account.customer_id = so.customer_id
      JOIN app_user AS owner ON owner.id = so.owner_id
      JOIN app_user AS seller ON seller.id = so.salesperson_id
      JOIN warehouse ON warehouse.id = so.warehouse_id
      LEFT JOIN opportunity AS deal ON deal.id = so.opportunity_id
      LEFT JOIN quotation ON quotation.id = so.quotation_id
      LEFT JOIN app_user AS confirmer ON confirmer.id = so.confirmed_by_id
     WHERE so.id = %(order_id)s::bigint AND visible(so)
    """,
    tables="sales_order customer customer_account app_user warehouse opportunity quotation",
    scope="scoped",
    fact=OrderHead,
)


class OrderLine(NamedTuple):
    """A line, how far it has come, and the stock behind it. Quantities in the product's unit."""

    id: int
    position: int
    product_id: int
    sku: str
    description: str
    unit: str
    unit_zh: str
    is_service: bool
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal
    on_short: str
    cancelled: Decimal
    shipped: Decimal
    returned: Decimal
    invoiced: Decimal
    credited: Decimal
    net_reduced: Decimal
    to_ship: Decimal
    reserved: Decimal
    back_ordered: Decimal
    on_hand: Decimal
    level_reserved: Decimal
    available: Decimal
    currency: str

    @property
    def out(self) -> Decimal:
        """What is with the customer: shipped − returned."""
        return self.shipped - self.returned

    @property
    def creditable(self) -> Decimal:
        """What a price credit may take off: the net amount of what is left, once all of it is billed."""
        left = self.quantity - self.cancelled - self.returned
        if self.invoiced - self.credited != left:
            return ZERO
        return share(self.amount_net - self.net_reduced, left, self.quantity, self.currency)

    @property
    def to_bill(self) -> Decimal:
        return self.out - (self.invoiced - self.credited)


LINES = statement(
    "pages.order_lines",
    """
    SELECT line.id, line.position, line.product_id, product.sku, line.description, unit.name, unit.name_zh,
           line.is_service, line.quantity, line.unit_price, line.discount_percent, line.tax_rate, line.amount_net,
           line.amount_tax, line.on_short, quantity_cancelled, quantity_shipped, quantity_returned, quantity_invoiced,
           quantity_credited, net_reduced, quantity_to_ship, coalesce(reservation.quantity_reserved, 0),
           coalesce(reservation.quantity_back_ordered, 0), coalesce(level.on_hand, 0), coalesce(level.reserved, 0),
           coalesce(level.available, 0), sales_order.currency
      FROM sales_order_line AS line
      JOIN sales_order ON sales_order.id = line.order_id
      JOIN product ON product.id = line.product_id
      JOIN unit_of_measure AS unit ON unit.id = product.unit_id
      LEFT JOIN reservation ON reservation.id = line.reservation_id
      LEFT JOIN stock_level AS level ON level.product_id = line.product_id
                                    AND level.warehouse_id = sales_order.warehouse_id
     WHERE line.order_id = %(order_id)s::bigint ORDER BY line.position
    """,
    tables="sales_order_line sales_order product unit_of_measure reservation stock_level",
    scope="by_root",
    fact=OrderLine,
)


class OrderInvoice(NamedTuple):
    id: int
    number: str
    issued_on: date
    due_on: date | None
    amount_total: Decimal
    amount_credited: Decimal
    amount_allocated: Decimal
    amount_open: Decimal


INVOICES = statement(
    "pages.order_invoices",
    """
    SELECT invoice.id, number, issued_on, due_on, amount_total, amount_credited, amount_allocated, amount_open
      FROM invoice JOIN sales_order_invoice AS link ON link.invoice_id = invoice.id
     WHERE link.order_id = %(order_id)s::bigint ORDER BY invoice.id
    """,
    tables="invoice sales_order_invoice",
    scope="by_root",
    fact=OrderInvoice,
)


class OrderShipment(NamedTuple):
    id: int
    number: str
    kind: str
    shipped_on: date
    carrier: str | None
    tracking_number: str | None
    quantity: Decimal


SHIPMENTS = statement(
    "pages.order_shipments",
    """
    SELECT shipment.id, number, kind, shipped_on, carrier, tracking_number,
           (SELECT sum(quantity) FROM shipment_line WHERE shipment_id = shipment.id)
      FROM shipment JOIN sales_order_shipment AS link ON link.shipment_id = shipment.id
     WHERE link.order_id = %(order_id)s::bigint ORDER BY shipment.id
    """,
    tables="shipment sales_order_shipment shipment_line",
    scope="by_root",
    fact=OrderShipment,
)


class OrderPayment(NamedTuple):
    """Money that stands on one of the order's invoices now, or a credit note that was issued for it."""

    kind: str
    id: int
    number: str
    on: date
    amount: Decimal


PAYMENTS = statement(
    "pages.order_payments",
    """
    SELECT 'payment', payment.id, payment.number, payment.received_on, sum(allocation.amount)
      FROM payment_allocation AS allocation
      JOIN payment ON payment.id = allocation.payment_id
      JOIN sales_order_invoice AS link ON link.invoice_id = allocation.invoice_id
     WHERE link.order_id = %(order_id)s::bigint
     GROUP BY payment.id HAVING sum(allocation.amount) <> 0
    UNION ALL
    SELECT 'credit_note', note.id, note.number, note.issued_on, note.amount_total
      FROM credit_note AS note JOIN sales_order_invoice AS link ON link.invoice_id = note.invoice_id
     WHERE link.order_id = %(order_id)s::bigint
     ORDER BY 4, 2
    """,
    tables="payment_allocation payment sales_order_invoice credit_note",
    scope="by_root",
    fact=OrderPayment,
)


class HistoryRow(NamedTuple):
    at: datetime
    who: str
    action: str
    changes: dict[str, Any]
    reason: str | None


HISTORY = statement(
    "pages.history",
    """
    SELECT recorded_at, actor_name, action, changes, reason FROM audit_row
     WHERE record_type = %(record_type)s AND record_id = %(record_id)s::bigint
       AND action NOT LIKE 'comment.%%' AND action NOT LIKE 'file.%%' ORDER BY id DESC LIMIT 40
    """,
    tables="audit_row",
    scope="by_root",
    fact=HistoryRow,
)


@dataclass(frozen=True)
class OrderPage:
    """Everything the record page of an order shows."""

    order: OrderHead
    lines: list[OrderLine]
    invoices: list[OrderInvoice]
    shipments: list[OrderShipment]
    payments: list[OrderPayment]
    history: list[HistoryRow]

    @property
    def amount_open(self) -> Decimal:
        return sum((invoice.amount_open for invoice in self.invoices), Decimal("0.00"))

    @property
    def amount_paid(self) -> Decimal:
        return sum((entry.amount for entry in self.payments if entry.kind == "payment"), Decimal("0.00"))

    @property
    def due_on(self) -> date | None:
        return min(
            (invoice.due_on for invoice in self.invoices if invoice.due_on and invoice.amount_open), default=None
        )

    def payment_status(self, today: date) -> str:
        """Derived from the order's invoices, stored nowhere."""
        open_amount = self.amount_open if self.invoices else None
        return payment_status(open_amount, self.amount_paid, self.due_on, today)

    @property
    def back_ordered(self) -> Decimal:
        return sum((line.back_ordered for line in self.lines), Decimal(0))

    @property
    def over_limit(self) -> Decimal:
        """By how much a draft would go over the customer's credit limit; zero without one."""
        limit = self.order.credit_limit
        return ZERO if limit is None else max(self.order.exposure + self.order.amount_total - limit, ZERO)

    @property
    def reserved(self) -> Decimal:
        return sum((line.reserved for line in self.lines), Decimal(0))


def order_page(connection: Connection, order_id: int) -> OrderPage:
    """One order with everything around it, in one round trip. Raises NotFound."""
    heads, lines, invoices, shipments, payments, history = fetch(
        connection,
        *(query(order_id=order_id) for query in (HEAD, LINES, INVOICES, SHIPMENTS, PAYMENTS)),
        HISTORY(record_type="sales_order", record_id=order_id),
    )
    return OrderPage(existing(heads, "sales_order", order_id), lines, invoices, shipments, payments, history)
