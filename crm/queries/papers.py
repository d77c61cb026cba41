"""What printed orders and quotations need: the company, the customer's address, the document with its lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import NotFound
from core.queries.company import COMPANY_PAPER, CompanyPaper
from core.queries.party import printed_address
from core.queries.reading import fetch
from core.statements import Statement, statement


class Paper(NamedTuple):
    """The head of a document, with its customer."""

    number: str
    on: date
    customer: str
    tax_id: str | None
    street: str | None
    place: str | None
    contact: str | None
    currency: str
    valid_until: date | None
    requested_on: date | None
    customer_reference: str | None
    ship_to: str | None
    carrier: str | None
    terms_days: int
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    note: str | None
    salesperson: str
    origin: str | None


_CUSTOMER = f"""
      JOIN customer ON customer.id = paper.customer_id
      JOIN app_user AS seller ON seller.id = paper.salesperson_id
      {printed_address("'billing'")}
      LEFT JOIN LATERAL (SELECT contact.name FROM contact WHERE customer_id = customer.id AND is_active
                          ORDER BY contact.id LIMIT 1) AS person ON true
"""
ORDER = statement(
    "papers.order",
    f"""
    SELECT paper.number, paper.ordered_on, coalesce(customer.legal_name, customer.name), customer.tax_id,
           printed.street, printed.place, person.name, paper.currency, NULL::date, paper.requested_on,
           paper.customer_reference,
           paper.ship_to, paper.carrier, paper.terms_days, paper.amount_net, paper.amount_tax, paper.amount_total,
           paper.note, seller.name, quotation.number
      FROM sales_order AS paper {_CUSTOMER}
      LEFT JOIN quotation ON quotation.id = paper.quotation_id
     WHERE paper.id = %(id)s::bigint AND visible(paper)
    """,
    tables="sales_order customer app_user address contact quotation",
    scope="scoped",
    fact=Paper,
)
QUOTATION = statement(
    "papers.quotation",
    f"""
    SELECT paper.number, paper.quoted_on, coalesce(customer.legal_name, customer.name), customer.tax_id,
           printed.street, printed.place, person.name, paper.currency, paper.valid_until, NULL::date, NULL, NULL, NULL,
           coalesce(terms.days, company.payment_terms_days), paper.amount_net, paper.amount_tax, paper.amount_total,
           paper.note, seller.name, NULL
      FROM quotation AS paper {_CUSTOMER}
      CROSS JOIN company LEFT JOIN payment_terms AS terms ON terms.id = customer.payment_terms_id
     WHERE paper.id = %(id)s::bigint AND visible(paper)
    """,
    tables="quotation customer app_user address contact company payment_terms",
    scope="scoped",
    fact=Paper,
)


class PaperLine(NamedTuple):
    position: int
    sku: str
    name: str
    unit: str
    unit_zh: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal


_LINE = """
    SELECT line.position, product.sku, line.description, unit.name, unit.name_zh, line.quantity, line.unit_price,
           line.discount_percent, line.tax_rate, line.amount_net, line.amount_tax
      FROM {table} AS line JOIN product ON product.id = line.product_id
      JOIN unit_of_measure AS unit ON unit.id = product.unit_id
     WHERE line.{parent} = %(id)s::bigint ORDER BY line.position
"""
ORDER_LINES = statement(
    "papers.order_lines",
    _LINE.format(table="sales_order_line", parent="order_id"),
    tables="sales_order_line product unit_of_measure",
    scope="by_root",
    fact=PaperLine,
)
QUOTATION_LINES = statement(
    "papers.quotation_lines",
    _LINE.format(table="quotation_line", parent="quotation_id"),
    tables="quotation_line product unit_of_measure",
    scope="by_root",
    fact=PaperLine,
)


def read_paper(
    connection: Connection, head: Statement, lines: Statement, identity: int
) -> tuple[CompanyPaper, Paper, list[PaperLine]]:
    """One document in one round trip. Raises NotFound."""
    companies, papers, found = fetch(connection, COMPANY_PAPER(), head(id=identity), lines(id=identity))
    if not papers:
        raise NotFound({"papers.order": "sales_order"}.get(head.name, head.name.removeprefix("papers.")), identity)
    return companies[0], papers[0], found
