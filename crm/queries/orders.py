"""Orders as lists show them, and what the order form needs to know of a draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select

from core.errors import existing
from core.parties import Customer
from core.queries.paging import Page, Window, fetch_page
from core.queries.reading import fetch
from core.queries.words import matches_customer
from core.scope import visible_rows
from core.statements import statement
from crm.models import OrderState, SalesOrder, SalesOrderInvoice, SalesOrderLine, SalesOrderShipment, ShippingStatus
from finance.models import Invoice
from inventory.models import Reservation, Shipment

VIEWS = ("all", "draft", "to_ship", "held", "unpaid", "overdue")
EXTRA_VIEWS = ("mine", "returned", "ready")
SORTS = ("date", "number", "amount", "requested")


@dataclass(frozen=True)
class OrderRow:
    """One line of the list. `open_amount` is what its invoices still owe; `late` since when one is overdue."""

    id: int
    number: str
    customer_id: int
    customer: str
    ordered_on: date
    requested_on: date | None
    state: str
    shipping_status: str
    invoice_status: str
    amount_total: Decimal
    currency: str
    back_ordered: Decimal
    open_amount: Decimal | None
    paid_amount: Decimal | None
    due_on: date | None

    def payment_status(self, today: date) -> str:
        """none, unpaid, partial, paid or overdue: derived from the order's invoices."""
        return payment_status(self.open_amount, self.paid_amount, self.due_on, today)


def payment_status(open_amount: Decimal | None, paid: Decimal | None, due_on: date | None, today: date) -> str:
    """The payment status of an order: of nothing billed `none`, else by what its invoices owe and since when."""
    if open_amount is None:
        return "none"
    if open_amount <= 0:
        return "paid"
    if due_on is not None and due_on < today:
        return "overdue"
    return "partial" if paid else "unpaid"


def _of_invoices(value: Any) -> ColumnElement[Any]:
    return (
        select(value)
        .join(SalesOrderInvoice, SalesOrderInvoice.invoice_id == Invoice.id)
        .where(SalesOrderInvoice.order_id == SalesOrder.id)
        .correlate(SalesOrder)
        .scalar_subquery()
    )


def _waiting() -> ColumnElement[Any]:
    return (
        select(func.coalesce(func.sum(Reservation.quantity_back_ordered), 0))
        .join(SalesOrderLine, SalesOrderLine.reservation_id == Reservation.id)
        .where(SalesOrderLine.order_id == SalesOrder.id)
        .correlate(SalesOrder)
        .scalar_subquery()
    )


def _is_open() -> ColumnElement[bool]:
    return and_(SalesOrder.state == OrderState.CONFIRMED, SalesOrder.shipping_status != ShippingStatus.SHIPPED)


def _has_waiting() -> ColumnElement[bool]:
    waiting = select(SalesOrderLine.order_id).join(Reservation, Reservation.id == SalesOrderLine.reservation_id)
    return SalesOrder.id.in_(waiting.where(Reservation.quantity_back_ordered > 0))


def _owes(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    owing = select(SalesOrderInvoice.order_id).join(Invoice, Invoice.id == SalesOrderInvoice.invoice_id)
    return SalesOrder.id.in_(owing.where(Invoice.amount_allocated < Invoice.amount_total, *more))


def _view(view: str, today: date, user_id: int | None) -> ColumnElement[bool]:
    held = and_(_is_open(), _has_waiting())
    reserved = select(SalesOrderLine.order_id).join(Reservation, Reservation.id == SalesOrderLine.reservation_id)
    came_back = (
        select(SalesOrderShipment.order_id)
        .join(Shipment, Shipment.id == SalesOrderShipment.shipment_id)
        .where(Shipment.kind == "return")
    )
    conditions: dict[str, ColumnElement[bool]] = {
        "draft": SalesOrder.state == OrderState.DRAFT,
        "to_ship": _is_open(),
        "ready": and_(_is_open(), SalesOrder.id.in_(reserved.where(Reservation.quantity_reserved > 0))),
        "held": held,
        "unpaid": _owes(),
        "overdue": _owes(Invoice.due_on < today),
        "mine": SalesOrder.owner_id == user_id,
        "returned": SalesOrder.id.in_(came_back),
    }
    return conditions.get(view, literal(True))


def _base(customer_id: int | None, owner_id: int | None) -> Select[Any]:
    chosen = select().select_from(SalesOrder).join(Customer, Customer.id == SalesOrder.customer_id)
    chosen = chosen.where(visible_rows(SalesOrder))
    if customer_id is not None:
        chosen = chosen.where(SalesOrder.customer_id == customer_id)
    if owner_id is not None:
        chosen = chosen.where(SalesOrder.owner_id == owner_id)
    return chosen


def list_orders(
    connection: Connection,
    window: Window,
    *,
    today: date,
    user_id: int | None,
    view: str = "all",
    text: str = "",
    customer_id: int | None = None,
    owner_id: int | None = None,
) -> Page[OrderRow]:
    """One page of orders. The search text is looked for in number, customer and the customer's reference."""
    never = literal(date(9999, 12, 31))
    columns: dict[str, ColumnElement[Any]] = {
        "date": SalesOrder.ordered_on.expression,
        "number": SalesOrder.number.expression,
        "amount": SalesOrder.amount_total.expression,
        "requested": func.coalesce(SalesOrder.requested_on, never),
    }
    chosen = _base(customer_id, owner_id).where(_view(view, today, user_id))
    if text:
        found = (SalesOrder.number, SalesOrder.customer_reference)
        parts = [column.icontains(text, autoescape=True) for column in found]
        chosen = chosen.where(or_(*parts, matches_customer(Customer, text)))
    rows = chosen.add_columns(
        SalesOrder.id,
        SalesOrder.number,
        SalesOrder.customer_id,
        Customer.name,
        SalesOrder.ordered_on,
        SalesOrder.requested_on,
        SalesOrder.state,
        SalesOrder.shipping_status,
        SalesOrder.invoice_status,
        SalesOrder.amount_total,
        SalesOrder.currency,
        _waiting(),
        _of_invoices(func.sum(Invoice.amount_open)),
        _of_invoices(func.sum(Invoice.amount_allocated - Invoice.amount_credited - Invoice.amount_written_off)),
        _of_invoices(func.min(Invoice.due_on).filter(Invoice.amount_allocated < Invoice.amount_total)),
    )
    return fetch_page(connection, rows, OrderRow, window.sorting(columns, SalesOrder.id), window)


def count_views(
    connection: Connection, *, today: date, user_id: int | None, customer_id: int | None = None
) -> dict[str, int]:
    """How many orders each saved view holds."""
    counted = [func.count().filter(_view(view, today, user_id)) for view in VIEWS]
    row = connection.execute(_base(customer_id, None).add_columns(*counted)).one()
    return dict(zip(VIEWS, row, strict=True))


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
    SELECT customer.id, customer.code, customer.name, customer.city, company.currency, credit_limit, exposure,
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
