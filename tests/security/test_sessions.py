"""Sessions: the old token is dead at once, whoever knows it; limits, disabled users, leaving; and the first run."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.command import run
from core.company import change_company
from core.context import Context
from core.errors import DomainError
from core.sessions import GRACE, end_sessions
from core.users import change_user
from crm.setup import set_up_company
from tests.conftest import DatabaseUrls
from tests.security.people import COOKIE, HTML, House, Visitor, later
from tests.world import PASSWORD, World
from web.app import create_app
from web.sign_in.views import DEMO_LOGINS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def house(module_database: DatabaseUrls) -> Iterator[House]:
    world = World.set_up(module_database.app, language="en")
    yield House(world)
    world.database.dispose()


# fixation, cookie, signing in again -----------------------------------------------------------------------------------
def test_a_token_chosen_by_somebody_else_never_becomes_a_session(house: House) -> None:
    victim = house.visitor()
    victim.client.set_cookie(COOKIE, "chosen")
    victim.sign_in(house.somebody())
    assert victim.token != "chosen"
    assert not house.visitor().with_token("chosen").is_in


def test_signing_in_again_ends_what_the_browser_had(house: House) -> None:
    visitor = house.signed_in()
    before = visitor.token
    visitor.sign_in(visitor.login)
    assert visitor.is_in
    assert not visitor.with_token(before).is_in


def test_the_cookie_is_for_this_host_and_no_script(house: House) -> None:
    login = house.somebody()
    values = {"login": login, "password": PASSWORD}
    plain = house.app.test_client().post("/sign-in", data=values)
    [sent] = [line for line in plain.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(sent.split("; "))
    assert "Domain" not in sent
    secure = house.app.test_client().post("/sign-in", data=values, base_url="https://books.example")
    [sent] = [line for line in secure.headers.getlist("Set-Cookie") if line.startswith(f"__Host-{COOKIE}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Secure"} <= set(sent.split("; "))
    assert "Domain" not in sent


def test_a_cookie_from_before_https_opens_nothing_by_https(house: House) -> None:
    """A cookie without the prefix may have been planted by a neighbour host."""
    visitor = house.signed_in()
    other = house.app.test_client()
    other.set_cookie(COOKIE, visitor.token, domain="books.example", secure=False)
    assert other.get("/menu", base_url="https://books.example").status_code == 303


def test_the_database_holds_no_token(house: House) -> None:
    visitor = house.signed_in()
    rows = house.world.rows(
        "SELECT row::text FROM user_session AS row UNION ALL SELECT row::text FROM audit_row AS row"
    )
    assert not [text for (text,) in rows if visitor.token in text]


# rotation -------------------------------------------------------------------------------------------------------------
def test_the_token_changes_in_use_and_the_old_one_dies_after_the_grace(house: House) -> None:
    visitor = house.signed_in()
    old = visitor.token
    with later(hours=11):
        visitor.get("/menu")
        assert visitor.token == old
    with later(hours=12, minutes=1):
        thief = visitor.with_token(old)
        assert visitor.get("/menu").status_code == 200
        assert visitor.token != old
        assert visitor.is_in
        assert thief.is_in, "a request that was under way is still answered"
        assert thief.get("/menu").status_code == 200
        assert thief.token == old, "and is given no new token"
    with later(hours=12, minutes=1, seconds=GRACE.total_seconds() + 20):
        assert visitor.is_in
        assert not thief.is_in


def in_use(visitor: Visitor) -> Visitor:
    """Used half a day long, so that the session has not ended when its token is due."""
    with later(hours=8):
        visitor.get("/menu")
    return visitor


def test_the_grace_does_not_renew_itself(house: House) -> None:
    visitor = in_use(house.signed_in())
    thief = visitor.with_token(visitor.token)
    with later(hours=12, minutes=1):
        visitor.get("/menu")
    for seconds in (10, 20, 28):
        with later(hours=12, minutes=1, seconds=seconds - 1):
            assert thief.get("/menu").status_code == 200
    with later(hours=12, minutes=1, seconds=GRACE.total_seconds() + 20):
        assert thief.get("/menu").status_code == 303
        assert visitor.is_in


def test_the_old_token_proves_nothing_in_the_grace(house: House) -> None:
    """Nor is it given a new one by a new password."""
    visitor = house.signed_in()
    with later(minutes=1):
        thief = visitor.with_token(visitor.token)
        with house.world.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE user_session SET rotated_at = NULL")
        visitor.get("/menu")
        old, new = thief.token, visitor.token
        assert old != new and thief.get("/menu").status_code == 200
        answer = thief.post("/account/password", password="mine now, all mine", again="mine now, all mine")
        assert "/account/prove" in answer.headers["Location"]
        assert thief.token == old and visitor.get("/account/password").status_code == 200


def test_of_two_pages_at_once_one_changes_the_token(house: House) -> None:
    visitor = in_use(house.signed_in())
    with later(hours=13):
        browsers = [visitor.with_token(visitor.token) for _ in range(6)]
        threads = [threading.Thread(target=browser.get, args=("/menu",)) for browser in browsers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({browser.token for browser in browsers}) == 2
        assert sum(browser.token != visitor.token for browser in browsers) == 1


def test_only_a_page_changes_the_token(house: House) -> None:
    """A script's look-up or a post may be one of many under way."""
    visitor = in_use(house.signed_in())
    old = visitor.token
    with later(hours=12, minutes=30):
        visitor.client.get("/menu", headers={"Accept": "*/*"})
        visitor.post("/account/sessions/end-others")
        assert visitor.is_in
        assert visitor.token == old


