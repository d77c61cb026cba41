"""The months of the books as data."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from core.queries.paging import ID, Key, Listing
from core.statements import statement


class PeriodRecord(NamedTuple):
    """A month of the books; `closed_at` is None while it is open. `entries` counts what was posted into it."""

    id: int
    starts_on: date
    ends_on: date
    fiscal_year: int
    state: str
    closed_at: datetime | None
    closed_by_id: int | None
    entries: int


PERIODS = Listing(
    "periods.list",
    """
    SELECT row.id, row.starts_on, row.ends_on, row.fiscal_year, row.state, row.closed_at, row.closed_by_id,
           (SELECT count(*) FROM journal_entry WHERE period_id = row.id)
      FROM fiscal_period AS row
    """,
    "fiscal_period journal_entry",
    PeriodRecord,
    filters={"state": "row.state = %(state)s", "fiscal_year": "row.fiscal_year = %(fiscal_year)s::int"},
    keys=(Key("starts_on", "row.starts_on", "date"), ID),
)


class BooksEnd(NamedTuple):
    """The last day that can be posted to, and its fiscal year; None where there is none."""

    ends_on: date | None
    fiscal_year: int | None


BOOKS_END = statement(
    "periods.books_end",
    "SELECT max(ends_on), max(fiscal_year) FROM fiscal_period",
    tables="fiscal_period",
    scope="system",
    fact=BooksEnd,
)
