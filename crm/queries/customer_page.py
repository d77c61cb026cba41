"""One customer's record with contacts, addresses, money and open business, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.masks import Email, Phone
from core.queries.reading import fetch
from core.statements import statement


class CustomerRecord(NamedTuple):
    """The whole customer with the account beside it."""

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
    owner: str
    payment_terms_id: int | None
    terms: str | None
    terms_zh: str | None
    terms_days: int
    credit_limit: Decimal | None
    currency: str
    created_at: datetime
    version: int
    open_receivables: Decimal
    unapplied: Decimal
    uninvoiced: Decimal
    balance: Decimal
    exposure: Decimal
    paid_status: str
    oldest_due_on: date | None
    last_payment_on: date | None
    last_payment_amount: Decimal | None
    last_order_on: date | None
    order_count: int
    overdue: Decimal
    overdue_invoices: int

    @property
    def payment_status(self) -> str:
        """none, unpaid, partial, paid, or overdue while anything is past its due day."""
        return "overdue" if self.overdue else self.paid_status


CUSTOMER = statement(
    "pages.customer",
    """
    SELECT customer.id, customer.code, customer.name, legal_name, customer.country, region, city, industry, size,
           source, lifecycle, customer.tax_id, customer.phone, customer.email, website, customer.note, owner_id,
           app_user.name, payment_terms_id, terms.name, terms.name_zh, coalesce(terms.days, company.payment_terms_days),
           customer.credit_limit, customer.currency, customer.created_at, customer.version, open_receivables, unapplied,
           uninvoiced, balance, exposure, paid_status, oldest_due_on, last_payment_on, last_payment_amount,
           last_order_on, order_count, coalesce(late.amount, 0)::numeric(18,2), coalesce(late.invoices, 0)::int
      FROM customer
      JOIN customer_account AS account ON account.customer_id = customer.id
      JOIN app_user ON app_user.id = customer.owner_id
      CROSS JOIN company
      LEFT JOIN payment_terms AS terms ON terms.id = customer.payment_terms_id
      LEFT JOIN LATERAL (SELECT sum(amount_open) AS amount, count(*) AS invoices FROM invoice
                          WHERE invoice.customer_id = customer.id AND amount_allocated < amount_total
                            AND due_on < %(today)s::date) AS late ON true
     WHERE customer.id = %(customer_id)s::bigint AND merged_into_id IS NULL AND visible(customer, customer.id)
    """,
    tables="customer customer_account app_user company payment_terms invoice",
    scope="scoped",
    fact=CustomerRecord,
)


class ContactRow(NamedTuple):
    id: int
    name: str
    title: str | None
    decision_power: str | None
    phone: Phone | None
    email: Email | None
    preferred_channel: str | None
    do_not_call: bool
    note: str | None
    is_active: bool
    version: int


CONTACTS = statement(
    "pages.contacts",
    """
    SELECT id, name, title, decision_power, phone, email, preferred_channel, do_not_call, note, is_active, version
      FROM contact WHERE customer_id = %(customer_id)s::bigint ORDER BY is_active DESC, name, id
    """,
    tables="contact",
    scope="by_root",
    fact=ContactRow,
)


class AddressRow(NamedTuple):
    id: int
    kind: str
    name: str | None
    street: str
    city: str | None
    region: str | None
    postal_code: str | None
    country: str
    is_default: bool
    is_active: bool
    version: int


ADDRESSES = statement(
    "pages.addresses",
    """
    SELECT id, kind, name, street, city, region, postal_code, country, is_default, is_active, version
      FROM address WHERE customer_id = %(customer_id)s::bigint ORDER BY is_active DESC, kind, is_default DESC, id
    """,
    tables="address",
    scope="by_root",
    fact=AddressRow,
)


class OpenOrder(NamedTuple):
    id: int
    number: str
    state: str
    shipping_status: str
    requested_on: date | None
    amount_total: Decimal
    back_ordered: Decimal


OPEN_ORDERS = statement(
    "pages.open_orders_of_customer",
    """
    SELECT sales_order.id, number, state, shipping_status, sales_order.requested_on, amount_total,
           coalesce((SELECT sum(quantity_back_ordered) FROM sales_order_line AS line
                       JOIN reservation ON reservation.id = line.reservation_id
                      WHERE line.order_id = sales_order.id), 0)
      FROM sales_order
     WHERE customer_id = %(customer_id)s::bigint AND state IN ('draft', 'confirmed')
     ORDER BY ordered_on DESC, sales_order.id DESC LIMIT 6
    """,
    tables="sales_order sales_order_line reservation",
    scope="by_root",
    fact=OpenOrder,
)


class OpenDeal(NamedTuple):
    id: int
    name: str
    stage: str
    stage_zh: str
    probability: int
    amount: Decimal


OPEN_DEALS = statement(
    "pages.open_deals_of_customer",
    """
    SELECT deal.id, deal.name, stage.name, stage.name_zh, stage.probability, deal.amount
      FROM opportunity AS deal JOIN pipeline_stage AS stage ON stage.id = deal.stage_id
     WHERE deal.customer_id = %(customer_id)s::bigint AND deal.stage_kind = 'open'
     ORDER BY stage.position DESC, deal.amount DESC, deal.id LIMIT 6
    """,
    tables="opportunity pipeline_stage",
    scope="by_root",
    fact=OpenDeal,
)


class RelatedCounts(NamedTuple):
    orders: int
    open_orders: int
    deals: int
    open_deals: int
    quotations: int
    invoices: int
    payments: int
    returns: int
    contacts: int


COUNTS = statement(
    "pages.related_counts",
    """
    SELECT (SELECT count(*) FROM sales_order WHERE customer_id = chosen.id),
           (SELECT count(*) FROM sales_order WHERE customer_id = chosen.id AND state IN ('draft', 'confirmed')),
           (SELECT count(*) FROM opportunity WHERE customer_id = chosen.id),
           (SELECT count(*) FROM opportunity WHERE customer_id = chosen.id AND stage_kind = 'open'),
           (SELECT count(*) FROM quotation WHERE customer_id = chosen.id),
           (SELECT count(*) FROM invoice WHERE customer_id = chosen.id),
           (SELECT count(*) FROM payment WHERE customer_id = chosen.id),
           (SELECT count(*) FROM shipment WHERE customer_id = chosen.id AND kind = 'return'),
           (SELECT count(*) FROM contact WHERE customer_id = chosen.id AND is_active)
      FROM (SELECT %(customer_id)s::bigint AS id) AS chosen
    """,
    tables="sales_order opportunity quotation invoice payment shipment contact",
    scope="by_root",
    fact=RelatedCounts,
)


class TaskRow(NamedTuple):
    id: int
    kind: str
    subject: str
    due_on: date
    owner: str
    version: int


OPEN_TASKS = statement(
    "pages.open_tasks_of_customer",
    """
    SELECT activity.id, kind, subject, due_on, app_user.name, activity.version
      FROM activity JOIN app_user ON app_user.id = activity.owner_id
     WHERE customer_id = %(customer_id)s::bigint AND done_at IS NULL AND due_on IS NOT NULL
     ORDER BY due_on, activity.id LIMIT 10
    """,
    tables="activity app_user",
    scope="by_root",
    fact=TaskRow,
)


@dataclass(frozen=True)
class CustomerPage:
    """Everything the 360 page shows beside the timeline."""

    customer: CustomerRecord
    contacts: list[ContactRow]
    addresses: list[AddressRow]
    orders: list[OpenOrder]
    deals: list[OpenDeal]
    counts: RelatedCounts
    tasks: list[TaskRow]


def get_customer(connection: Connection, customer_id: int, today: date) -> CustomerRecord:
    """One live customer. Raises NotFound."""
    [rows] = fetch(connection, CUSTOMER(customer_id=customer_id, today=today))
    return existing(rows, "customer", customer_id)


def customer_page(connection: Connection, customer_id: int, today: date) -> CustomerPage:
    """One customer with everything around it, in one round trip. Raises NotFound."""
    found, *others = fetch(
        connection,
        CUSTOMER(customer_id=customer_id, today=today),
        *(query(customer_id=customer_id) for query in (CONTACTS, ADDRESSES, OPEN_ORDERS, OPEN_DEALS)),
        COUNTS(customer_id=customer_id),
        OPEN_TASKS(customer_id=customer_id),
    )
    contacts, addresses, orders, deals, [counts], tasks = others
    return CustomerPage(existing(found, "customer", customer_id), contacts, addresses, orders, deals, counts, tasks)
