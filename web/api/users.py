"""Users, for administrators; and who is calling."""

from __future__ import annotations

from typing import Any

from core.queries.user_record import USERS
from web.api.fields import Body, Text
from web.api.operation import PAGING, Call, operation
from web.permissions import SIGNED_IN

SHAPE = {
    "id": int, "login": str, "name": str, "email": str | None, "title": str | None, "language": str,
    "is_active": bool, "roles": [str],
}  # fmt: skip


@operation(
    "GET", "/users", "users.manage", summary="Users and their roles", answer=[SHAPE],
    query=Body(login=Text(limit=80)) | PAGING,
)  # fmt: skip
def list_users(call: Call) -> Any:
    return call.page(USERS, lambda row: row._asdict())


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
