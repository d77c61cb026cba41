"""The product as it is served, with faults that a header asks for: what is told and written of them is looked at."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import text

import core.passwords
import core.sign_in
from core import database as db
from web.wsgi import app, settings

# Each fails over the value it is given, and PostgreSQL says so each time in another place.
STATEMENTS = {
    "statement": "SELECT cast(:secret AS integer)",
    "row": "UPDATE app_user SET language = NULL, title = :secret",
    "twice": "INSERT INTO sign_in_delay (address, failures, last_failed_at)"
    " SELECT :secret, 1, now() FROM generate_series(1, 2)",
}
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
    if fault in STATEMENTS:
        with db.current().engine.begin() as connection:
            connection.execute(text(STATEMENTS[fault]), {"secret": request.headers["X-Secret"]})
    elif fault == "database":
        url = (settings.database_url or "").partition("@")[0] + "@127.0.0.1:9/nowhere"
        db.Database(url).next_id()
    elif fault == "page":
        raise RuntimeError("something in a page")
