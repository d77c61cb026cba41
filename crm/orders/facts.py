"""An order under lock: its header, its lines with how far they have come, and the stock and account behind it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.errors import DomainError, existing
from core.plan import Plan
from core.statements import Query, statement
from crm.models import OrderState, SalesOrder
from finance.invoicing import INVOICE_COLUMNS, InvoiceFact
from finance.receivables import ACCOUNT_LOCK, ACCOUNT_SELECT, AccountFact
from inventory.reservations import ReservationFact
from inventory.stock import LEVEL_COLUMNS, LevelFact, ValuationFact


class OrderFact(NamedTuple):
    """A sales order's header under lock."""

    id: int
    number: str
    customer_id: int
    opportunity_id: int | None
    owner_id: int
    salesperson_id: int
    warehouse_id: int
    state: str
    shipping_status: str
    invoice_status: str
    requested_on: date | None
    customer_reference: str | None
    currency: str
    invoicing_policy: str
    tax_point: str
    terms_days: int
    due_from: str
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    ship_to: str | None
    carrier: str | None
    note: str | None
    tax_rounding: str
    version: int

    def require(self, *states: OrderState) -> None:
        """Refuses unless the order is in one of the states, saying in which it is."""
        if self.state not in states:
            raise DomainError("order_state", number=self.number, state=self.state, needed=list(states))


class LineFact(NamedTuple):
    """An order line with its progress. Quantities in the product's unit, amounts in the order's currency."""

    id: int
    position: int
    product_id: int
    sku: str
    name: str
    is_active: bool
    is_service: bool
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal
    on_short: str
    reservation_id: int | None
    cancelled: Decimal
    shipped: Decimal
    returned: Decimal
    invoiced: Decimal
    credited: Decimal
    net_reduced: Decimal
    tax_reduced: Decimal
    net_recognised: Decimal
    tax_recognised: Decimal
    cost_recognised: Decimal
    currency: str
    list_price: Decimal


ORDER_FOR_UPDATE = statement(
    "orders.order_for_update",
    """
    SELECT id, number, customer_id, opportunity_id, owner_id, salesperson_id, warehouse_id, state, shipping_status,
           invoice_status, requested_on, customer_reference, currency, invoicing_policy, tax_point, terms_days,
           due_from,
           amount_net, amount_tax, amount_total, ship_to, carrier, note, tax_rounding, version
      FROM sales_order WHERE id = %(order_id)s::bigint AND visible(sales_order) FOR NO KEY UPDATE
    """,
    tables="sales_order",
    scope="scoped",
    fact=OrderFact,
)
LINES = statement(
    "orders.lines",
    """
    SELECT line.id, line.position, line.product_id, product.sku, product.name, product.is_active, line.is_service,
           line.description, line.quantity, line.unit_price, line.discount_percent, line.tax_rate, line.amount_net,
           line.amount_tax, line.on_short, line.reservation_id, line.quantity_cancelled, line.quantity_shipped,
           line.quantity_returned, line.quantity_invoiced, line.quantity_credited, line.net_reduced, line.tax_reduced,
           line.net_recognised, line.tax_recognised, line.cost_recognised, sales_order.currency,
           coalesce(line.list_price, line.unit_price)
      FROM sales_order_line AS line JOIN product ON product.id = line.product_id
      JOIN sales_order ON sales_order.id = line.order_id
     WHERE line.order_id = %(order_id)s::bigint ORDER BY line.position
    """,
    tables="sales_order_line product sales_order",
    scope="by_root",
    fact=LineFact,
)
LEVELS_OF_ORDER_FOR_UPDATE = statement(
    "orders.levels_for_update",
    f"""
    SELECT {LEVEL_COLUMNS} FROM stock_level AS level
     WHERE (level.product_id, level.warehouse_id) IN (
           SELECT line.product_id, sales_order.warehouse_id
             FROM sales_order_line AS line JOIN sales_order ON sales_order.id = line.order_id
            WHERE line.order_id = %(order_id)s::bigint)
     ORDER BY level.id FOR NO KEY UPDATE OF level
    """,  # noqa: S608 (names of columns, no values)
    tables="stock_level sales_order_line sales_order",
    scope="by_root",
    fact=LevelFact,
)
VALUATIONS_OF_ORDER_FOR_UPDATE = statement(
    "orders.valuations_for_update",
    """
    SELECT product_id, quantity, value FROM product_valuation
     WHERE product_id IN (SELECT product_id FROM sales_order_line WHERE order_id = %(order_id)s::bigint)
     ORDER BY product_id FOR NO KEY UPDATE
    """,
    tables="product_valuation sales_order_line",
    scope="by_root",
    fact=ValuationFact,
)
RESERVATIONS_OF_ORDER = statement(
    "orders.reservations",
    """
    SELECT reservation.id, reservation.product_id, reservation.quantity_reserved, reservation.quantity_back_ordered
      FROM reservation JOIN sales_order_line AS line ON line.reservation_id = reservation.id
     WHERE line.order_id = %(order_id)s::bigint
    """,
    tables="reservation sales_order_line",
    scope="by_root",
    fact=ReservationFact,
)
ACCOUNT_OF_ORDER_FOR_UPDATE = statement(
    "orders.account_for_update",
    f"""
    {ACCOUNT_SELECT} WHERE account.customer_id = (SELECT customer_id FROM sales_order WHERE id = %(order_id)s::bigint)
          {ACCOUNT_LOCK}""",  # noqa: S608 (names of columns, no values)
    tables="customer_account customer sales_order",
    scope="by_root",
    fact=AccountFact,
)
INVOICES_OF_ORDER_FOR_UPDATE = statement(
    "orders.invoices_for_update",
    f"""
    SELECT {INVOICE_COLUMNS} FROM invoice JOIN sales_order_invoice AS link ON link.invoice_id = invoice.id
     WHERE link.order_id = %(order_id)s::bigint ORDER BY invoice.id FOR NO KEY UPDATE OF invoice
    """,  # noqa: S608 (names of columns, no values)
    tables="invoice sales_order_invoice",
    scope="by_root",
    fact=InvoiceFact,
)


def lock_order(order_id: int) -> list[Query]:
    """The order under lock, then its lines."""
    return [ORDER_FOR_UPDATE(order_id=order_id), LINES(order_id=order_id)]


def the_order(rows: list[OrderFact], order_id: int) -> OrderFact:
    return existing(rows, "sales_order", order_id)


def customer_of(rows: list[AccountFact]) -> AccountFact:
    return existing(rows, "customer")


def touch(plan: Plan, order: OrderFact, **values: object) -> None:
    """Sets header columns and counts the version up, so that an older form is noticed."""
    plan.set(SalesOrder, order.id, version=order.version + 1, **values)
