"""What forms offer to choose from: people, payment terms; and the customer meant by a text."""

from __future__ import annotations

from typing import NamedTuple

from core.statements import statement


class Choice(NamedTuple):
    id: int
    name: str
    name_zh: str


OWNERS = statement(
    "pages.owners",
    "SELECT id, name, name FROM app_user WHERE is_active OR id = %(also)s::bigint ORDER BY name, id",
    tables="app_user",
    scope="system",
    fact=Choice,
)
TERMS = statement(
    "pages.payment_terms",
    "SELECT id, name, name_zh FROM payment_terms ORDER BY days, id",
    tables="payment_terms",
    scope="system",
    fact=Choice,
)


class CustomerMatch(NamedTuple):
    id: int
    code: str
    name: str


FIND_CUSTOMER = statement(
    "pages.find_customer",
    r"""
    SELECT id, code, name FROM customer
     WHERE merged_into_id IS NULL
       AND (code = %(exact)s OR name = %(exact)s OR search_text LIKE ALL (%(patterns)s::text[]))
     ORDER BY code = %(exact)s DESC, name = %(exact)s DESC, name, id LIMIT %(limit)s::int
    """,
    tables="customer",
    scope="system",
    fact=CustomerMatch,
)