def test_the_token_changes_with_the_roles(house: House) -> None:
    visitor = house.signed_in("sales")
    old = visitor.token
    assert visitor.get("/users").status_code == 403
    house.world.run(change_user, house.user_id(visitor.login), {"roles": ["admin"]})
    assert visitor.get("/users").status_code == 200
    assert visitor.token != old
    house.world.run(change_user, house.user_id(visitor.login), {"roles": ["sales"]})
    assert visitor.get("/users").status_code == 403, "a demotion bites with the next click"


def test_a_proof_changes_the_token_at_once(house: House) -> None:
    visitor = house.signed_in()
    with later(minutes=11):
        old = visitor.token
        asked = visitor.get("/account/password")
        assert asked.headers["Location"] == "/account/prove?next=/account/password"
        done = visitor.post("/account/prove", password=PASSWORD, next="/account/password")
        assert done.headers["Location"] == "/account/password"
        assert visitor.token != old
        assert visitor.get("/account/password").status_code == 200
        assert not visitor.with_token(old).is_in, "without a grace"


def test_no_proof_no_change(house: House) -> None:
    """What decides who gets in asks again after ten minutes, on every way there."""
    visitor = house.signed_in("admin")
    target = house.user_id(house.somebody())
    with later(minutes=11):
        for path in ("password", "authenticator", "authenticator/begin", "authenticator/remove", "recovery-codes",
                     "tokens/new", "passkeys/1/remove"):  # fmt: skip
            answer = visitor.post(f"/account/{path}", password="a better one", again="a better one", name="x")
            assert answer.headers.get("Location", "").startswith("/account/prove"), path
        assert visitor.post(f"/users/{target}/reset-factors").headers["Location"].startswith("/account/prove")
        for path in ("options", ""):
            told = visitor.send(f"/account/passkeys/{path}".rstrip("/"), {}).get_json()
            assert told["next"].startswith("/account/prove")
        assert visitor.post("/account/prove", password="wrong wrong", next="/account").status_code == 422
        assert visitor.post("/account/password", password="a better one", again="a better one").status_code == 303
        assert house.visitor().sign_in(visitor.login, "a better one").status_code == 422


def test_a_new_password_ends_all_else(house: House) -> None:
    visitor = house.signed_in()
    elsewhere = house.visitor()
    elsewhere.sign_in(visitor.login)
    api = house.world.token(visitor.login)
    old, new = visitor.token, "nine unrelated words"
    assert visitor.post("/account/password", password=new, again=new).status_code == 303
    assert visitor.is_in
    assert visitor.token != old
    assert not visitor.with_token(old).is_in
    assert not elsewhere.is_in
    headers = {"Authorization": f"Bearer {api}"}
    assert house.app.test_client().get("/api/v1/me", headers=headers).status_code == 401
    assert house.visitor().sign_in(visitor.login).status_code == 422
    assert house.visitor().sign_in(visitor.login, new).status_code == 303
    assert house.audited(visitor.login, "user.password_changed") == 1


