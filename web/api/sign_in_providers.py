"""Providers of OpenID Connect that people sign in with. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from core.masks import Email
from core.oidc import save_provider, unlink_identity
from core.queries.provider_record import PROVIDERS, get_provider
from web.api.fields import Body, Field, Flag, Integer, Text, Words
from web.api.operation import PAGING, Call, operation

SAVED = {
    "id": int, "name": str, "issuer": str, "client_id": str, "domains": [str], "new_role": str | None,
    "may_be_internal": bool, "is_active": bool, "version": int,
}  # fmt: skip
SHAPE = SAVED | {"has_secret": bool, "people": int}
PERSON = {
    "id": int, "user_id": int, "user": str, "email": Email | None, "subject": str, "linked_at": str,
    "last_used_at": str | None,
}  # fmt: skip
VALUES: dict[str, Field] = {
    "secret": Text(limit=500, help="Kept encrypted; null takes it away."),
    "domains": Words(nullable=False, help="Only verified addresses of these domains sign in; none: all."),
    "new_role": Text(limit=40, help="Code of the role of accounts made for people who have none; null: none are made."),
    "may_be_internal": Flag(help="It stands on this machine or network."),
    "is_active": Flag(),
}


@operation(
    "GET", "/sign-in-providers", "company.write", summary="Providers people sign in with", answer=[SHAPE], query=PAGING
)
def list_providers(call: Call) -> Any:
    return call.page(PROVIDERS, lambda row: row._asdict())


@operation(
    "POST", "/sign-in-providers", "company.write", status=201, answer=SAVED,
    summary="Add a provider; needs users.manage too",
    body=Body(
        name=Text(required=True, limit=80), issuer=Text(required=True, limit=300),
        client_id=Text(required=True, limit=300), **VALUES,
    ),
    refusals=("duplicate_name", "duplicate_issuer"),
)  # fmt: skip
def create_provider_call(call: Call) -> Any:
    return call.run(save_provider, call.body)


@operation(
    "GET", "/sign-in-providers/{provider_id}", "company.write", summary="One provider with the people linked to it",
    answer=SHAPE | {"linked": [PERSON]},
)  # fmt: skip
def get_provider_call(call: Call, provider_id: int) -> Any:
    provider, people = get_provider(provider_id)
    return {**provider._asdict(), "linked": [row._asdict() for row in people]}


@operation(
    "PATCH", "/sign-in-providers/{provider_id}", "company.write", answer=SAVED,
    summary="Change a provider; needs users.manage too",
    body=Body(
        name=Text(nullable=False, limit=80), issuer=Text(nullable=False, limit=300),
        client_id=Text(nullable=False, limit=300), **VALUES, version=Integer(smallest=1),
    ),
    refusals=("duplicate_name", "duplicate_issuer", "edit_conflict"),
)  # fmt: skip
def change_provider_call(call: Call, provider_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(save_provider, call.body, provider_id=provider_id, version=version)


@operation(
    "POST", "/sign-in-providers/{provider_id}/people/{identity_id}/unlink", "company.write", body=Body(),
    summary="Take somebody's link to the provider away", answer={"id": int, "email": Email},
)  # fmt: skip
def unlink_call(call: Call, provider_id: int, identity_id: int) -> Any:
    return call.run(unlink_identity, provider_id, identity_id)
