"""What every answer says to the browser: pages, refusals, failures, papers, calls of the API and files alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.http import parse_cookie

from core import sign_in
from core.config import load_settings
from tests.security.conftest import Visitor, values_of
from tests.security.test_matrix import address
from tests.world import PASSWORD, World
from web.app import CONTENT_SECURITY_POLICY, SECURITY_HEADERS, create_app
from web.permissions import route_matrix

NEEDED = {
    "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
    "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy",
}  # fmt: skip
# Where an address holds what nobody else is to see, less is said than by all others.
STRICTER = {"/sign-in/reset": {"Referrer-Policy": "no-referrer"}}
SECURE = {"base_url": "https://books.example"}


def faults_of(
    answer: Any, *, secure: bool = False, cached: bool = False, expected: dict[str, str] = SECURITY_HEADERS
) -> list[str]:
    """What an answer lacks."""
    headers = answer.headers
    faults = [name for name, value in expected.items() if headers.getlist(name) != [value]]
    if secure != headers.get("Strict-Transport-Security", "").startswith("max-age=31536000"):
        faults.append("Strict-Transport-Security")
    if not cached and headers.get("Cache-Control") != "no-store":
        faults.append("Cache-Control")
    if not headers.get("X-Request-ID"):
        faults.append("X-Request-ID")
    faults += [name for name in ("Server", "X-Powered-By") if name in headers]
    return faults


def test_every_route_says_it_to_everybody(app: Flask, world: World, visitor: Visitor) -> None:
    values, wrong = values_of(world), []
    token = {"Authorization": f"Bearer {world.token()}"}
    for row in route_matrix(app):
        if row.rule.startswith("/styleguide") or row.endpoint == "sign_in.sign_out":
            continue
        for who in ("admin", None):
            headers = token if who and row.rule.startswith("/api/") else {}
            answer = visitor(who).open(address(row, values), method=row.method, headers=headers)
            expected = SECURITY_HEADERS | (STRICTER.get(row.rule, {}) if answer.status_code == 200 else {})
            if faults := faults_of(answer, cached=row.endpoint == "assets.file", expected=expected):
                wrong.append(f"{row.method} {row.rule} as {who}, {answer.status_code}: {faults}")
    assert not wrong, "\n".join(wrong)


def test_refusals_and_failures_say_it_too(app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = visitor("admin")
    answers = {
        400: browser.post("/customers/new", data={}),
        401: app.test_client().get("/api/v1/products"),
        403: visitor("sales").get("/users"),
        404: browser.get("/nowhere"),
        405: browser.delete("/customers"),
        413: browser.post("/customers/new", data={"x": "y" * 17_000_000}),
    }
    monkeypatch.setattr(sign_in, "sign_in", None)
    monkeypatch.setattr("web.sign_in.views.run", None)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    answers[500] = app.test_client().post("/sign-in", data={"login": "x", "password": "y"})
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert {status: faults for status, answer in answers.items() if (faults := faults_of(answer))} == {}


def test_over_https_browsers_are_told_to_stay_there(app: Flask, visitor: Visitor) -> None:
    for path in ("/sign-in", "/nowhere", "/api/v1/products", "/healthz"):
        answer = app.test_client().get(path, **SECURE)
        assert faults_of(answer, secure=True) == [], path


def test_the_policy_allows_nothing_unsafe() -> None:
    assert set(SECURITY_HEADERS) >= NEEDED
    assert SECURITY_HEADERS["X-Frame-Options"] == "DENY" and SECURITY_HEADERS["X-Content-Type-Options"] == "nosniff"
    assert SECURITY_HEADERS["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert SECURITY_HEADERS["Cross-Origin-Opener-Policy"] == SECURITY_HEADERS["Cross-Origin-Resource-Policy"]
    assert SECURITY_HEADERS["Cross-Origin-Opener-Policy"] == "same-origin"
    features = dict(rule.split("=") for rule in SECURITY_HEADERS["Permissions-Policy"].split(", "))
    assert {"camera", "geolocation", "microphone", "payment", "usb"} <= features.keys()
    assert set(features.values()) <= {"()", "(self)"}
    policy = dict(rule.partition(" ")[::2] for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert not re.search(r"unsafe|\*|data:|blob:|https?:|nonce", CONTENT_SECURITY_POLICY)
    assert {name: policy[name] for name in ("default-src", "script-src", "style-src", "object-src")} == {
        "default-src": "'self'", "script-src": "'self'", "style-src": "'self'", "object-src": "'none'",
    }  # fmt: skip
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'", "'self'", "'self'")


def test_cookies_are_for_the_server_only(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for scripts, not for other sites, and over https only where they were given so."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    for options in ({}, SECURE):
        browser = app.test_client()
        signing_in = browser.post("/sign-in", data={"login": "admin", "password": PASSWORD}, **options)
        choosing = browser.post("/preferences", data={"theme": "dark", "language": "en"}, **options)
        cookies = signing_in.headers.getlist("Set-Cookie") + choosing.headers.getlist("Set-Cookie")
        assert len(cookies) >= 3
        for cookie in cookies:
            flags = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert {"httponly", "samesite=lax", "path=/"} <= flags, cookie
            assert ("secure" in flags) == bool(options), cookie
            assert not any(flag.startswith("domain") for flag in flags), cookie


def test_the_cookie_holds_no_more_than_a_random_token(app: Flask, world: World, visitor: Visitor) -> None:
    """Nothing of a person's rights or name travels in it, so there is nothing to forge or to read."""
    from flask.sessions import SecureCookieSessionInterface

    browser = visitor("manager")
    token = browser.get_cookie("sign-in")
    assert token is not None and re.fullmatch(r"[\w-]{43}", token.value)
    browser.get("/customers/new")
    cookie = browser.get_cookie("session")
    assert cookie is not None
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    content = serializer.loads(parse_cookie(f"session={cookie.value}")["session"])
    assert set(content) <= {"csrf_token", "_flashes"}


