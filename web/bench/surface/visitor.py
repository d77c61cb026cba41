"""Somebody who looks at pages: a request through the whole application in this process, with his session, timed.

Server time is from the moment the request is handed to the application until its answer is whole: routing, the look-up
of the session, permissions, queries and templates. The network and the browser are not part of it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core import database as db
from core.command import run
from core.config import load_settings
from core.context import SYSTEM, Context
from core.embedded import EmbeddedDatabase
from core.needs import for_the_system
from core.organization import User
from core.plan import Plan
from core.scope import EVERYTHING, viewing
from core.sessions import open_session
from web.app import create_app

PAGE = {"Accept": "text/html"}
PACKED = PAGE | {"Accept-Encoding": "gzip, deflate, br, zstd"}
ENOUGH_SECONDS = 4.0
"""A page that is slow is asked for less often: once this much time has gone into it, it is known."""


class PageFailed(RuntimeError):
    """A page that is measured did not answer as it should."""


@dataclass(frozen=True)
class Visitor:
    """A browser of somebody's, signed in; in this process."""

    login: str
    token: str
    client: FlaskClient

    def get(self, path: str, *statuses: int, packed: bool = False) -> TestResponse:
        """The answer to a request for a page. Raises PageFailed for another status than `statuses` (200)."""
        response = self.client.get(path, headers=PACKED if packed else PAGE)
        if response.status_code not in (statuses or (200,)):
            raise PageFailed(f"{self.login} {path}: {response.status_code}")
        return response

    def time(self, path: str, *statuses: int) -> float:
        """Milliseconds of one request, compressed as a browser is answered."""
        started = time.perf_counter()
        self.get(path, *statuses, packed=True).get_data()
        return (time.perf_counter() - started) * 1000

    def median(self, path: str, rounds: int) -> float:
        """Milliseconds of a page, warm: the median of `rounds` requests after one that is not counted."""
        begun = time.perf_counter()
        spent = [self.time(path)]
        for _ in range(rounds):
            spent.append(self.time(path))
            if time.perf_counter() - begun > ENOUGH_SECONDS:
                break
        return statistics.median(spent[1:])


@contextmanager
def application(embedded: EmbeddedDatabase, home: Path) -> Iterator[Flask]:
    """The application over a running database, as it is served, without limits of calls per minute."""
    settings = load_settings({"COUNTINGHOUSE_ENV": "development", "COUNTINGHOUSE_HOME": str(home)})
    settings = replace(settings, database_url=embedded.app_url, rate_limits={})
    database = db.configure(db.Database(embedded.app_url))
    try:
        app = create_app(settings)
        # A page's template is read once, as where it is served.
        app.config["TEMPLATES_AUTO_RELOAD"] = app.jinja_env.auto_reload = False
        yield app
    finally:
        database.dispose()


def visitor(app: Flask, login: str) -> Visitor:
    """A browser signed in as `login`. Raises LookupError where nobody has that login."""
    context = Context(actor=SYSTEM, route="bench surface", address="127.0.0.1")
    with viewing(EVERYTHING):
        token = run(_sign_in, login, context=context)["token"]
    client = app.test_client()
    client.set_cookie("sign-in", token)
    return Visitor(login, token, client)


@for_the_system
def _sign_in(plan: Plan, login: str) -> dict[str, str]:
    user = plan.session.scalars(select(User).where(User.login == login)).one_or_none()
    if user is None:
        raise LookupError(login)
    token: str = open_session(plan, user, address=None, user_agent="bench")["token"]
    return {"token": token}
