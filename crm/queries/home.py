"""The figures of the home pages: of one owner, or of everybody. Each leads to the rows it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.queries.paging import Page, Window
from core.queries.reading import fetch
from core.statements import statement
from crm.queries.activities import FollowUp, list_follow_ups
from crm.queries.home_cards import HELD, LATE, MINE, READY, TO_SHIP, LateCustomer, OpenOrder


class Sums(NamedTuple):
    """Headline numbers; amounts in the company's currency."""

    won: Decimal
    won_count: int
    pipeline: Decimal
    deals: int
    collected: Decimal
    payments: int
    overdue: Decimal
    overdue_customers: int
    held: int
    held_amount: Decimal
    to_ship: int
    unapplied: Decimal
    unapplied_customers: int
    receivables: Decimal
    alerts: int
    tasks: int
    books_end_on: date | None
    last_fiscal_year: int | None


SUMS = statement(
    "home.sums",
    f"""
    SELECT won.amount, won.rows, pipeline.amount, pipeline.rows, collected.amount, collected.rows, late.amount,
           late.customers, held.rows, held.amount, to_ship.rows, credit.unapplied, credit.customers, owed.receivables,
           (SELECT count(*) FROM stock_alert WHERE closed_at IS NULL AND dismissed_at IS NULL),
           (SELECT count(*) FROM ledger_task WHERE done_at IS NULL), books.ends_on, books.fiscal_year
      FROM (SELECT coalesce(sum(amount), 0)::numeric(18,2) AS amount, count(*) AS rows FROM opportunity
             WHERE stage_kind = 'won' AND closed_at >= %(month)s::timestamptz AND {MINE.format(table="opportunity")}
           ) AS won,
           (SELECT coalesce(sum(amount), 0)::numeric(18,2) AS amount, count(*) AS rows FROM opportunity
             WHERE stage_kind = 'open' AND {MINE.format(table="opportunity")}) AS pipeline,
           (SELECT coalesce(sum(amount), 0)::numeric(18,2) AS amount, count(*) AS rows FROM payment
             WHERE kind = 'receipt' AND received_on > %(today)s::date - 7 AND {MINE.format(table="payment")}
           ) AS collected,
           (SELECT coalesce(sum(amount), 0)::numeric(18,2) AS amount, count(*) AS customers
              FROM (SELECT sum(amount_open) AS amount FROM invoice
                     WHERE amount_allocated < amount_total AND due_on < %(today)s::date
                       AND {MINE.format(table="invoice")} GROUP BY customer_id) AS each) AS late,
           (SELECT count(*) AS rows, coalesce(sum(amount_total), 0)::numeric(18,2) AS amount FROM sales_order
             WHERE {TO_SHIP} AND {MINE.format(table="sales_order")}
               AND number IN (SELECT origin FROM reservation WHERE quantity_back_ordered > 0)) AS held,
           (SELECT count(*) AS rows FROM sales_order WHERE {TO_SHIP} AND {MINE.format(table="sales_order")}
               AND number IN (SELECT origin FROM reservation WHERE quantity_reserved > 0)) AS to_ship,
           (SELECT coalesce(sum(amount), 0)::numeric(18,2) AS unapplied, count(*) AS customers
              FROM (SELECT sum(amount_unapplied) AS amount
                      FROM (SELECT customer_id, amount_unapplied FROM payment
                             WHERE kind = 'receipt' AND amount_allocated < amount AND {MINE.format(table="payment")}
                            UNION ALL
                            SELECT customer_id, amount_unapplied FROM credit_note
                             WHERE amount_allocated < amount_total AND {MINE.format(table="credit_note")}) AS source
                     GROUP BY customer_id) AS each) AS credit,
           (SELECT coalesce(sum(amount_open), 0)::numeric(18,2) AS receivables FROM invoice
             WHERE amount_allocated < amount_total AND {MINE.format(table="invoice")}) AS owed,
           (SELECT max(ends_on) AS ends_on, max(fiscal_year) AS fiscal_year FROM fiscal_period) AS books
    """,
    tables="opportunity payment credit_note invoice sales_order reservation stock_alert ledger_task fiscal_period",
    scope="scoped",
    fact=Sums,
)


class StageSum(NamedTuple):
    code: str
    name: str
    name_zh: str
    deals: int
    amount: Decimal


BY_STAGE = statement(
    "home.by_stage",
    f"""
    SELECT stage.code, stage.name, stage.name_zh, count(deal.id), coalesce(sum(deal.amount), 0)::numeric(18,2)
      FROM pipeline_stage AS stage LEFT JOIN opportunity AS deal
           ON deal.stage_id = stage.id AND deal.stage_kind = 'open' AND {MINE.format(table="deal")}
     WHERE stage.kind = 'open' GROUP BY stage.id ORDER BY stage.position
    """,
    tables="pipeline_stage opportunity",
    scope="scoped",
    fact=StageSum,
)


