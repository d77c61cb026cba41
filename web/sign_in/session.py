"""Who a request comes from: the token in the signed cookie, looked up as a session row. Ending the row signs out."""

from __future__ import annotations

from typing import Final

from flask import Request, g, session

from core import clock, sessions
from core.context import Actor
from crm.queries.work import WORK

TOKEN: Final = "token"  # noqa: S105 (the name of a value, no secret)


def load_actor(request: Request) -> Actor | None:
    """The signed-in actor, or None: one round trip, which for a page to look at brings the side bar's numbers too."""
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    beside = [WORK(token_hash=sessions.digest(token))] if _is_page(request) else []
    found = sessions.load_session(token, clock.now(), *beside)
    if found is None:
        return None
    actor, others = found
    if others:
        g.work = others[0][0]
    return actor


def _is_page(request: Request) -> bool:
    """Whether a browser goes to a page: scripts that look something up, and programs, accept anything."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


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
