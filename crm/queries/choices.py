"""What forms offer to choose from: people, payment terms."""

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
    "SELECT id, name, name_zh FROM payment_terms WHERE is_active OR id = %(also)s::bigint ORDER BY days, id",
    tables="payment_terms",
    scope="system",
    fact=Choice,
)
