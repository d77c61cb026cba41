"""Sign-in, sessions, users and settings by the pages, on a real database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from core import database as db
from tests.database_server import DatabaseUrls
from tests.web.conftest import SETTINGS
from tests.world import PASSWORD, World, new_key
from web.app import create_app


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app, language="en")
    yield world
    world.database.dispose()


@pytest.fixture
def visitor(world: World) -> FlaskClient:
    return create_app(SimpleNamespace(**vars(SETTINGS))).test_client()


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def post(visitor: FlaskClient, path: str, shown_at: str | None = None, **data: object):  # type: ignore[no-untyped-def]
    page = visitor.get(shown_at or path).text
    return visitor.post(path, data={"csrf_token": token_of(page), "idempotency_key": new_key(), **data})


def sign_in(visitor: FlaskClient, login: str = "admin", password: str = PASSWORD, **data: str):  # type: ignore[no-untyped-def]
    return post(visitor, "/sign-in", login=login, password=password, **data)


def test_sign_in_leads_to_the_page_asked_for_and_out_again(visitor: FlaskClient) -> None:
    asked = visitor.get("/users")
    assert asked.headers["Location"] == "/sign-in?next=/users"
    assert sign_in(visitor, next="/users").headers["Location"] == "/users"
    assert visitor.get("/users").status_code == 200
    cookie = visitor.get_cookie("sign-in")
    assert cookie is not None
    assert post(visitor, "/sign-in/out", "/users").status_code == 303
    visitor.set_cookie("sign-in", cookie.value)
    assert visitor.get("/users").status_code == 303, "the old cookie is dead at once"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_sign_in_follows_no_foreign_target(visitor: FlaskClient, target: str) -> None:
    assert sign_in(visitor, next=target).headers["Location"] == "/"


def test_a_wrong_name_and_a_wrong_password_answer_alike(visitor: FlaskClient) -> None:
    answers = [sign_in(visitor, login=login, password="wrong wrong") for login in ("admin", "nobody")]
    texts = [re.findall(r'role="alert".*?</div>', answer.text, re.S) for answer in answers]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert texts[0] == texts[1]
    assert "wrong wrong" not in answers[0].text


def test_repeated_failures_wait_longer_but_never_lock_out(visitor: FlaskClient) -> None:
    answers = [sign_in(visitor, password="wrong wrong") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_a_new_session_at_every_sign_in(visitor: FlaskClient, world: World) -> None:
    visitor.set_cookie("sign-in", "chosen-by-somebody-else")
    visitor.get("/sign-in")
    before = visitor.get_cookie("session")
    sign_in(visitor)
    after = visitor.get_cookie("sign-in")
    assert before is not None
    assert visitor.get_cookie("session") is None, "nothing from before sign-in survives"
    assert after is not None
    assert after.value not in (before.value, "chosen-by-somebody-else")


def test_a_deactivated_user_is_out_at_the_next_click(visitor: FlaskClient, world: World) -> None:
    actor = world.user("sales", "sales", language="en")
    sign_in(visitor, "sales")
    assert visitor.get("/menu").status_code == 200
    assert visitor.get("/users").status_code == 403
    admin = create_app(SimpleNamespace(**vars(SETTINGS))).test_client()
    sign_in(admin)
    address = f"/users/{actor.user_id}"
    saved = post(admin, address, name="Sales", login="sales", language="en", roles="sales")
    assert saved.status_code == 303
    assert visitor.get("/menu").status_code == 303


def test_user_form_names_every_fault_and_keeps_what_was_typed(visitor: FlaskClient) -> None:
    sign_in(visitor)
    answer = post(
        visitor, "/users/new", name="Lin Wei", login="admin", email="not mail", language="en", password="short"
    )
    assert answer.status_code == 422
    assert 'value="Lin Wei"' in answer.text
    assert "这不是邮箱地址" in answer.text
    assert "至少 8 个字符" in answer.text
    assert "short" not in re.findall(r'<input[^>]*type="password"[^>]*>', answer.text)[0]


def test_settings_are_saved_and_faults_stay_beside_the_field(visitor: FlaskClient, world: World) -> None:
    sign_in(visitor)
    page = visitor.get("/settings").text
    values = dict(re.findall(r'<input class="?[^>]*id="(\w+)"[^>]*value="([^"]*)"', page))
    faulty = post(visitor, "/settings", **{**values, "name": "Hengtong", "tax_rate": "1x", "payment_terms_days": "30"})
    assert faulty.status_code == 422
    assert "不是数字" in faulty.text


def test_the_first_run_page_is_closed_once_there_is_a_user(visitor: FlaskClient) -> None:
    assert visitor.get("/setup").status_code == 404


def test_display_choices_follow_the_user(visitor: FlaskClient, world: World) -> None:
    sign_in(visitor)
    post(visitor, "/preferences", "/menu", theme="dark", language="zh", shortcuts="off", next="/menu")
    other = create_app(SimpleNamespace(**vars(SETTINGS))).test_client()
    sign_in(other)
    page = other.get("/menu").text
    assert 'data-theme="dark"' in page
    assert 'data-shortcuts="off"' in page
    assert 'lang="zh-CN"' in page
    assert db.current() is world.database
