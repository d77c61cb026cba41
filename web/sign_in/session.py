"""Who a request comes from: the token in the signed cookie, looked up as a session row. Ending the row signs out at once."""

from __future__ import annotations

import hashlib
from typing import Final

from flask import Request, session

from core import database as db
from core import users
from core.context import Actor

TOKEN: Final = "token"  # noqa: S105 (the name of a value, no secret)


def load_actor(request: Request) -> Actor | None:
    """The signed-in actor, or None. Reads one row."""
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    with db.current().autocommit() as connection:
        return users.load_session(connection, hash_of(token))


def begin(token: str) -> None:
    """Start a fresh browser session around this token: nothing from before sign-in survives."""
    session.clear()
    session[TOKEN] = token


def end() -> None:
    """Forget everything this browser was given."""
    session.clear()


def current_token_hash() -> str:
    """Hash of the token of this request, empty when there is none."""
    token = session.get(TOKEN)
    return hash_of(token) if isinstance(token, str) else ""


def hash_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
