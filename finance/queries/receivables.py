"""Receivables as of any day: what each customer owed then, by age; from the dates of invoices and allocations.

What was open on a day is told by the database's functions `invoices_open_on` and `credits_unapplied_on`, which go back
from what is open now and leave out what was not; so today's figures cost what is open, whatever has been settled
before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from core.queries.paging import Listing
from core.queries.reading import fetch, read
from core.statements import statement

BUCKETS: Final = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
EVER: Final = 2**31 - 1
DAYS: Final = {
    "not_due": (0, 0), "days_1_30": (1, 30), "days_31_60": (31, 60), "days_61_90": (61, 90), "days_over_90": (91, EVER),
    "overdue": (1, EVER),
}  # fmt: skip
"""The days overdue that stand behind a figure, the first and the last."""
MOST_SHOWN: Final = 100
"""Customers and invoices on a page; its sums are those of all."""


class AgingRow(NamedTuple):
    """What a customer owed on a day by days overdue, his unapplied credit, and the difference."""

    customer_id: int
    customer_name: str
    not_due: Decimal
    days_1_30: Decimal
    days_31_60: Decimal
    days_61_90: Decimal
    days_over_90: Decimal
    open: Decimal
    unapplied: Decimal
    balance: Decimal

    @property
    def overdue(self) -> Decimal:
        return self.open - self.not_due


class AgingTotals(NamedTuple):
    """The sums over all customers, and how many there are that owed something or had credit."""

    customers: int
    not_due: Decimal
    days_1_30: Decimal
    days_31_60: Decimal
    days_61_90: Decimal
    days_over_90: Decimal
    open: Decimal
    unapplied: Decimal
    balance: Decimal

    @property
    def overdue(self) -> Decimal:
        return self.open - self.not_due


class OpenInvoiceRecord(NamedTuple):
    """An invoice as it stood on a day."""

    id: int
    number: str
    customer_id: int
    customer_name: str
    issued_on: date
    due_on: date | None
    currency: str
    amount_total: Decimal
    amount_open: Decimal
    days_overdue: int


class OpenInvoiceTotals(NamedTuple):
    """How many invoices a figure of the aging is made of, and their sums."""

    rows: int
    amount_total: Decimal
    amount_open: Decimal


_OPEN = """
    SELECT customer_id, owner_id, coalesce(greatest(%(as_of)s::date - due_on, 0), 0) AS days, amount_open AS amount,
           0.00 AS unapplied
      FROM invoices_open_on(%(as_of)s::date)
"""
_CREDITS = """
    SELECT customer_id, owner_id, -1 AS days, 0.00 AS amount, amount AS unapplied
      FROM credits_unapplied_on(%(as_of)s::date)
"""
_SUMS = ", ".join(
    [
        *(
            f"coalesce(sum(amount) FILTER (WHERE days BETWEEN {DAYS[name][0]} AND {DAYS[name][1]}), 0.00) AS {name}"
            for name in BUCKETS
        ),
        "coalesce(sum(amount), 0.00) AS open",
        "coalesce(sum(unapplied), 0.00) AS unapplied",
        "coalesce(sum(amount) - sum(unapplied), 0.00) AS balance",
    ]
)
_OF_INVOICES = "invoice payment_allocation"
_OF_FIGURES = f"{_OF_INVOICES} payment credit_note"


def _aging(condition: str, order: str) -> str:
    return f"""
        SELECT customer.id, customer.name, {", ".join(BUCKETS)}, owed.open, owed.unapplied, owed.balance
          FROM (SELECT figure.customer_id, {_SUMS}
                  FROM ({_OPEN} UNION ALL {_CREDITS}) AS figure WHERE {condition} AND visible(figure)
                 GROUP BY figure.customer_id) AS owed
          JOIN customer ON customer.id = owed.customer_id
         ORDER BY {order}
    """


AGING = statement(
    "receivables.aging",
    _aging("true", "customer.name, customer.id"),
    tables=f"{_OF_FIGURES} customer",
    scope="scoped",
    fact=AgingRow,
)
AGING_OF_CUSTOMER = statement(
    "receivables.aging_of_customer",
    _aging("figure.customer_id = %(customer_id)s::bigint", "customer.id"),
    tables=f"{_OF_FIGURES} customer",
    scope="scoped",
    fact=AgingRow,
)
MOST_OVERDUE = statement(
    "receivables.most_overdue",
    _aging("true", "owed.open - owed.not_due DESC, owed.open DESC, customer.id LIMIT %(most)s::int"),
    tables=f"{_OF_FIGURES} customer",
    scope="scoped",
    fact=AgingRow,
)
AGING_TOTALS = statement(
    "receivables.aging_totals",
    f"""
    SELECT count(DISTINCT figure.customer_id), {_SUMS}
      FROM ({_OPEN} UNION ALL {_CREDITS}) AS figure WHERE visible(figure)
    """,
    tables=_OF_FIGURES,
    scope="scoped",
    fact=AgingTotals,
)
_OPEN_INVOICES = """
      FROM (SELECT open.id, invoice.number, open.customer_id, open.owner_id, open.issued_on, open.due_on,
                   invoice.currency, invoice.amount_total, open.amount_open,
                   coalesce(greatest(%(as_of)s::date - open.due_on, 0), 0) AS days_overdue
              FROM invoices_open_on(%(as_of)s::date) AS open JOIN invoice ON invoice.id = open.id) AS row
