"""An application without a database: the frame of the pages, with a few sample routes of its own."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient

from core.context import Actor
from core.errors import DomainError, FieldError, NotFound
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from tests.world import PASSWORD
from web.app import create_app
from web.permissions import SIGNED_IN, Area

SETTINGS = SimpleNamespace(
    secret_key="for tests only, thirty-two bytes!",
    environment="test",
    language="en",
    time_zone="Asia/Shanghai",
)
ACTORS = {
    "sales": Actor(
        1, "sales", "林薇", frozenset({"orders.read", "customers.read"}), ("sales",), language="", viewer=EVERYTHING
    ),
    "admin": Actor(2, "admin", "Admin", frozenset(PERMISSIONS), ("admin",), language="", viewer=EVERYTHING),
}


def actor_from_header(request: Request) -> Any:
    """Who signs in by a header, in tests only."""
    return ACTORS.get(request.headers.get("X-Test-Actor", ""))


def sample_area(name: str = "sample") -> Area:
    area = Area(name, __name__, url_prefix=f"/{name}")

    @area.route("/orders", permission="orders.read")
    def orders() -> str:
        return "orders"

    @area.route("/users", permission="users.manage", methods=["GET", "POST"])
    def users() -> str:
        return "users"

    @area.route("/refused", permission=SIGNED_IN)
    def refused() -> str:
        raise DomainError("sample_refusal", fields={"amount": FieldError("must_be_positive")}, available="3")

    @area.route("/missing", permission=SIGNED_IN)
    def missing() -> str:
        raise NotFound("order", 7)

    @area.route("/broken", permission=SIGNED_IN)
    def broken() -> str:
        raise RuntimeError("a secret inside")

    return area


def build_app(*areas: Area, **settings: Any) -> Flask:
    app = create_app(SimpleNamespace(**{**vars(SETTINGS), **settings}), load_actor=actor_from_header)
    for area in areas:
        app.register_blueprint(area)
    return app


@pytest.fixture
def app() -> Flask:
    api = Area("api_sample", __name__, url_prefix="/api/v1/sample")
    api.route("/refused", permission=SIGNED_IN, endpoint="refused")(lambda: _refuse())
    api.route("/broken", permission=SIGNED_IN, endpoint="broken")(lambda: 1 // 0)
    return build_app(sample_area(), api)


def _refuse() -> str:
    raise DomainError("sample_refusal", fields={"amount": FieldError("must_be_positive")}, available="3")


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def visitor(app: Flask, login: str) -> FlaskClient:
    """Somebody's browser after signing in."""
    browser = app.test_client()
    assert browser.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303
    return browser