class Stalled(NamedTuple):
    id: int
    name: str
    customer: str


STALLED = statement(
    "home.stalled",
    f"""
    SELECT deal.id, deal.name, customer.name FROM opportunity AS deal JOIN customer ON customer.id = deal.customer_id
     WHERE deal.stage_kind = 'open' AND deal.stage_since < %(since)s::timestamptz AND {MINE.format(table="deal")}
       AND NOT EXISTS (SELECT FROM activity WHERE opportunity_id = deal.id AND created_at >= %(since)s::timestamptz)
     ORDER BY deal.amount DESC, deal.id LIMIT 4
    """,
    tables="opportunity customer activity",
    scope="scoped",
    fact=Stalled,
)


class JustPaid(NamedTuple):
    """A receipt: what it settled, and what the customer still owes."""

    id: int
    customer_id: int
    customer: str
    received_on: date
    recorded_at: datetime
    amount: Decimal
    unapplied: Decimal
    invoices: int
    invoice: str | None
    left_open: Decimal


JUST_PAID = statement(
    "home.just_paid",
    f"""
    SELECT payment.id, payment.customer_id, customer.name, payment.received_on, payment.recorded_at, payment.amount,
           payment.amount_unapplied, coalesce(matched.invoices, 0)::int, matched.number, coalesce(matched.left_open, 0)
      FROM (SELECT * FROM payment WHERE payment.kind = 'receipt' AND {MINE.format(table="payment")}
             ORDER BY payment.received_on DESC, payment.id DESC LIMIT %(limit)s::int) AS payment
      JOIN customer ON customer.id = payment.customer_id
      LEFT JOIN LATERAL (SELECT count(DISTINCT invoice.id) AS invoices, min(invoice.number) AS number,
                                sum(DISTINCT invoice.amount_open) AS left_open
                           FROM payment_allocation AS allocation JOIN invoice ON invoice.id = allocation.invoice_id
                          WHERE allocation.payment_id = payment.id) AS matched ON true
     ORDER BY payment.received_on DESC, payment.id DESC
    """,
    tables="payment customer payment_allocation invoice",
    scope="scoped",
    fact=JustPaid,
)


class Aging(NamedTuple):
    """Open receivables by days past due: not due (or due after delivery), 1–30, 31–60, 61–90, more."""

    not_due: Decimal
    to_30: Decimal
    to_60: Decimal
    to_90: Decimal
    older: Decimal


AGING = statement(
    "home.aging",
    """
    SELECT coalesce(sum(amount_open) FILTER (WHERE due_on IS NULL OR due_on >= %(today)s::date), 0),
           coalesce(sum(amount_open) FILTER (WHERE %(today)s::date - due_on BETWEEN 1 AND 30), 0),
           coalesce(sum(amount_open) FILTER (WHERE %(today)s::date - due_on BETWEEN 31 AND 60), 0),
           coalesce(sum(amount_open) FILTER (WHERE %(today)s::date - due_on BETWEEN 61 AND 90), 0),
           coalesce(sum(amount_open) FILTER (WHERE %(today)s::date - due_on > 90), 0)
      FROM invoice WHERE amount_allocated < amount_total AND visible(invoice)
    """,
    tables="invoice",
    scope="scoped",
    fact=Aging,
)


class TopCustomer(NamedTuple):
    id: int
    name: str
    orders: int
    amount: Decimal


TOP_CUSTOMERS = statement(
    "home.top_customers",
    """
    SELECT customer.id, customer.name, best.orders, best.amount
      FROM (SELECT so.customer_id, count(*)::int AS orders, sum(so.amount_total) AS amount FROM sales_order AS so
             WHERE so.state IN ('confirmed', 'done') AND visible(so) AND so.ordered_on >= %(since)s::date
             GROUP BY so.customer_id ORDER BY amount DESC, so.customer_id LIMIT 6) AS best
      JOIN customer ON customer.id = best.customer_id ORDER BY best.amount DESC, customer.id
    """,
    tables="sales_order customer",
    scope="scoped",
    fact=TopCustomer,
)


class Credit(NamedTuple):
    customer_id: int
    customer: str
    unapplied: Decimal
    open_receivables: Decimal


