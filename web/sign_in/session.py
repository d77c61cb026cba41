"""Who a request comes from: the token in the signed cookie, looked up as a session row. Ending the row signs out."""

from __future__ import annotations

from typing import Final

from flask import Request, session

from core import clock, users
from core.context import Actor

TOKEN: Final = "token"  # noqa: S105 (the name of a value, no secret)


def load_actor(request: Request) -> Actor | None:
    """The signed-in actor, or None. Reads one row."""
    token = session.get(TOKEN)
    found = users.load_session(token, clock.now()) if isinstance(token, str) else None
    return found[0] if found else None


def begin(token: str) -> None:
    """Start a fresh browser session around this token: nothing from before sign-in survives."""
    session.clear()
    session[TOKEN] = token


def current_token() -> str | None:
    """The token of this request."""
    token = session.get(TOKEN)
    return token if isinstance(token, str) else None


def end() -> None:
    """Forget everything this browser was given."""
    session.clear()
