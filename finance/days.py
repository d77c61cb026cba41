"""Since when money is free and an invoice is open, so that neither receivables nor advances go below zero on any day.

What is put on an invoice lowers it for ever after, and an un-match raises it from its day on. So whatever is free or
open now has been so since the latest of its own date and its last un-match.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from core.errors import FieldErrors
from core.plan import Plan
from core.statements import statement
from finance.invoicing import InvoiceFact
from finance.ledger import Books, books_for
from finance.sources import SourceFact


class UnmatchedFact(NamedTuple):
    """The day of the last un-match of an invoice, a receipt or a credit note."""

    id: int
    effective_on: date


LAST_UNMATCHES = statement(
    "days.last_unmatches",
    """
    SELECT root.id, max(allocation.effective_on)
      FROM unnest(%(ids)s::bigint[]) AS root (id)
      JOIN payment_allocation AS allocation
        ON root.id IN (allocation.invoice_id, allocation.payment_id, allocation.credit_note_id)
     WHERE allocation.reverses_id IS NOT NULL
       AND (allocation.invoice_id = ANY (%(ids)s::bigint[]) OR allocation.payment_id = ANY (%(ids)s::bigint[])
            OR allocation.credit_note_id = ANY (%(ids)s::bigint[]))
     GROUP BY root.id
    """,
    tables="payment_allocation",
    scope="by_root",
    fact=UnmatchedFact,
)


class Days:
    """Since when invoices are open and sources are free. They are under lock, so that nothing un-matches them now."""

    def __init__(self, plan: Plan, on: date, invoices: Iterable[InvoiceFact], sources: Iterable[SourceFact]) -> None:
        """Reads un-matches only for a day before today: none lies in the future."""
        self._days = {invoice.id: invoice.issued_on for invoice in invoices}
        self._days |= {source.id: source.dated_on for source in sources}
        if on < plan.today and self._days:
            [rows] = plan.fetch(LAST_UNMATCHES(ids=sorted(self._days)))
            for row in rows:
                self._days[row.id] = max(self._days[row.id], row.effective_on)

    def since(self, *ids: int) -> date:
        """The first day on which all of them are there."""
        return max(self._days[identity] for identity in ids)


class BooksByDay:
    """The books of one command on several days; each day's period is read once."""

    def __init__(self, plan: Plan, books: Books) -> None:
        self._plan = plan
        self._books = {books.effective_on: books}

    def on(self, day: date) -> Books:
        if day not in self._books:
            [[self._books[day]]] = self._plan.fetch(books_for(day))
        return self._books[day]


def check_day(plan: Plan, field: str, day: date, first_on: date, too_early: str, **data: object) -> None:
    """Refuses a day in the future, and one before `first_on` with the code `too_early`, beside the field."""
    errors = FieldErrors()
    if day > plan.today:
        errors.add(field, "in_the_future", today=plan.today)
    elif day < first_on:
        errors.add(field, too_early, first_on=first_on, **data)
    errors.raise_if_any()
