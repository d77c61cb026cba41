"""A guard that breaks lets nobody through: an exception inside it is a failure on every route, never an answer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from flask import Flask, g

import core.sessions
import web.app
import web.permissions
from core.config import RATE_LIMITS
from core.context import Actor
from core.rate_limits import Limiter
from core.scope import Viewer
from tests.security.conftest import SETTINGS, Visitor, values_of
from tests.security.test_csrf import _rows_written
from tests.security.test_matrix import address
from tests.world import World
from web.app import create_app
from web.permissions import PUBLIC, SIGNED_IN, RouteRow, route_matrix

Break = Callable[[pytest.MonkeyPatch, Exception], None]
# The same for everything: no permission of the signed-in user's own, no form's token, no look-up stands before it.
GUARDS: dict[str, Break] = {
    "what a route needs": lambda patch, error: patch.setattr(web.permissions, "required_permission", _raising(error)),
    "what a person may": lambda patch, error: patch.setattr(Actor, "may", _raising_first(error)),
    "whose rows a person sees": lambda patch, error: patch.setattr(Viewer, "read", _raising(error)),
    "setting the viewer": lambda patch, error: patch.setattr(web.app, "begin_viewing", _raising(error)),
    "setting whom fields are shown to": lambda patch, error: patch.setattr(web.app, "begin_showing", _raising(error)),
    "looking up the session or token": lambda patch, error: patch.setattr(core.sessions, "_fetch", _raising(error)),
    "the limiter": lambda patch, error: patch.setattr(Limiter, "take", _raising(error)),
    "a limit nobody set": lambda patch, error: patch.setattr(Limiter, "take", _raising(KeyError("api"))),
}
ERRORS = (RuntimeError("broken"), psycopg.OperationalError("the server closed the connection"))


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_arguments: Any, **_named: Any) -> Any:
        raise error

    return fail


def _raising_first(error: Exception) -> Callable[..., Any]:
    """Fails where the guard asks, once a request; the page that tells of the failure asks too."""

    def fail(actor: Actor, permission: str) -> bool:
        if g.get("failed"):
            return permission in actor.permissions
        g.failed = True
        raise error

    return fail


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    limits = dict.fromkeys(RATE_LIMITS, 1_000_000)
    return create_app(SimpleNamespace(**vars(SETTINGS), rate_limits=limits))


def _is_guarded(row: RouteRow, guard: str, app: Flask) -> bool:
    """Whether the guard stands before the route at all."""
    if row.endpoint == "assets.file" or row.rule.startswith("/styleguide"):
        return False
    if guard == "what a person may":
        return row.permission not in (PUBLIC, SIGNED_IN)
    if "limit" in guard:
        return bool(list(web.limits.kinds_of(app, row.endpoint, row.method)))
    if row.permission == PUBLIC and row.rule.startswith("/api/") and not guard.startswith("setting"):
        return guard == "what a route needs"
    return True


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_breaks_answers_on_no_route(
    app: Flask, world: World, visitor: Visitor, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    values, browser = values_of(world), visitor("admin")
    token = {"Authorization": f"Bearer {world.token()}", "Idempotency-Key": "closed"}
    rows = [row for row in route_matrix(app) if _is_guarded(row, guard, app)]
    caller = app.test_client()
    assert caller.get("/api/v1/products", headers=token).status_code == 200  # the use of a token is noted once an hour
    before, opened = _rows_written(world), []
    with monkeypatch.context() as patch:
        GUARDS[guard](patch, ERRORS[0])
        for row in rows:
            answer = _ask(app, browser, row, values, token)
            if answer.status_code not in (500, 503):
                opened.append(f"{row.method} {row.rule}: {answer.status_code}")
    assert len(rows) > 5
    assert not opened, "\n".join(opened)
    assert _rows_written(world) == before


def _ask(app: Flask, browser: Any, row: RouteRow, values: dict[str, Any], token: dict[str, str]) -> Any:
    if row.rule.startswith("/api/"):
        sent = {"json": {}} if row.method != "GET" else {}
        return app.test_client().open(address(row, values), method=row.method, headers=token, **sent)
    fragment = {"HX-Request": "true"} if "print" not in row.rule and row.rule.endswith("s") else {}
    return browser.open(address(row, values), method=row.method, headers=fragment, data={})


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_nothing_of_a_failure_is_told(
    app: Flask, world: World, visitor: Visitor, guard: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, caller = visitor("admin"), app.test_client()
    token = {"Authorization": f"Bearer {world.token()}"}
    with monkeypatch.context() as patch:
        GUARDS[guard](patch, error)
        for answer in (browser.get("/search?q=x"), caller.get("/api/v1/products", headers=token)):
            assert answer.status_code in (500, 503)
            assert str(error) not in answer.text and "Traceback" not in answer.text


def test_they_all_answer_when_nothing_is_broken(app: Flask, visitor: Visitor, world: World) -> None:
    token = {"Authorization": f"Bearer {world.token()}"}
    assert visitor("admin").get("/search?q=x").status_code == 200
    assert app.test_client().get("/api/v1/products", headers=token).status_code == 200
