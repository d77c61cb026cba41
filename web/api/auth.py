"""Who calls: the token of the Authorization header, looked up at each call."""

from __future__ import annotations

from flask import Request

from core import clock
from core.context import Actor
from core.sessions import load_token

SCHEME = "bearer "
LONGEST_TOKEN = 200


def load_actor(request: Request) -> Actor | None:
    """The actor of a live token, or None. Reads one row; without a token, none."""
    header = request.headers.get("Authorization", "")
    token = header[len(SCHEME) :].strip()
    if header[: len(SCHEME)].lower() != SCHEME or not 0 < len(token) <= LONGEST_TOKEN:
        return None
    return load_token(token, clock.now())
