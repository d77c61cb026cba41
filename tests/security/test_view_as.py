"""Looking as somebody else: what he sees and nothing more, reading only, on record, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.command import run
from core.context import Actor, Context
from core.errors import DomainError
from core.organization import RowScope
from core.scope import EVERYTHING, Viewer
from core.sessions import digest, load_session
from core.users import change_user
from core.view_as import may_look, seen_as, start_viewing
from tests.security.conftest import SETTINGS, values_of
from tests.world import PASSWORD, World
from web.app import create_app
from web.permissions import SAFE, WHILE_VIEWING_AS, route_matrix

BANNER = 'class="viewing"'
OTHER_VALUES = {
    "kind": "payment", "paper_language": "zh", "language": "en", "number": "1", "hashed_name": "app.js",
    "source_id": 1, "alert_id": 1, "share_id": 1, "record_type": "customer", "record_id": 1, "unit_id": 1,
    "terms_id": 1, "role_id": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    world.run(change_user, id_of(world, "admin"), {"language": "en"})
    return app


def signed_in(app: Flask, login: str) -> FlaskClient:
    browser = app.test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    browser.post("/sign-in", data={"login": login, "password": PASSWORD})
    return browser


def token_of(browser: FlaskClient) -> str:
    cookie = browser.get_cookie("sign-in")
    assert cookie is not None
    return cookie.value


def id_of(world: World, login: str) -> int:
    return int(world.value("SELECT id FROM app_user WHERE login = :login", login=login))


def key() -> dict[str, str]:
    from tests.world import new_key

    return {"idempotency_key": new_key()}


@pytest.fixture
def admin(app: Flask, world: World) -> Iterator[FlaskClient]:
    browser = signed_in(app, "admin")
    yield browser
    browser.post("/users/view-as/stop", data=key())


def look_as(browser: FlaskClient, world: World, login: str) -> Any:
    return browser.post(f"/users/{id_of(world, login)}/view-as", data=key())


# what is seen ---------------------------------------------------------------------------------------------------------
def test_the_pages_are_those_of_the_other(admin: FlaskClient, world: World) -> None:
    assert admin.get("/users").status_code == 200
    assert look_as(admin, world, "warehouse").status_code == 303
    assert admin.get("/users").status_code == admin.get("/invoices").status_code == 403
    assert admin.get("/shipments").status_code == 200


def test_the_rows_are_those_of_the_other(admin: FlaskClient, world: World) -> None:
    customer = world.value("SELECT min(id) FROM customer")
    assert admin.get(f"/customers/{customer}").status_code == 200
    look_as(admin, world, "sales")
    assert admin.get(f"/customers/{customer}").status_code == 404


def test_the_banner_stands_on_every_page_in_both_languages(admin: FlaskClient, world: World) -> None:
    assert BANNER not in admin.get("/").text
    look_as(admin, world, "manager")
    for path in ("/", "/customers", "/orders", "/nothing-here", "/users", "/customers/new"):
        page = admin.get(path)
        assert BANNER in page.text and "Admin is looking as Manager" in page.text, path
        assert 'action="/users/view-as/stop"' in page.text
    world.run(change_user, id_of(world, "admin"), {"language": "zh"})
    assert "Admin正以Manager的身份查看" in admin.get("/customers").text
    world.run(change_user, id_of(world, "admin"), {"language": "en"})


def test_it_ends_by_the_button(admin: FlaskClient, world: World) -> None:
    look_as(admin, world, "warehouse")
    assert admin.get("/users").status_code == 403
    answer = admin.post("/users/view-as/stop", data=key())
    assert answer.status_code == 303 and answer.location == f"/users/{id_of(world, 'warehouse')}"
    assert admin.get("/users").status_code == 200
    assert admin.post("/users/view-as/stop", data=key()).status_code == 303


def test_both_ends_are_recorded_with_who_it_really_is(admin: FlaskClient, world: World) -> None:
    before = world.value("SELECT count(*) FROM audit_row WHERE action LIKE 'user.viewing%'")
    look_as(admin, world, "finance")
    admin.post("/users/view-as/stop", data=key())
    rows = world.rows(
        """SELECT action, actor_name, record_id, channel FROM audit_row WHERE action LIKE 'user.viewing%'
            ORDER BY recorded_at, id"""
    )
    finance = id_of(world, "finance")
    assert rows[before:] == [
        ("user.viewing_started", "Admin", finance, "browser"),
        ("user.viewing_ended", "Admin", finance, "browser"),
    ]


def test_signing_out_ends_it_and_names_the_person(app: Flask, world: World) -> None:
    browser = signed_in(app, "admin")
    look_as(browser, world, "manager")
    token = token_of(browser)
    assert browser.post("/sign-in/out", data=key()).status_code == 303
    assert world.rows("SELECT ended_at IS NOT NULL FROM user_session WHERE token_hash = :hash", hash=digest(token)) == [
        (True,)
    ]
    assert world.rows(
        "SELECT actor_name FROM audit_row WHERE action = 'user.signed_out' ORDER BY recorded_at DESC LIMIT 1"
    ) == [("Admin",)]
    fresh = signed_in(app, "admin")
    assert BANNER not in fresh.get("/").text


# nothing changes ------------------------------------------------------------------------------------------------------
def test_every_unsafe_route_is_refused(admin: FlaskClient, app: Flask, world: World) -> None:
    look_as(admin, world, "manager")
    values = {**OTHER_VALUES, **values_of(world)}
    before = world.value("SELECT count(*) FROM audit_row")
    tried = 0
    for row in route_matrix(app):
        if row.method in SAFE or row.endpoint in WHILE_VIEWING_AS or row.rule.startswith("/api/"):
            continue
        address = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values.get(found[1]) or 1), row.rule)
        answer = admin.open(address, method=row.method, data=key())
        assert answer.status_code == 403, (row.method, row.rule, answer.status_code)
        assert "only reading" in answer.text, row.rule
        tried += 1
    assert tried > 60
    assert world.value("SELECT count(*) FROM audit_row") == before


def test_the_commands_refuse_too(world: World) -> None:
    """The second wall: a route that slipped through still changes nothing."""
    looking = seen_as(world.actor_of("manager"), world.actor_of("admin"))
    assert looking.read_only and looking.real.login == "admin"
    ran = []
    with pytest.raises(DomainError) as refused:
        run(lambda plan: ran.append(plan), context=Context(actor=looking), database=world.database)
    assert (refused.value.code, refused.value.http_status, ran) == ("viewing_as", 403, [])


def test_nothing_is_uncovered_or_exported_in_somebody_else_s_name(world: World) -> None:
    looking = seen_as(world.actor_of("manager"), world.actor_of("admin"))
    manager = world.actor_of("manager")
    lost = manager.permissions - looking.permissions
    assert "exports.create" in lost and "costs.unmask" in lost
    assert all(name == "exports.create" or name.endswith(".unmask") for name in lost)


# who may --------------------------------------------------------------------------------------------------------------
def test_secrets_of_the_other_are_not_shown(admin: FlaskClient, app: Flask, world: World) -> None:
    """An authenticator that somebody is setting up is his alone, though the reader has just signed in himself."""
    browser = signed_in(app, "service")
    browser.post("/account/authenticator/begin", data=key())
    secret = browser.get("/account/authenticator").text.split('class="secret">')[1].split("<")[0]
    look_as(admin, world, "service")
    for path in ("/account/authenticator", "/account/authenticator/picture", "/account/tokens/new"):
        answer = admin.get(path)
        assert answer.status_code == 403 and secret not in answer.text, path


@pytest.mark.parametrize("role", ["manager", "sales", "finance", "warehouse"])
def test_only_who_may_looks(app: Flask, world: World, role: str) -> None:
    browser = signed_in(app, role)
    assert look_as(browser, world, "service").status_code == 403
    assert BANNER not in browser.get("/").text


def test_not_as_oneself_nor_as_somebody_gone_nor_as_nobody(admin: FlaskClient, world: World) -> None:
    assert look_as(admin, world, "admin").status_code == 422
    assert admin.post("/users/999999999/view-as", data=key()).status_code == 404
    gone = world.user("gone-one", "sales")
    world.run(change_user, gone.user_id, {"is_active": False})
    assert look_as(admin, world, "gone-one").status_code == 409
    assert BANNER not in admin.get("/").text


def test_never_as_somebody_who_may_more() -> None:
    def person(*permissions: str, viewer: Viewer = EVERYTHING) -> Actor:
        return Actor(1, "a", "A", frozenset(permissions), viewer=viewer)

    asked = frozenset({"orders.read"})
    small = Viewer(False, (1, 2), (9,))
    assert may_look(person("users.view_as", "orders.read"), asked, small)
    assert not may_look(person("orders.read"), asked, small)
    assert not may_look(person("users.view_as"), asked, small)
    reach = person("users.view_as", "orders.read", viewer=small)
    assert may_look(reach, asked, Viewer(False, (2,), ()))
    assert not may_look(reach, asked, EVERYTHING)
    assert not may_look(reach, asked, Viewer(False, (3,), ()))
    assert not may_look(reach, asked, Viewer(False, (), (8,)))


def helper_role(world: World, code: str, permissions: list[str]) -> None:
    from core.organization import Role

    def make(plan: Any) -> dict[str, Any]:
        plan.session.add(Role(code=code, name=code, name_zh=code, permissions=permissions, row_scope=RowScope.ALL))
        return {}

    world.run(make)


def test_a_helper_with_less_may_not_look_as_somebody_with_more(app: Flask, world: World) -> None:
    helper_role(world, "helper", ["users.view_as", "users.manage", "home.read"])
    helper_role(world, "guest", ["home.read"])
    world.user("helper", "helper")
    world.user("guest", "guest")
    browser = signed_in(app, "helper")
    assert look_as(browser, world, "manager").status_code == 403
    assert look_as(browser, world, "guest").status_code == 303
    # What the other gains meanwhile is not lent.
    guest = id_of(world, "guest")
    world.run(change_user, guest, {"roles": ["finance"]})
    assert browser.get("/invoices").status_code == 403
    assert browser.get("/").status_code == 403
    assert browser.post("/users/view-as/stop", data=key()).status_code == 303
    assert browser.get("/users").status_code == 200


def test_who_loses_the_permission_sees_nothing_from_the_next_request_on(app: Flask, world: World) -> None:
    helper_role(world, "demoted", ["users.view_as", "users.manage", "home.read"])
    helper_role(world, "onlooker", ["home.read"])
    world.user("demoted", "demoted")
    world.user("plain", "onlooker")
    browser = signed_in(app, "demoted")
    assert look_as(browser, world, "plain").status_code == 303
    assert browser.get("/").status_code == 200
    world.run(change_user, id_of(world, "demoted"), {"roles": ["sales"]})
    found = load_session(token_of(browser), Context().now)
    assert found is not None and found.actor.permissions == frozenset() and not found.actor.viewer.sees_all
    assert browser.get("/").status_code == 403


def test_it_ends_when_the_other_is_deactivated(app: Flask, world: World) -> None:
    world.user("leaving", "sales")
    browser = signed_in(app, "admin")
    look_as(browser, world, "leaving")
    assert browser.get("/users").status_code == 403
    world.run(change_user, id_of(world, "leaving"), {"is_active": False})
    page = browser.get("/users")
    assert page.status_code == 200 and BANNER not in page.text
    world.run(change_user, id_of(world, "leaving"), {"is_active": True})
    assert BANNER not in browser.get("/users").text


def test_a_token_looks_as_nobody(app: Flask, world: World) -> None:
    token = world.token("admin")
    with pytest.raises(DomainError) as refused:
        world.run(start_viewing, digest(token), id_of(world, "sales"))
    assert refused.value.code == "view_as_not_here"
    answer = app.test_client().post(
        f"/users/{id_of(world, 'sales')}/view-as", headers={"Authorization": f"Bearer {token}"}, data=key()
    )
    assert answer.status_code == 303 and "/sign-in" in answer.location


def test_one_cannot_look_in_another_s_session(app: Flask, world: World) -> None:
    browser = signed_in(app, "manager")
    with pytest.raises(DomainError) as refused:
        world.run(start_viewing, digest(token_of(browser)), id_of(world, "sales"))
    assert refused.value.code == "view_as_not_here"


def test_the_side_bar_counts_what_the_other_has_to_do(admin: FlaskClient, world: World) -> None:
    look_as(admin, world, "sales")
    page = admin.get("/", headers={"Accept": "text/html"})
    assert "/shipments" not in page.text and "/payments/match" not in page.text
