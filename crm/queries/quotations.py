"""Quotations as lists show them, and one with its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.queries.reading import fetch
from core.statements import statement
from crm.queries.order_page import HISTORY, HistoryRow


class QuotationRecord(NamedTuple):
    id: int
    number: str
    customer_id: int
    customer: str
    opportunity_id: int | None
    opportunity: str | None
    owner: str
    salesperson: str
    state: str
    quoted_on: date
    valid_until: date | None
    currency: str
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    note: str | None
    recorded_at: datetime
    version: int
    order_id: int | None
    order_number: str | None

    def is_open(self) -> bool:
        return self.state in ("draft", "sent")


QUOTATION = statement(
    "pages.quotation",
    """
    SELECT quotation.id, quotation.number, quotation.customer_id, customer.name, quotation.opportunity_id, deal.name,
           owner.name, seller.name, quotation.state, quoted_on, valid_until, quotation.currency, quotation.amount_net,
           quotation.amount_tax, quotation.amount_total, quotation.note, quotation.recorded_at, quotation.version,
           sales_order.id, sales_order.number
      FROM quotation
      JOIN customer ON customer.id = quotation.customer_id
      JOIN app_user AS owner ON owner.id = quotation.owner_id
      JOIN app_user AS seller ON seller.id = quotation.salesperson_id
      LEFT JOIN opportunity AS deal ON deal.id = quotation.opportunity_id
      LEFT JOIN sales_order ON sales_order.quotation_id = quotation.id
     WHERE quotation.id = %(quotation_id)s::bigint AND visible(quotation)
    """,
    tables="quotation customer app_user opportunity sales_order",
    scope="scoped",
    fact=QuotationRecord,
)


class QuotedLine(NamedTuple):
    id: int
    position: int
    product_id: int
    sku: str
    name: str
    description: str
    unit: str
    unit_zh: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    amount_net: Decimal


LINES = statement(
    "pages.quotation_lines",
    """
    SELECT line.id, line.position, line.product_id, product.sku, product.name, line.description, unit.name,
           unit.name_zh, line.quantity, line.unit_price, line.discount_percent, line.amount_net
      FROM quotation_line AS line JOIN product ON product.id = line.product_id
      JOIN unit_of_measure AS unit ON unit.id = product.unit_id
     WHERE line.quotation_id = %(quotation_id)s::bigint ORDER BY line.position
    """,
    tables="quotation_line product unit_of_measure",
    scope="by_root",
    fact=QuotedLine,
)


class OtherQuotation(NamedTuple):
    """Another quotation of the same customer, anyone's, so that nobody undercuts a colleague."""

    id: int
    number: str
    salesperson: str
    state: str
    quoted_on: date
    amount_total: Decimal
    largest_discount: Decimal


OTHERS = statement(
    "pages.other_quotations",
    """
    SELECT quotation.id, number, app_user.name, state, quoted_on, amount_total,
           coalesce((SELECT max(discount_percent) FROM quotation_line WHERE quotation_id = quotation.id), 0)
      FROM quotation JOIN app_user ON app_user.id = salesperson_id
     WHERE customer_id = %(customer_id)s::bigint AND quotation.id <> %(except_id)s::bigint
     ORDER BY quoted_on DESC, quotation.id DESC LIMIT 5
    """,
    tables="quotation app_user quotation_line",
    scope="by_root",
    fact=OtherQuotation,
)


@dataclass(frozen=True)
class QuotationPage:
    quotation: QuotationRecord
    lines: list[QuotedLine]
    history: list[HistoryRow]


def quotation_page(connection: Connection, quotation_id: int) -> QuotationPage:
    """One quotation, in one round trip. Raises NotFound."""
    found, lines, history = fetch(
        connection,
        QUOTATION(quotation_id=quotation_id),
        LINES(quotation_id=quotation_id),
        HISTORY(record_type="quotation", record_id=quotation_id),
    )
    return QuotationPage(existing(found, "quotation", quotation_id), lines, history)


def other_quotations(connection: Connection, customer_id: int, except_id: int = 0) -> list[OtherQuotation]:
    """The customer's latest quotations, whoever wrote them."""
    [rows] = fetch(connection, OTHERS(customer_id=customer_id, except_id=except_id))
    return rows
