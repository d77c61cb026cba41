"""What the order form needs to know of a draft, and what an order owes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.queries.reading import fetch
from core.statements import statement


def payment_status(open_amount: Decimal | None, paid: Decimal | None, due_on: date | None, today: date) -> str:
    """The payment status of an order: of nothing billed `none`, else by what its invoices owe and since when."""
    if open_amount is None:
        return "none"
    if open_amount <= 0:
        return "paid"
    if due_on is not None and due_on < today:
        return "overdue"
    return "partial" if paid else "unpaid"


# the form -------------------------------------------------------------------------------------------------------------
class FormCustomer(NamedTuple):
    """The customer as the order form shows it: name, how much credit is used, what is late."""

    id: int
    code: str
    name: str
    city: str | None
    currency: str
    credit_limit: Decimal | None
    exposure: Decimal
    oldest_due_on: date | None
    overdue: Decimal
    terms_days: int
    tax_rounding: str


FORM_CUSTOMER = statement(
    "pages.form_customer",
    """
    SELECT customer.id, customer.code, customer.name, customer.city, company.currency, customer.credit_limit, exposure,
           oldest_due_on,
           coalesce((SELECT sum(amount_open) FROM invoice WHERE invoice.customer_id = customer.id
                        AND amount_allocated < amount_total AND due_on < %(today)s::date), 0)::numeric(18,2),
           coalesce(terms.days, company.payment_terms_days), company.tax_rounding
      FROM customer JOIN customer_account AS account ON account.customer_id = customer.id CROSS JOIN company
      LEFT JOIN payment_terms AS terms ON terms.id = customer.payment_terms_id
     WHERE customer.id = %(customer_id)s::bigint AND merged_into_id IS NULL AND visible(customer, customer.id)
    """,
    tables="customer customer_account company payment_terms invoice",
    scope="scoped",
    fact=FormCustomer,
)


class DraftOrder(NamedTuple):
    id: int
    number: str
    customer_id: int
    warehouse_id: int
    state: str
    requested_on: date | None
    customer_reference: str | None
    note: str | None
    ship_to: str | None
    carrier: str | None
    version: int


DRAFT = statement(
    "pages.draft_order",
    """
    SELECT id, number, customer_id, warehouse_id, state, requested_on, customer_reference, note, ship_to, carrier,
           version
      FROM sales_order WHERE id = %(order_id)s::bigint AND visible(sales_order)
    """,
    tables="sales_order",
    scope="scoped",
    fact=DraftOrder,
)


class DraftLine(NamedTuple):
    id: int
    position: int
    product_id: int
    sku: str
    name: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    on_short: str


DRAFT_LINES = statement(
    "pages.draft_lines",
    """
    SELECT line.id, line.position, line.product_id, product.sku, product.name, line.quantity, line.unit_price,
           line.discount_percent, line.on_short
      FROM sales_order_line AS line JOIN product ON product.id = line.product_id
     WHERE line.order_id = %(order_id)s::bigint ORDER BY line.position
    """,
    tables="sales_order_line product",
    scope="by_root",
    fact=DraftLine,
)


def get_draft(connection: Connection, order_id: int) -> tuple[DraftOrder, list[DraftLine]]:
    """An order as the form edits it. Raises NotFound."""
    orders, lines = fetch(connection, DRAFT(order_id=order_id), DRAFT_LINES(order_id=order_id))
    return existing(orders, "sales_order", order_id), lines


def form_customer(connection: Connection, customer_id: int, today: date) -> FormCustomer | None:
    """The customer beside the form; None when there is none."""
    [rows] = fetch(connection, FORM_CUSTOMER(customer_id=customer_id, today=today))
    return rows[0] if rows else None
