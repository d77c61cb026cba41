"""The first rows of what the home pages count: customers that are late, orders that wait or can be shipped."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.statements import Statement, statement

MINE = "(%(owner_id)s::bigint IS NULL OR {table}.owner_id = %(owner_id)s::bigint) AND visible({table})"
TO_SHIP = "state = 'confirmed' AND shipping_status <> 'shipped'"


class LateCustomer(NamedTuple):
    """A customer with what is past its due day, since when, and what is planned next."""

    id: int
    name: str
    overdue: Decimal
    oldest_due_on: date
    next_step: str | None


LATE = statement(
    "home.late",
    f"""
    WITH late AS MATERIALIZED (
         SELECT invoice.customer_id, sum(amount_open) AS amount, min(due_on) AS since FROM invoice
          WHERE amount_allocated < amount_total AND due_on < %(today)s::date AND {MINE.format(table="invoice")}
          GROUP BY invoice.customer_id ORDER BY amount DESC, invoice.customer_id DESC LIMIT %(limit)s::int)
    SELECT customer.id, customer.name, late.amount, late.since, next.subject
      FROM late JOIN customer ON customer.id = late.customer_id
      LEFT JOIN LATERAL (SELECT subject FROM activity WHERE activity.customer_id = customer.id AND done_at IS NULL
                            AND due_on IS NOT NULL ORDER BY due_on, activity.id LIMIT 1) AS next ON true
     ORDER BY late.amount DESC, customer.id DESC
    """,
    tables="invoice customer activity",
    scope="scoped",
    fact=LateCustomer,
)


class OpenOrder(NamedTuple):
    """An order that is to be shipped, with how much of it waits for stock."""

    id: int
    number: str
    customer: str
    requested_on: date | None
    amount_total: Decimal
    currency: str
    back_ordered: Decimal


def _orders(name: str, column: str) -> Statement:
    """The orders wanted first of those with something in a column of their reservations, which name their order."""
    return statement(
        name,
        f"""
        SELECT so.id, so.number, customer.name, so.requested_on, so.amount_total, so.currency,
               (SELECT coalesce(sum(quantity_back_ordered), 0) FROM reservation WHERE origin = so.number)
          FROM (SELECT * FROM sales_order
                 WHERE {TO_SHIP} AND {MINE.format(table="sales_order")}
                   AND EXISTS (SELECT FROM reservation WHERE origin = sales_order.number AND {column} > 0)
                 ORDER BY requested_on NULLS LAST, id LIMIT %(limit)s::int) AS so
          JOIN customer ON customer.id = so.customer_id ORDER BY so.requested_on NULLS LAST, so.id
        """,
        tables="sales_order reservation customer",
        scope="scoped",
        fact=OpenOrder,
    )


HELD = _orders("home.held", "quantity_back_ordered")
READY = _orders("home.ready", "quantity_reserved")