def behind_a_proxy(home: Path, **environ: str) -> Flask:
    """The application as the settings make it."""
    settings = load_settings({"COUNTINGHOUSE_HOME": str(home), "COUNTINGHOUSE_ENV": "test", **environ})
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def test_a_proxy_is_believed_only_where_the_setting_says_there_is_one(world: World, tmp_path: Path) -> None:
    """Https, and whose address it is that fails to sign in; what the caller writes in front is not believed."""
    said = {
        "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "books.test",
    }
    sent: dict[str, Any] = {"data": {"login": "admin", "password": PASSWORD}, "headers": said}
    for setting, caller, is_secure in (("0", "127.0.0.1", False), ("1", "198.51.100.7", True)):
        answer = behind_a_proxy(tmp_path, TRUSTED_PROXIES=setting).test_client().post("/sign-in", **sent)
        assert answer.status_code == 303
        [cookie] = [each for each in answer.headers.getlist("Set-Cookie") if "sign-in=" in each]
        assert cookie.startswith("__Host-") == ("Secure" in cookie) == is_secure
        assert ("Strict-Transport-Security" in answer.headers) == is_secure
        assert world.value("SELECT address FROM user_session ORDER BY id DESC LIMIT 1") == caller


def test_over_https_no_cookie_can_be_planted_by_a_neighbour(app: Flask) -> None:
    """Every cookie that anything rests on is held to this host by its name."""
    browser = app.test_client()
    [cookie] = browser.get("/sign-in", **SECURE).headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-session=")
    planted = app.test_client()
    page = planted.get("/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None and planted.get_cookie("session") is not None
    sent: dict[str, Any] = {"data": {"csrf_token": token[1], "theme": "dark"}}
    assert planted.post("/preferences", **sent).status_code == 303
    sent |= {"headers": {"Referer": "https://localhost/sign-in"}, "base_url": "https://localhost"}
    assert planted.post("/preferences", **sent).status_code == 400