# limits and leaving ---------------------------------------------------------------------------------------------------
def test_an_unused_session_ends(house: House) -> None:
    visitor = house.signed_in()
    with later(hours=11, minutes=59):
        assert visitor.with_token(visitor.token).is_in
    with later(hours=12 + 12):
        assert not visitor.is_in


def test_a_session_in_use_ends_too(house: House) -> None:
    visitor = house.signed_in()
    for hours in range(11, 30 * 24, 11):
        with later(hours=hours):
            assert visitor.get("/menu").status_code == 200, hours
    with later(days=30, minutes=1):
        assert not visitor.is_in


def test_a_change_of_the_limits_bites_on_open_sessions(house: House) -> None:
    visitor = house.signed_in()
    with later(hours=3):
        house.world.run(change_company, {"session_idle_hours": 2})
        assert not visitor.with_token(visitor.token).is_in
        house.world.run(change_company, {"session_idle_hours": 720, "session_days": 30})
        assert visitor.is_in
    with later(hours=25):
        house.world.run(change_company, {"session_days": 1})
        assert not visitor.is_in
    house.world.run(change_company, {"session_idle_hours": 12, "session_days": 30})


def test_a_disabled_user_is_out_at_once_and_stays_out(house: House) -> None:
    visitor = house.signed_in()
    user_id = house.user_id(visitor.login)
    house.world.run(change_user, user_id, {"is_active": False})
    assert not visitor.is_in
    assert house.visitor().sign_in(visitor.login).status_code == 422
    house.world.run(change_user, user_id, {"is_active": True})
    assert not visitor.is_in, "the old session does not come back"


def test_whoever_may_not_sign_in_is_nobody_whatever_sessions_stand_open(house: House) -> None:
    """The look-up asks by itself, and does not rely on somebody having ended what was open."""
    visitor = house.signed_in()
    headers = {"Authorization": f"Bearer {house.world.token(visitor.login)}"}
    with house.world.database.engine.begin() as connection:
        disable = "UPDATE app_user SET is_active = false WHERE id = %(id)s"
        connection.exec_driver_sql(disable, {"id": house.user_id(visitor.login)})
    assert not visitor.is_in
    assert house.app.test_client().get("/api/v1/me", headers=headers).status_code == 401


def test_signing_out_ends_the_session_in_the_database(house: House) -> None:
    visitor = house.signed_in()
    thief = visitor.with_token(visitor.token)
    visitor.post("/sign-in/out")
    assert visitor.token == ""
    assert not thief.is_in


def test_ending_one_session_and_all_others(house: House) -> None:
    visitor = house.signed_in()
    others = [house.visitor() for _ in range(3)]
    for other in others:
        other.sign_in(visitor.login)
    page = visitor.get("/account/sessions").text
    endings = re.findall(r'action="(/account/sessions/\d+/end)"', page)
    assert len(endings) == 3, "not this one"
    assert visitor.post(endings[0]).status_code == 303
    assert sum(other.is_in for other in others) == 2
    visitor.post("/account/sessions/end-others")
    assert not any(other.is_in for other in others)
    assert visitor.is_in


def test_nobody_ends_somebody_else_s_session(house: House) -> None:
    victim, other = house.signed_in(), house.signed_in()
    session_id = house.world.value(
        "SELECT id FROM user_session WHERE user_id = :id AND ended_at IS NULL", id=house.user_id(victim.login)
    )
    assert other.post(f"/account/sessions/{session_id}/end").status_code == 404
    assert victim.is_in
    with pytest.raises(DomainError):
        house.world.run(end_sessions, house.user_id(other.login), session_id=session_id)


def test_an_administrator_ends_one_session(house: House) -> None:
    admin, victim = house.signed_in("admin"), house.signed_in()
    user_id = house.user_id(victim.login)
    [ending] = re.findall(rf'action="(/users/{user_id}/sessions/\d+/end)"', admin.get(f"/users/{user_id}").text)
    assert admin.post(ending).status_code == 303
    assert not victim.is_in