CREDITS = statement(
    "home.credits",
    """
    SELECT customer.id, customer.name, unapplied, open_receivables
      FROM customer_account JOIN customer ON customer.id = customer_account.customer_id
     WHERE unapplied > 0 AND visible(customer, customer.id) ORDER BY unapplied DESC, customer.id LIMIT 8
    """,
    tables="customer_account customer",
    scope="scoped",
    fact=Credit,
)


class ShortProduct(NamedTuple):
    product_id: int
    sku: str
    name: str
    on_hand: Decimal
    available: Decimal
    back_ordered: Decimal


SHORT_PRODUCTS = statement(
    "home.short_products",
    """
    SELECT product.id, product.sku, product.name, sum(on_hand), sum(available), sum(back_ordered)
      FROM stock_level JOIN product ON product.id = stock_level.product_id
     WHERE back_ordered > 0 GROUP BY product.id ORDER BY 6 DESC, product.id LIMIT 8
    """,
    tables="stock_level product",
    scope="system",
    fact=ShortProduct,
)


class OpenAlert(NamedTuple):
    id: int
    product_id: int
    sku: str
    name: str
    available: Decimal
    reorder_point: Decimal
    opened_at: datetime


ALERTS = statement(
    "home.alerts",
    """
    SELECT alert.id, product.id, product.sku, product.name, level.available, alert.reorder_point, alert.opened_at
      FROM stock_alert AS alert JOIN product ON product.id = alert.product_id
      JOIN stock_level AS level ON level.product_id = alert.product_id AND level.warehouse_id = alert.warehouse_id
     WHERE alert.closed_at IS NULL AND alert.dismissed_at IS NULL ORDER BY alert.opened_at DESC, alert.id LIMIT 8
    """,
    tables="stock_alert product stock_level",
    scope="system",
    fact=OpenAlert,
)


@dataclass(frozen=True)
class SalesHome:
    """Of one owner's customers, or of all (`owner_id` None)."""

    sums: Sums
    stages: list[StageSum]
    stalled: list[Stalled]
    paid: list[JustPaid]
    follow_ups: Page[FollowUp]
    overdue: Page[LateCustomer]
    held: Page[OpenOrder]
    aging: Aging
    top: list[TopCustomer]


def sales_home(
    connection: Connection,
    *,
    today: date,
    month: datetime,
    stalled_since: datetime,
    user_id: int | None,
    owner_id: int | None,
) -> SalesHome:
    """The home page of sales (with `owner_id`) and of a manager (without)."""
    [sums], stages, stalled, paid, [aging], top, late, held = fetch(
        connection,
        SUMS(owner_id=owner_id, today=today, month=month),
        BY_STAGE(owner_id=owner_id),
        STALLED(owner_id=owner_id, since=stalled_since),
        JUST_PAID(owner_id=owner_id, limit=5),
        AGING(today=today),
        TOP_CUSTOMERS(since=date(today.year, 1, 1)),
        LATE(owner_id=owner_id, today=today, limit=5),
        HELD(owner_id=owner_id, limit=5),
    )
    follow_ups = list_follow_ups(connection, Window(limit=6), today=today, user_id=user_id, until=today)
    return SalesHome(
        sums,
        stages,
        stalled,
        paid,
        follow_ups,
        Page(late, total=sums.overdue_customers),
        Page(held, total=sums.held),
        aging,
        top,
    )


@dataclass(frozen=True)
class WarehouseHome:
    sums: Sums
    ready: Page[OpenOrder]
    held: Page[OpenOrder]
    short: list[ShortProduct]
    alerts: list[OpenAlert]


def warehouse_home(connection: Connection, *, today: date, month: datetime) -> WarehouseHome:
    """What is to ship, what waits, what runs low."""
    [sums], short, alerts, ready, held = fetch(
        connection,
        SUMS(owner_id=None, today=today, month=month),
        SHORT_PRODUCTS(),
        ALERTS(),
        READY(owner_id=None, limit=8),
        HELD(owner_id=None, limit=5),
    )
    return WarehouseHome(sums, Page(ready, total=sums.to_ship), Page(held, total=sums.held), short, alerts)


@dataclass(frozen=True)
class FinanceHome:
    sums: Sums
    aging: Aging
    credits: list[Credit]
    paid: list[JustPaid]
    overdue: Page[LateCustomer]


def finance_home(connection: Connection, *, today: date, month: datetime) -> FinanceHome:
    """What is to match, what is late, how old it is."""
    [sums], [aging], credits, paid, late = fetch(
        connection,
        SUMS(owner_id=None, today=today, month=month),
        AGING(today=today),
        CREDITS(),
        JUST_PAID(owner_id=None, limit=6),
        LATE(owner_id=None, today=today, limit=8),
    )
    return FinanceHome(sums, aging, credits, paid, Page(late, total=sums.overdue_customers))
