"""Opportunities and quotations as data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.errors import existing
from core.queries.paging import Listing
from core.queries.reading import read
from core.statements import statement


class OpportunityRecord(NamedTuple):
    """A possible sale with its stage."""

    id: int
    number: str
    name: str
    customer_id: int
    customer_name: str
    contact_id: int | None
    owner_id: int
    stage: str
    stage_kind: str
    probability: int
    amount: Decimal
    currency: str
    expected_close_on: date | None
    budget: Decimal | None
    schedule: str | None
    source: str | None
    note: str | None
    lost_reason: str | None
    competitor: str | None
    version: int


class QuotationRecord(NamedTuple):
    """A priced offer."""

    id: int
    number: str
    state: str
    customer_id: int
    customer_name: str
    opportunity_id: int | None
    order_id: int | None
    quoted_on: date
    valid_until: date | None
    currency: str
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    note: str | None
    version: int


class QuotationLineRecord(NamedTuple):
    position: int
    product_id: int
    sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal


OPPORTUNITY_SELECT = """
    SELECT row.id, row.number, row.name, row.customer_id, customer.name, row.contact_id, row.owner_id, stage.code,
           row.stage_kind, stage.probability, row.amount, row.currency, row.expected_close_on, row.budget, row.schedule,
           row.source, row.note, row.lost_reason, row.competitor, row.version
      FROM opportunity AS row JOIN customer ON customer.id = row.customer_id
      JOIN pipeline_stage AS stage ON stage.id = row.stage_id
"""
QUOTATION_SELECT = """
    SELECT row.id, row.number, row.state, row.customer_id, customer.name, row.opportunity_id, sales_order.id,
           row.quoted_on, row.valid_until, row.currency, row.amount_net, row.amount_tax, row.amount_total, row.note,
           row.version
      FROM quotation AS row JOIN customer ON customer.id = row.customer_id
      LEFT JOIN sales_order ON sales_order.quotation_id = row.id
"""
OPPORTUNITY = statement(
    "opportunities.record",
    OPPORTUNITY_SELECT + " WHERE row.id = %(opportunity_id)s::bigint AND visible(row)",
    tables="opportunity customer pipeline_stage",
    scope="scoped",
    fact=OpportunityRecord,
)
QUOTATION = statement(
    "quotations.record",
    QUOTATION_SELECT + " WHERE row.id = %(quotation_id)s::bigint AND visible(row)",
    tables="quotation customer sales_order",
    scope="scoped",
    fact=QuotationRecord,
)
QUOTATION_LINES = statement(
    "quotations.record_lines",
    """
    SELECT line.position, line.product_id, product.sku, line.description, line.quantity, line.unit_price,
           line.discount_percent, line.tax_rate, line.amount_net, line.amount_tax
      FROM quotation_line AS line JOIN product ON product.id = line.product_id
     WHERE line.quotation_id = %(quotation_id)s::bigint ORDER BY line.position
    """,
    tables="quotation_line product",
    scope="by_root",
    fact=QuotationLineRecord,
)
OPPORTUNITIES = Listing(
    "opportunities.list",
    OPPORTUNITY_SELECT,
    "opportunity customer pipeline_stage",
    OpportunityRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "owner_id": "row.owner_id = %(owner_id)s::bigint",
        "stage": "stage.code = %(stage)s",
        "stage_kind": "row.stage_kind = %(stage_kind)s",
    },
    scoped_by="row",
)
QUOTATIONS = Listing(
    "quotations.list",
    QUOTATION_SELECT,
    "quotation customer sales_order",
    QuotationRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "opportunity_id": "row.opportunity_id = %(opportunity_id)s::bigint",
        "state": "row.state = %(state)s",
        "number": "row.number = %(number)s",
    },
    scoped_by="row",
)


def get_opportunity(opportunity_id: int) -> OpportunityRecord:
    """One opportunity. Raises NotFound."""
    [rows] = read(OPPORTUNITY(opportunity_id=opportunity_id))
    return existing(rows, "opportunity", opportunity_id)


def get_quotation(quotation_id: int) -> tuple[QuotationRecord, list[QuotationLineRecord]]:
    """One quotation with its lines. Raises NotFound."""
    found, lines = read(QUOTATION(quotation_id=quotation_id), QUOTATION_LINES(quotation_id=quotation_id))
    return existing(found, "quotation", quotation_id), lines
