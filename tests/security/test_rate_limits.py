"""How often something may be asked: exactly as often as the setting says, whoever hands it out; then 429, and how long
to wait."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from core import database as db
from core.config import RATE_LIMITS, SettingsError, load_settings
from core.rate_limits import CLEAR, WINDOW_SECONDS, Limiter, subject_of_address
from tests.budgets.counter import counted
from tests.conftest import DatabaseUrls
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World
from web.app import create_app
from web.limits import API, EXPORT, LOOKUP, PDF, SEARCH, SIGN_IN, kinds_of
from web.permissions import PUBLIC, route_matrix

GENEROUS = {name: 100_000 for name in RATE_LIMITS}


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    world.order(world.customer(), (world.product(stock=5), 1))
    yield world
    world.database.dispose()


@pytest.fixture(autouse=True)
def empty(world: World) -> None:
    db.configure(world.database)
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM rate_limit")


def application(**limits: int) -> Flask:
    app = create_app(SimpleNamespace(**vars(SETTINGS), rate_limits=GENEROUS | limits))
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def signed_in(app: Flask) -> Any:
    browser = app.test_client()
    browser.post("/sign-in", data={"login": "admin", "password": PASSWORD})
    return browser


def allowed(limiter: Limiter, tries: int, kind: str = API, subject: str = "x") -> int:
    return sum(limiter.take(kind, subject) == 0 for _ in range(tries))


def test_as_often_as_the_limit_says_and_no_more() -> None:
    limiter = Limiter({API: 50, SIGN_IN: 3})
    assert allowed(limiter, 80) == 50
    assert 0 < limiter.take(API, "x") <= WINDOW_SECONDS
    assert allowed(limiter, 5, SIGN_IN) == 3
    assert allowed(limiter, 80, subject="somebody else") == 50


def test_many_processes_together_hand_out_no_more_than_the_limit() -> None:
    """Each limiter stands for a process: they share nothing but the database."""
    limiters = [Limiter({API: 100}) for _ in range(4)]
    found: list[int] = []
    together = threading.Barrier(8)

    def ask(limiter: Limiter) -> None:
        together.wait()
        found.append(allowed(limiter, 60))

    threads = [threading.Thread(target=ask, args=(limiters[number % 4],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 100 - 4 * 5 <= sum(found) <= 100


def test_the_next_minute_is_a_new_one(world: World) -> None:
    clock = Clock()
    limiter = Limiter({API: 2}, clock)
    assert allowed(limiter, 5) == 2
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE rate_limit SET ends_at = now()")
    assert limiter.take(API, "x") > 0
    clock.now += WINDOW_SECONDS + 1
    assert allowed(limiter, 5) == 2


def test_a_lease_costs_one_statement_and_a_refusal_none(world: World) -> None:
    limiter = Limiter({API: 600})
    with counted(world.database) as statements:
        assert allowed(limiter, 30) == 30
    assert len(statements) == 1
    spent = Limiter({API: 1})
    assert allowed(spent, 2, subject="y") == 1
    with counted(world.database) as statements:
        assert allowed(spent, 100, subject="y") == 0
    assert len(statements) == 0


def test_a_limit_made_smaller_holds_at_once() -> None:
    assert allowed(Limiter({API: 100}), 40) == 40
    assert allowed(Limiter({API: 10}), 5) == 0


def test_old_buckets_are_cleared_away(world: World) -> None:
    Limiter({API: 1}).take(API, "old")
    Limiter({API: 1}).take(API, "young")
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE rate_limit SET ends_at = now() - interval '2 hours' WHERE bucket ~ 'old'")
    with world.database.autocommit() as connection:
        connection.exec_driver_sql(CLEAR.text)
    assert world.rows("SELECT bucket FROM rate_limit") == [("api:young",)]


def test_who_is_behind_an_address() -> None:
    assert subject_of_address("2001:db8:1:2:3::1") == subject_of_address("2001:db8:1:2:9::9") == "2001:db8:1:2::"
    assert subject_of_address("::ffff:10.1.2.3") == subject_of_address("10.1.2.3") == "10.1.2.3"
    assert subject_of_address(None) == subject_of_address("nonsense") == "-"


# over HTTP ------------------------------------------------------------------------------------------------------------
def test_the_api_answers_a_problem_with_the_seconds_to_wait(world: World) -> None:
    caller = application(api=3).test_client()
    headers = {"Authorization": f"Bearer {world.token()}", "Accept-Language": "en"}
    answers = [caller.get("/api/v1/products", headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    assert refused.content_type == "application/problem+json"
    assert refused.json["code"] == "too_many_requests"
    assert 0 < int(refused.headers["Retry-After"]) == refused.json["seconds"] <= WINDOW_SECONDS
    other = {"Authorization": f"Bearer {world.token()}"}
    assert caller.get("/api/v1/products", headers=other).status_code == 200, "a token's limit is its own"


def test_a_person_is_told_in_a_sentence(world: World) -> None:
    browser = signed_in(application(search=2))
    pages = [browser.get("/search?q=tea") for _ in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 429]
    assert "操作过于频繁，请在" in pages[-1].text
    assert int(pages[-1].headers["Retry-After"]) > 0
    assert browser.get("/orders?q=tea").status_code == 429, "a list with words to search for is a search"
    assert browser.get("/orders").status_code == 200


def test_papers_are_limited_on_pages_and_api(world: World) -> None:
    app = application(pdf=1)
    browser, order = signed_in(app), world.value("SELECT min(id) FROM sales_order")
    assert browser.get(f"/orders/{order}/print/en").status_code == 200
    assert browser.get(f"/orders/{order}/print/en").status_code == 429
    headers = {"Authorization": f"Bearer {world.token()}"}
    answer = app.test_client().get(f"/api/v1/sales-orders/{order}/pdf", headers=headers)
    assert answer.status_code == 429


def test_signing_in_is_limited_per_address_before_the_password_is_looked_at(world: World) -> None:
    client = application(sign_in=2).test_client()
    wrong = {"login": "admin", "password": "guess"}
    here = [client.post("/sign-in", data=wrong).status_code for _ in range(3)]
    assert here == [422, 422, 429]
    failures = "SELECT failed_sign_ins FROM app_user WHERE login = 'admin'"
    assert world.value(failures) == 2
    elsewhere = {"REMOTE_ADDR": "10.9.9.9"}
    assert client.post("/sign-in", data=wrong, environ_base=elsewhere).status_code == 422
    right = {"login": "admin", "password": PASSWORD}
    assert client.post("/sign-in", data=right, environ_base=elsewhere).status_code == 303
    assert client.get("/").status_code == 200, "who is signed in goes on"


# what counts as what --------------------------------------------------------------------------------------------------
def test_every_route_that_must_be_limited_is() -> None:
    """By what its address says it does, so that a new one is not forgotten: declare `limit=` where it is missing."""
    app, missing = application(), []
    for row in route_matrix(app):
        kinds = set(kinds_of(app, row.endpoint, row.method))
        expected = _expected(row.rule, row.method, row.permission)
        if not expected <= kinds:
            missing.append(f"{row.method} {row.rule}: {sorted(expected - kinds)}")
    assert not missing


def _expected(rule: str, method: str, permission: str) -> set[str]:
    expected: set[str] = set()
    if permission == PUBLIC:
        return {SIGN_IN} if method == "POST" and rule.startswith("/sign-in") else expected
    if rule.startswith("/api/"):
        expected.add(API)
    if re.search(r"[./]pdf$|/print/", rule):
        expected.add(PDF)
    if re.search(r"/export|\.csv$|\.xlsx$", rule) and method in ("GET", "POST"):
        expected.add(EXPORT)
    if re.search(r"/search$", rule):
        expected.add(SEARCH)
    if re.search(r"/(suggest|lookup)$", rule):
        expected.add(LOOKUP)
    return expected


def test_no_form_that_anybody_may_send_goes_uncounted() -> None:
    app = application()
    public = [row for row in route_matrix(app) if row.permission == PUBLIC and row.method != "GET"]
    assert len(public) >= 3
    assert all(list(kinds_of(app, row.endpoint, row.method)) for row in public)


def test_every_kind_has_a_limit_in_the_settings(tmp_path: Any) -> None:
    from web import limits

    kinds = {value for name, value in vars(limits).items() if name.isupper() and isinstance(value, str)}
    assert kinds - {limits.SEARCH_PARAMETER, PUBLIC} == set(RATE_LIMITS)
    home = {"COUNTINGHOUSE_HOME": str(tmp_path)}
    assert load_settings(home).rate_limits == RATE_LIMITS
    assert load_settings({**home, "RATE_LIMIT_API": "9"}).rate_limits["api"] == 9
    assert load_settings({**home, "COUNTINGHOUSE_RATE_LIMITS": "off"}).rate_limits == {}
    for wrong in ("0", "-1", "many"):
        with pytest.raises(SettingsError, match="RATE_LIMIT_API"):
            load_settings({**home, "RATE_LIMIT_API": wrong})


def test_asking_for_the_head_of_a_search_is_a_search(world: World) -> None:
    browser = signed_in(application(search=2))
    assert [browser.head("/orders?q=tea").status_code for _ in range(3)] == [200, 200, 429]


def test_coming_from_a_provider_is_signing_in(world: World) -> None:
    """Each way back may cost a call to the provider, so that ways there and back are counted too."""
    visitor = application(sign_in=2).test_client()
    for path in ("/sign-in/with/1", "/sign-in/with/1/back?state=x&code=y"):
        with world.database.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM rate_limit")
        visitor = application(sign_in=2).test_client()
        answers = [visitor.get(path) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
