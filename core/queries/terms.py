"""Payment terms as data, archived ones last."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import NotFound
from core.queries.reading import read
from core.statements import statement


class TermsRecord(NamedTuple):
    """Payment terms; `customers` is how many have them."""

    id: int
    code: str
    name: str
    name_zh: str
    days: int
    is_active: bool
    version: int
    customers: int


TERMS = statement(
    "terms.list",
    """
    SELECT id, code, name, name_zh, days, is_active, version,
           (SELECT count(*) FROM customer WHERE payment_terms_id = payment_terms.id AND merged_into_id IS NULL)
      FROM payment_terms ORDER BY is_active DESC, days, code
    """,
    tables="payment_terms customer",
    scope="system",
    fact=TermsRecord,
)


def list_terms() -> list[TermsRecord]:
    """All of them."""
    [rows] = read(TERMS())
    return rows


def get_terms(terms_id: int) -> TermsRecord:
    """One of them. Raises NotFound."""
    found = next((row for row in list_terms() if row.id == terms_id), None)
    if found is None:
        raise NotFound("payment_terms", terms_id)
    return found
