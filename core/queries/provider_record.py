"""Providers people sign in with, and who is linked to them. Never a secret."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.errors import NotFound
from core.masks import Email
from core.queries.paging import Key, Listing
from core.queries.reading import read
from core.statements import statement


class ProviderRecord(NamedTuple):
    id: int
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    domains: list[str]
    new_role: str | None
    may_be_internal: bool
    is_active: bool
    people: int
    version: int


class IdentityRecord(NamedTuple):
    id: int
    user_id: int
    user: str
    email: Email | None
    subject: str
    linked_at: datetime
    last_used_at: datetime | None


SELECT = """
    SELECT row.id, row.name, row.issuer, row.client_id, row.secret IS NOT NULL, row.domains::text[],
           (SELECT role.code FROM role WHERE role.id = row.new_role_id), row.may_be_internal, row.is_active,
           (SELECT count(*) FROM oidc_identity AS identity WHERE identity.issuer = row.issuer), row.version
      FROM oidc_provider AS row
"""
TABLES = "oidc_provider oidc_identity role"
PROVIDERS = Listing(
    "providers.list", SELECT, TABLES, ProviderRecord,
    keys=(Key("name", "row.name", "text"), Key("id", "row.id", "bigint")), descending=False,
)  # fmt: skip
PROVIDER = statement(
    "providers.record", SELECT + " WHERE row.id = %(id)s::bigint", tables=TABLES, scope="system", fact=ProviderRecord
)
PEOPLE = statement(
    "providers.people",
    """
    SELECT identity.id, app_user.id, app_user.name, identity.email, identity.subject, identity.linked_at,
           identity.last_used_at
      FROM oidc_provider AS provider JOIN oidc_identity AS identity ON identity.issuer = provider.issuer
      JOIN app_user ON app_user.id = identity.user_id
     WHERE provider.id = %(id)s::bigint ORDER BY app_user.name, identity.id LIMIT 500
    """,
    tables="oidc_provider oidc_identity app_user",
    scope="system",
    fact=IdentityRecord,
)


def get_provider(provider_id: int) -> tuple[ProviderRecord, list[IdentityRecord]]:
    """One provider with the people linked to it. Raises NotFound."""
    found, people = read(PROVIDER(id=provider_id), PEOPLE(id=provider_id))
    if not found:
        raise NotFound("oidc_provider", provider_id)
    return found[0], people
