"""Requests that somebody else's page could send: refused on every form; and no GET changes anything."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.security.conftest import SETTINGS, Visitor, values_of
from tests.security.test_matrix import address
from tests.world import PASSWORD, World
from web.app import FORM_LIFETIME_SECONDS, create_app
from web.csrf import unmasked
from web.permissions import route_matrix

# What a GET may write: that a session or token was seen, and the session's next token.
SEEN = ("last_seen_at", "last_used_at", "token_hash", "previous_hash", "rotated_at")


def test_forms_are_checked_in_the_application_as_it_starts(world: World) -> None:
    """With the settings it gives itself: the tests around this one switch the check off and on."""
    app = create_app(SETTINGS)
    assert app.config["WTF_CSRF_ENABLED"] and app.config["WTF_CSRF_CHECK_DEFAULT"]
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(app.config["WTF_CSRF_METHODS"])
    browser = app.test_client()
    assert browser.post("/sign-in", data={"login": "admin", "password": PASSWORD}).status_code == 400
    assert browser.get_cookie("sign-in") is None


def test_every_form_without_its_own_token_is_refused(
    app: Flask, world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one, with an invented one, with one of another browser's, with one that is too old."""
    assert app.config["WTF_CSRF_TIME_LIMIT"] == FORM_LIFETIME_SECONDS <= 24 * 3600
    values, wrong = values_of(world), []
    foreign = token_of(visitor("manager"))
    own = token_of(visitor("admin"))
    assert visitor("admin").post("/preferences", data={"csrf_token": own}).status_code == 303
    before = _rows_written(world)
    for row in route_matrix(app):
        if row.method == "GET" or row.rule.startswith("/api/"):
            continue
        for case, token in (("missing", None), ("forged", "forged"), ("foreign", foreign), ("expired", own)):
            data = {} if token is None else {"csrf_token": token}
            monkeypatch.setitem(app.config, "WTF_CSRF_TIME_LIMIT", -1 if case == "expired" else FORM_LIFETIME_SECONDS)
            answer = visitor("admin").open(address(row, values), method=row.method, data=data)
            if answer.status_code != 400:
                wrong.append(f"{row.method} {row.rule}, {case}: {answer.status_code}")
    assert not wrong
    assert _rows_written(world) == before


def test_the_token_is_another_text_in_every_page_and_always_good(app: Flask, visitor: Visitor) -> None:
    """So that nobody guesses it from the sizes of pages. What a page said before it was masked is taken too."""
    browser = visitor("manager")
    tokens = [token_of(browser) for _ in range(6)]
    pieces = [token[at : at + 8] for token in tokens for at in range(len(token) - 7)]
    assert len(set(pieces)) == len(pieces), "no piece of one stands in another"
    bare = {unmasked(token) for token in tokens}
    assert all(text and text.split(".")[0] == str(unmasked(tokens[0])).split(".")[0] for text in bare)
    for token in (*tokens, *bare):
        assert browser.post("/preferences", data={"csrf_token": token}).status_code == 303
    flipped = tokens[0][:-4] + ("AAAA" if tokens[0][-4:] != "AAAA" else "BBBB")
    for refused in (flipped, tokens[0][:-4], tokens[0][4:], "====", "ä", ""):
        assert browser.post("/preferences", data={"csrf_token": refused}).status_code == 400, refused


def token_of(browser: FlaskClient) -> str:
    """The token in a page that this browser was shown."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/customers/new").text)
    assert found is not None
    return found[1]


def test_a_header_does_not_replace_the_place_it_came_from(app: Flask, visitor: Visitor) -> None:
    """Over https the page that sends must be of this site, token or not."""
    browser = app.test_client()
    page = browser.get("/sign-in", base_url="https://localhost")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found is not None
    sent = {"csrf_token": found[1], "theme": "dark"}
    for referrer, status in ((None, 400), ("https://evil.example/", 400), ("https://localhost/sign-in", 303)):
        headers = {"Referer": referrer} if referrer else {}
        answer = browser.post("/preferences", data=sent, headers=headers, base_url="https://localhost")
        assert answer.status_code == status, referrer


def test_the_api_takes_no_cookie(app: Flask, world: World, visitor: Visitor) -> None:
    """A signed-in browser is nobody to the API, so there is nothing to forge."""
    answer = visitor("admin").post("/api/v1/customers", json={"name": "forged"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 401


def test_no_get_writes(app: Flask, world: World, visitor: Visitor) -> None:
    values, browser, caller = values_of(world), visitor("admin"), app.test_client()
    token = {"Authorization": f"Bearer {world.token()}"}
    before, answered = _rows_written(world), 0
    for row in route_matrix(app):
        if row.method == "GET" and row.endpoint != "assets.file" and not row.rule.startswith("/styleguide"):
            is_api = row.rule.startswith("/api/")
            answer = caller.get(address(row, values), headers=token) if is_api else browser.get(address(row, values))
            answered += is_api and answer.status_code == 200
    assert _rows_written(world) == before
    assert answered > 40


def _rows_written(world: World) -> dict[str, tuple[int, str]]:
    """Per table: rows, and a digest of all that is in them but when somebody was seen."""
    names = [name for (name,) in world.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
    seen = ", ".join(f"'{name}'" for name in SEEN)
    found = {}
    for name in sorted(names):
        row = f"(to_jsonb(row) - ARRAY[{seen}])::text" if name in ("user_session", "api_token") else "row::text"
        found[name] = world.rows(
            f"SELECT count(*), coalesce(md5(string_agg({row}, '|' ORDER BY {row})), '') FROM {name} AS row"
        )[0]
    return found
