"""Sessions and tokens by the API. A token issues no tokens and changes no second factor: that is done in a browser, by
a person who shows who he is."""

from __future__ import annotations

from typing import Any

from core.errors import PermissionDenied
from core.queries.user_record import open_sessions
from core.sessions import SignedIn, end_own_sessions, end_sessions
from core.tokens import end_own_token, end_token, list_tokens
from web.api.fields import Body
from web.api.operation import Call, operation
from web.permissions import SIGNED_IN

TOKEN = {
    "id": int, "name": str, "scopes": object, "created_at": str, "expires_at": str | None, "last_used_at": str | None,
}  # fmt: skip
SESSION = {
    "id": int, "created_at": str, "last_seen_at": str, "address": str | None, "user_agent": str | None
}  # fmt: skip
ENDED = {"id": int, "name": str}


@operation("GET", "/tokens", SIGNED_IN, summary="The caller's API tokens, without the tokens", answer=[TOKEN])
def list_tokens_call(call: Call) -> Any:
    return {"items": [row._asdict() for row in list_tokens(call.actor.user_id or 0)], "next_cursor": None}


@operation(
    "POST", "/tokens/{token_id}/end", SIGNED_IN, body=Body(), answer=ENDED,
    summary="End a token of the caller; a limited one ends only itself",
)  # fmt: skip
def end_token_call(call: Call, token_id: int) -> Any:
    _refuse_limited(call, but=token_id)
    return call.run(end_own_token, token_id)


@operation("GET", "/sessions", SIGNED_IN, summary="The caller's open sessions", answer=[SESSION])
def list_sessions_call(call: Call) -> Any:
    return {"items": [row._asdict() for row in open_sessions(call.actor.user_id or 0)], "next_cursor": None}


@operation(
    "POST", "/sessions/{session_id}/end", SIGNED_IN, body=Body(), answer={"ended": int},
    summary="Sign the caller out of one browser; not with a limited token",
)  # fmt: skip
def end_session_call(call: Call, session_id: int) -> Any:
    _refuse_limited(call)
    return call.run(end_own_sessions, session_id=session_id)


@operation(
    "POST", "/users/{user_id}/sessions/{session_id}/end", "users.manage", body=Body(), answer={"ended": int},
    summary="Sign a user out of one browser",
)  # fmt: skip
def end_user_session_call(call: Call, user_id: int, session_id: int) -> Any:
    return call.run(end_sessions, user_id, session_id=session_id)


@operation("GET", "/users/{user_id}/tokens", "users.manage", summary="A user's API tokens", answer=[TOKEN])
def list_user_tokens_call(call: Call, user_id: int) -> Any:
    return {"items": [row._asdict() for row in list_tokens(user_id)], "next_cursor": None}


@operation(
    "POST", "/users/{user_id}/tokens/{token_id}/end", "users.manage", body=Body(), answer=ENDED,
    summary="End a user's API token",
)  # fmt: skip
def end_user_token_call(call: Call, user_id: int, token_id: int) -> Any:
    return call.run(end_token, user_id, token_id)


def _refuse_limited(call: Call, but: int | None = None) -> None:
    """A token that may do a few things may not lock its person out of the rest. Raises PermissionDenied."""
    found = call.actor.preferences
    if isinstance(found, SignedIn) and found.scopes is not None and found.credential_id != but:
        raise PermissionDenied("api.use")
