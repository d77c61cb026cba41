"""The product as it is served, with faults that a header asks for: what is told and written of them is looked at."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import text

import core.passwords
import core.sign_in
from core import database as db
from web.wsgi import app, settings

_matches = core.passwords.matches


def _break_in_sign_in(user: Any, password: str) -> bool:
    if request.headers.get("X-Break") == "sign-in":
        raise RuntimeError("something in the check of passwords")
    return _matches(user, password)


# Where signing in looks it up.
core.sign_in.matches = _break_in_sign_in  # type: ignore[attr-defined]


@app.before_request
def break_something() -> None:
    fault = request.headers.get("X-Break", "")
    if fault == "statement":
        with db.current().engine.connect() as connection:
            connection.execute(text("SELECT :secret::integer"), {"secret": request.headers["X-Secret"]})
    elif fault == "database":
        url = (settings.database_url or "").partition("@")[0] + "@127.0.0.1:9/nowhere"
        db.Database(url).next_id()
    elif fault == "page":
        raise RuntimeError("something in a page")
