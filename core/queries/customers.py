"""Customers to choose: by id, by what was typed, and the names offered while typing."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.normalise import fold
from core.queries.finding import Kind, find
from core.queries.reading import fetch
from core.queries.words import holds_words
from core.search_entries import CUSTOMERS
from core.statements import statement

CHOICES = 20
NAMES = 300


class CustomerChoice(NamedTuple):
    """A customer with the money figures a form shows."""

    id: int
    code: str
    name: str
    open_receivables: Decimal
    unapplied: Decimal


_SELECT = """
    SELECT customer.id, customer.code, customer.name, account.open_receivables, account.unapplied
      FROM customer JOIN customer_account AS account ON account.customer_id = customer.id
     WHERE customer.merged_into_id IS NULL AND visible(customer, customer.id)
"""
CUSTOMER = statement(
    "choices.customer",
    _SELECT + " AND customer.id = %(customer_id)s::bigint",
    tables="customer customer_account",
    scope="scoped",
    fact=CustomerChoice,
)
_FOUND = Kind(
    "customer",
    CUSTOMERS,
    "'customer', row.id, row.code, row.name, account.open_receivables, account.unapplied",
    "customer AS row JOIN customer_account AS account ON account.customer_id = row.id",
    where="row.merged_into_id IS NULL",
    scoped_by="row, row.id",
    holds=holds_words("row"),
)
CUSTOMER_NAMES = statement(
    "choices.customer_names",
    """
    SELECT customer.name FROM customer JOIN customer_account AS account ON account.customer_id = customer.id
     WHERE customer.merged_into_id IS NULL AND visible(customer, customer.id)
     ORDER BY account.open_receivables > 0 DESC, customer.name LIMIT %(limit)s::int
    """,
    tables="customer customer_account",
    scope="scoped",
)


def get_customer(connection: Connection, customer_id: int) -> CustomerChoice:
    """One live customer. Raises NotFound."""
    [rows] = fetch(connection, CUSTOMER(customer_id=customer_id))
    return existing(rows, "customer", customer_id)


def find_customers(connection: Connection, text: str, limit: int = CHOICES) -> list[CustomerChoice]:
    """Whom a typed text may mean: exactly one where it is a code or a whole name, else at most `limit` that fit."""
    text, wanted = text.strip(), fold(text).strip()
    tables = "search_entry customer customer_account"
    rows = find(connection, text, [_FOUND], CustomerChoice, max(limit, CHOICES), tables=tables)
    found = sorted((CustomerChoice(*row[1:]) for row in rows), key=lambda match: _order(match, wanted))
    for exact in (
        [match for match in found if fold(match.code) == wanted],
        [match for match in found if fold(match.name) == wanted],
    ):
        if len(exact) == 1:
            return exact
    return found[:limit]


def _order(match: CustomerChoice, wanted: str) -> tuple[bool, str]:
    """Who begins so first, then by name."""
    name = fold(match.name)
    return not name.startswith(wanted), name


def customer_names(connection: Connection, limit: int = NAMES) -> list[str]:
    """Names for the browser's own list while typing: those who owe first."""
    [rows] = fetch(connection, CUSTOMER_NAMES(limit=limit))
    return [name for (name,) in rows]
