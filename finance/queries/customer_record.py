"""A customer with his money: balance, overdue, exposure, payment status, as of today."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from core.errors import existing
from core.masks import Email, Phone
from core.queries.paging import Key, Listing
from core.queries.reading import read, today
from core.queries.words import customers_found, customers_met
from core.statements import statement


class CustomerRecord(NamedTuple):
    """One customer as the API and reports show it. `overdue` and `payment_status` are as of the day asked for."""

    id: int
    code: str
    name: str
    legal_name: str | None
    country: str
    region: str | None
    city: str | None
    industry: str | None
    size: str | None
    source: str | None
    lifecycle: str
    tax_id: str | None
    phone: Phone | None
    email: Email | None
    website: str | None
    note: str | None
    owner_id: int
    owner_name: str
    payment_terms: str | None
    credit_limit: Decimal | None
    currency: str
    balance: Decimal
    open_receivables: Decimal
    unapplied: Decimal
    uninvoiced: Decimal
    exposure: Decimal
    overdue: Decimal
    payment_status: str
    oldest_due_on: date | None
    last_payment_on: date | None
    last_payment_amount: Decimal | None
    last_order_on: date | None
    order_count: int
    created_at: datetime
    version: int


SELECT = """
    SELECT row.id, row.code, row.name, row.legal_name, row.country, row.region, row.city, row.industry, row.size,
           row.source, row.lifecycle, row.tax_id, row.phone, row.email, row.website, row.note, row.owner_id, owner.name,
           terms.code, row.credit_limit, row.currency, account.balance, account.open_receivables, account.unapplied,
           account.uninvoiced, account.exposure,
           CASE WHEN account.oldest_due_on < %(today)s::date THEN
                (SELECT coalesce(sum(amount_open), 0) FROM invoice
                  WHERE customer_id = row.id AND amount_allocated < amount_total AND due_on < %(today)s::date)
                ELSE 0.00 END,
           CASE WHEN account.oldest_due_on < %(today)s::date THEN 'overdue' ELSE account.paid_status END,
           account.oldest_due_on, account.last_payment_on, account.last_payment_amount, account.last_order_on,
           account.order_count, row.created_at, row.version
      FROM customer AS row
      JOIN customer_account AS account ON account.customer_id = row.id
      JOIN app_user AS owner ON owner.id = row.owner_id
      LEFT JOIN payment_terms AS terms ON terms.id = row.payment_terms_id
"""
TABLES = "customer customer_account app_user payment_terms invoice search_entry"
CUSTOMER = statement(
    "customers.record",
    SELECT + " WHERE row.id = %(customer_id)s::bigint AND row.merged_into_id IS NULL AND visible(row, row.id)",
    tables=TABLES,
    scope="scoped",
    fact=CustomerRecord,
)
CUSTOMERS = Listing(
    "customers.list",
    SELECT,
    TABLES,
    CustomerRecord,
    filters={
        "q": customers_found("row", "q"),
        "q_often": customers_met("row", "q_often"),
        "owner_id": "row.owner_id = %(owner_id)s::bigint",
        "code": "row.code = %(code)s",
    },
    where="row.merged_into_id IS NULL",
    keys=(Key("id", "row.id", "bigint"),),
    scoped_by="row, row.id",
)


def get_customer(customer_id: int) -> CustomerRecord:
    """The live customer of this id. One statement. Raises NotFound."""
    [rows] = read(CUSTOMER(customer_id=customer_id, today=today()))
    return existing(rows, "customer", customer_id)