"""
_OPEN_INVOICES_SELECT = f"""
    SELECT row.id, row.number, row.customer_id, customer.name, row.issued_on, row.due_on, row.currency,
           row.amount_total, row.amount_open, row.days_overdue
    {_OPEN_INVOICES} JOIN customer ON customer.id = row.customer_id
"""
OPEN_INVOICES = Listing(
    "invoices.open_as_of",
    _OPEN_INVOICES_SELECT,
    f"{_OF_INVOICES} customer",
    OpenInvoiceRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "overdue": "(row.days_overdue > 0) = %(overdue)s::boolean",
    },
    scoped_by="row",
)
# The days of a figure: none of them given are all.
_BEHIND = """
    WHERE row.days_overdue BETWEEN %(since)s::int AND %(until)s::int
      AND (%(customer_id)s::bigint IS NULL OR row.customer_id = %(customer_id)s::bigint) AND visible(row)
"""
BEHIND = statement(
    "receivables.behind",
    f"{_OPEN_INVOICES_SELECT} {_BEHIND} ORDER BY row.due_on NULLS LAST, row.id LIMIT %(most)s::int",
    tables=f"{_OF_INVOICES} customer",
    scope="scoped",
    fact=OpenInvoiceRecord,
)
BEHIND_TOTALS = statement(
    "receivables.behind_totals",
    f"""
    SELECT count(*), coalesce(sum(row.amount_total), 0.00), coalesce(sum(row.amount_open), 0.00)
    {_OPEN_INVOICES} {_BEHIND}
    """,
    tables=_OF_INVOICES,
    scope="scoped",
    fact=OpenInvoiceTotals,
)


def aging(as_of: date, customer_id: int | None = None) -> Sequence[AgingRow]:
    """Customers that owed something or had credit on a day, by name; or one of them. One statement."""
    if customer_id is None:
        return read(AGING(as_of=as_of))[0]
    return read(AGING_OF_CUSTOMER(as_of=as_of, customer_id=customer_id))[0]


def most_overdue(connection: Connection, as_of: date) -> tuple[list[AgingRow], AgingTotals]:
    """The first `MOST_SHOWN` customers of that day, the largest overdue amount first, and the sums of all."""
    rows, [totals] = fetch(connection, MOST_OVERDUE(as_of=as_of, most=MOST_SHOWN), AGING_TOTALS(as_of=as_of))
    return rows, totals


def all_overdue(connection: Connection, as_of: date) -> list[AgingRow]:
    """All customers of that day in the same order."""
    [rows] = fetch(connection, MOST_OVERDUE(as_of=as_of, most=EVER))
    return rows


def aging_totals(connection: Connection, as_of: date) -> AgingTotals:
    """What all customers owed on a day."""
    totals: Any
    [[totals]] = fetch(connection, AGING_TOTALS(as_of=as_of))
    return totals


def open_invoices(
    connection: Connection, as_of: date, *, customer_id: int | None = None, bucket: str = ""
) -> tuple[list[OpenInvoiceRecord], OpenInvoiceTotals]:
    """The invoices behind a figure of the aging, the longest due first, `MOST_SHOWN` at most; and the sums of all."""
    since, until = DAYS.get(bucket, (0, EVER))
    asked = {"as_of": as_of, "customer_id": customer_id, "since": since, "until": until}
    rows, [totals] = fetch(connection, BEHIND(**asked, most=MOST_SHOWN), BEHIND_TOTALS(**asked))
    return rows, totals
