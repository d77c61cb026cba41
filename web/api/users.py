"""Users and their sessions, for administrators; and who is calling."""

from __future__ import annotations

from typing import Any

from core.masks import Email
from core.password_links import create_invited_user, invite_user
from core.passwords import LONGEST_PASSWORD, MIN_PASSWORD_LENGTH
from core.queries.user_record import USERS, get_user
from core.sessions import end_sessions
from core.users import change_user, create_user
from crm.owners import hand_over_customers
from web.api.fields import Body, Choice, Field, Flag, Id, Integer, Text, Words
from web.api.operation import PAGING, Call, operation
from web.i18n import LANGUAGES
from web.permissions import SIGNED_IN

SHAPE = {
    "id": int, "login": str, "name": str, "email": Email | None, "title": str | None, "language": str,
    "is_active": bool, "roles": [str], "version": int,
}  # fmt: skip
SESSION = {
    "id": int, "created_at": str, "last_seen_at": str, "address": str | None, "user_agent": str | None
}  # fmt: skip
VALUES: dict[str, Field] = {"email": Text(limit=200), "title": Text(limit=120)}
LANGUAGE = Choice(nullable=False, choices=LANGUAGES)


@operation(
    "GET", "/users", "users.manage", summary="Users and their roles", answer=[SHAPE],
    query=Body(login=Text(limit=80)) | PAGING,
)  # fmt: skip
def list_users(call: Call) -> Any:
    return call.page(USERS, lambda row: row._asdict())


@operation(
    "POST", "/users", "users.manage", summary="Create a user", status=201, answer=SHAPE,
    body=Body(
        login=Text(required=True, limit=80), name=Text(required=True, limit=80), **VALUES, language=LANGUAGE,
        roles=Words(required=True, help="Codes of roles."),
        password=Text(limit=LONGEST_PASSWORD, help=f"At least {MIN_PASSWORD_LENGTH} characters, unless invite is on."),
        invite=Flag(help="No password: a link to set one is mailed to `email`."),
    ),
    refusals=("duplicate_login", "duplicate_email", "grants_too_much", "sees_too_much", "mail_not_set"),
)  # fmt: skip
def create_user_call(call: Call) -> Any:
    if call.body.pop("invite", False):
        call.body.pop("password", None)
        return call.run(create_invited_user, call.body)
    return call.run(create_user, call.body)


@operation(
    "POST", "/users/{user_id}/invite", "users.manage", body=Body(), answer={"id": int, "email": str},
    summary="Mail somebody who has no password yet a link to set one", refusals=("mail_not_set", "not_invitable"),
)  # fmt: skip
def invite_user_call(call: Call, user_id: int) -> Any:
    return call.run(invite_user, user_id)


@operation(
    "GET", "/users/{user_id}", "users.manage", summary="One user with the open sessions",
    answer=SHAPE | {"sessions": [SESSION]},
)  # fmt: skip
def get_user_call(call: Call, user_id: int) -> Any:
    user, sessions = get_user(user_id)
    return {**user._asdict(), "sessions": [row._asdict() for row in sessions]}


@operation(
    "PATCH", "/users/{user_id}", "users.manage", answer=SHAPE,
    summary="Change a user; deactivating or a new password ends all sessions and tokens",
    body=Body(
        login=Text(nullable=False, limit=80), name=Text(nullable=False, limit=80), **VALUES, language=LANGUAGE,
        roles=Words(nullable=False, help="Codes of roles."), is_active=Flag(),
        password=Text(nullable=False, limit=LONGEST_PASSWORD), version=Integer(smallest=1),
    ),
    refusals=("duplicate_login", "duplicate_email", "last_administrator", "user_owns_customers", "edit_conflict",
              "grants_too_much", "sees_too_much"),
)  # fmt: skip
def change_user_call(call: Call, user_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_user, user_id, call.body, version=version)


@operation(
    "POST", "/users/{user_id}/hand-over", "users.manage",
    summary="Give all customers of a user, with their documents and planned activities, to somebody else",
    body=Body(to_user_id=Id(required=True)),
    answer={"id": int, "to_user_id": int, "to_user": str, "customers": int},
)  # fmt: skip
def hand_over_call(call: Call, user_id: int) -> Any:
    return call.run(hand_over_customers, user_id, to_user_id=call.body["to_user_id"])


@operation(
    "POST", "/users/{user_id}/end-sessions", "users.manage", body=Body(), answer={"ended": int},
    summary="Sign a user out everywhere; tokens end too",
)  # fmt: skip
def end_sessions_call(call: Call, user_id: int) -> Any:
    return call.run(end_sessions, user_id)


@operation(
    "GET", "/me", SIGNED_IN, summary="Who is calling, and what the token may do",
    answer={"id": int, "login": str, "name": str, "roles": [str], "permissions": [str]},
)  # fmt: skip
def get_me(call: Call) -> Any:
    actor = call.actor
    return {
        "id": actor.user_id,
        "login": actor.login,
        "name": actor.name,
        "roles": list(actor.roles),
        "permissions": sorted(actor.permissions),
    }
