"""An undeclared route stops the application; a declared one is held to its word."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from tests.security.conftest import SETTINGS
from tests.web.conftest import build_app, sample_area
from web.app import AREAS, create_app
from web.permissions import PUBLIC, SIGNED_IN, Area, UndeclaredRoute, route_matrix, verify


def test_a_route_without_permission_cannot_be_written() -> None:
    area = Area("loose", __name__)
    with pytest.raises(UndeclaredRoute, match=r"loose\.show"):

        @area.route("/loose")
        def show() -> str:
            return ""


def test_a_route_added_behind_the_back_stops_the_application_and_is_closed(app: Flask) -> None:
    app.add_url_rule("/back-door", "back_door", lambda: "the door is open")
    with pytest.raises(UndeclaredRoute, match="back_door"):
        verify(app)
    answer = app.test_client().get("/back-door", headers={"X-Test-Actor": "admin"})
    assert answer.status_code == 403
    assert "the door is open" not in answer.text


def test_the_application_itself_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an area that is a plain blueprint, whose routes nobody has to declare."""
    loose = ModuleType("web.loose")
    loose.__spec__ = ModuleSpec("web.loose", None, origin="a test")
    loose.area = Blueprint("loose", __name__)  # type: ignore[attr-defined]
    loose.area.add_url_rule("/loose", "show", lambda: "the door is open")
    monkeypatch.setitem(sys.modules, "web.loose", loose)
    monkeypatch.setattr("web.app.AREAS", (*AREAS, "web.loose"))
    with pytest.raises(UndeclaredRoute, match=r"loose\.show"):
        create_app(SETTINGS)


def test_a_public_route_must_stand_on_the_list() -> None:
    area = Area("pub", __name__, url_prefix="/pub")
    area.route("", permission=PUBLIC, endpoint="show")(lambda: "")
    with pytest.raises(UndeclaredRoute, match="not on the public list"):
        verify(build_app(area))


def test_an_unknown_permission_is_named() -> None:
    area = Area("typo", __name__, url_prefix="/typo")
    area.route("", permission="ordres.read", endpoint="show")(lambda: "")
    with pytest.raises(UndeclaredRoute, match=r"ordres\.read"):
        verify(build_app(area), known={"orders.read"})


def test_the_application_does_not_start_with_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk is part of starting it, not of tests alone."""
    with monkeypatch.context() as patch, pytest.raises(UndeclaredRoute, match=r"sign_in\.form.*public list"):
        patch.setattr("web.permissions.PUBLIC_ENDPOINTS", frozenset())
        build_app()
    with monkeypatch.context() as patch, pytest.raises(UndeclaredRoute, match=r"unknown permission 'home\.read'"):
        patch.setattr("web.app._known_permissions", lambda: frozenset({"orders.read"}))
        build_app()


def test_one_endpoint_with_two_permissions_is_a_contradiction() -> None:
    area = Area("two", __name__, url_prefix="/two")
    area.route("/a", permission="orders.read", endpoint="show")(lambda: "")
    area.add_url_rule("/b", "show", permission=SIGNED_IN)
    with pytest.raises(UndeclaredRoute, match="declared both"):
        build_app(area)


def test_the_matrix_names_every_route_and_method(app: Flask) -> None:
    rows = {(row.rule, row.method): row.permission for row in route_matrix(app)}
    assert rows["/sample/users", "POST"] == "users.manage"
    assert rows["/sample/orders", "GET"] == "orders.read"
    assert rows["/assets/<path:hashed_name>", "GET"] == PUBLIC
    assert all(rows.values())


@pytest.mark.parametrize(
    ("actor", "path", "method", "status"),
    [
        ("sales", "/sample/orders", "GET", 200),
        ("sales", "/sample/orders", "HEAD", 200),
        ("sales", "/sample/users", "GET", 403),
        ("sales", "/sample/users", "HEAD", 403),
        ("admin", "/sample/users", "GET", 200),
        ("", "/sample/orders", "GET", (303, 401)),
        ("", "/api/v1/sample/refused", "GET", 401),
        ("admin", "/sample/orders", "OPTIONS", 405),
    ],
)
def test_who_gets_what(client: FlaskClient, actor: str, path: str, method: str, status: int | tuple[int, int]) -> None:
    answer = client.open(path, method=method, headers={"X-Test-Actor": actor})
    assert answer.status_code == status or (isinstance(status, tuple) and answer.status_code in status)


def test_an_area_is_declared_once_for_all_its_copies() -> None:
    app = build_app(sample_area("first"), sample_area("second"))
    verify(app, known=None)