# what is said of a browser --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36 MicroMessenger/8.0",
            "WeChat, Android",
        ),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0", "Edge, macOS"),
        ("curl/8.5.0", "curl/8.5.0"),
    ],
)
def test_devices_are_named_as_people_say(house: House, agent: str, name: str) -> None:
    visitor = house.visitor()
    visitor.client.post(
        "/sign-in", data={"login": house.somebody(), "password": PASSWORD}, headers={"User-Agent": agent}
    )
    assert f">{name}</span>" in visitor.get("/account/sessions").text


# the first run --------------------------------------------------------------------------------------------------------
SETUP = {
    "name": "恒通贸易有限公司", "currency": "CNY", "chart": "cn_small", "fiscal_year_start_month": "1",
    "time_zone": "Asia/Shanghai", "administrator_name": "Lin", "login": "lin", "password": "nine unrelated words",
}  # fmt: skip


def test_the_first_run_happens_once(house: House) -> None:
    stranger = house.visitor()
    assert stranger.get("/setup").status_code == 404
    assert stranger.post("/setup", **SETUP).status_code == 404
    assert house.world.value("SELECT count(*) FROM app_user WHERE login = 'lin'") == 0


def test_of_two_first_runs_at_once_one_is_refused(fresh_database: DatabaseUrls) -> None:
    from core import database as db

    before = db.current()
    database = db.configure(db.Database(fresh_database.app))
    try:
        outcomes: list[Any] = []
        barrier = threading.Barrier(2)

        def set_up(login: str) -> None:
            barrier.wait()
            try:
                administrator = {"login": login, "name": login, "password": "nine unrelated words"}
                outcomes.append(run(set_up_company, {"name": "恒通"}, administrator, context=Context()).data)
            except DomainError as error:
                outcomes.append(error.code)

        threads = [threading.Thread(target=set_up, args=(login,)) for login in ("lin", "eve")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes))[0] == "already_set_up"
        assert len([each for each in outcomes if isinstance(each, dict)]) == 1
        world = World(database)
        assert world.value("SELECT count(*) FROM app_user") == 1
        assert world.value("SELECT count(*) FROM role WHERE code = 'admin'") == 1
    finally:
        database.dispose()
        db.configure(before)


def test_no_default_password_outside_the_demo(house: House) -> None:
    """Only those who were made may sign in; no name of the demonstration does, and the page names none."""
    page = house.visitor().get("/sign-in").text
    assert "Demo company" not in page
    stranger = house.visitor()
    for login in (*DEMO_LOGINS, "root", "administrator"):
        for password in ("demo", "admin", "password", ""):
            visitor = Visitor(house, house.app.test_client(), stranger.address)
            assert visitor.sign_in(login, password).status_code in (422, 429), (login, password)
            assert not visitor.is_in
    weak = [
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "finance", "inventory", "crm", "web")
        for path in (ROOT / folder).rglob("*.py")
        if "weak_password_allowed" in path.read_text(encoding="utf-8")
    ]
    assert [path for path in weak if not path.startswith("web/demo/")] == ["core/users.py"]


def test_the_side_bar_counts_come_in_the_grace_too(house: House) -> None:
    """One look-up for the page, whichever of the two tokens it comes with."""
    visitor = in_use(house.signed_in("admin"))
    other = visitor.with_token(visitor.token)
    with later(hours=13):
        visitor.get("/menu")
        assert other.client.get("/menu", headers=HTML).status_code == 200


def test_an_application_without_a_company_lets_nobody_in(empty_house: Any) -> None:
    assert empty_house.get("/menu").status_code == 303


@pytest.fixture
def empty_house(fresh_database: DatabaseUrls, house: House) -> Iterator[Any]:
    from core import database as db
    from tests.security.conftest import SETTINGS

    before = db.current()
    database = db.configure(db.Database(fresh_database.app))
    client = create_app(SETTINGS).test_client()
    client.set_cookie(COOKIE, "x" * 43)
    yield client
    database.dispose()
    db.configure(before)
