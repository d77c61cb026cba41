"""Where a link or a form says to go next: a page of this site, by no spelling another one."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from flask import Flask

from tests.security.conftest import Visitor, values_of
from tests.security.test_matrix import address
from tests.world import PASSWORD, World
from web.http import safe_target
from web.permissions import route_matrix

HOST = "localhost"
ELSEWHERE = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example",
    "https://evil.example", "https:evil.example", "https:/evil.example", "HTTP://evil.example", "http:\\\\evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///x",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b", "/%09/evil.example/..//x\\",
    "/\x0b/evil.example", "/\x7f/evil.example", "//localhost@evil.example", "//evil.example:80", "/x\\..\\..//evil",
    " //evil.example", "//evil.example/%2f..", "/\u2028/evil.example\\", "evil.example", "@evil.example", ".evil", "",
    "//[::1", "/\x00/evil.example", "/\x85/evil.example\\", "//evil%E3%80%82example", "／／evil.example",
)  # fmt: skip
INSIDE = ("/", "/orders", "/orders/7?tab=lines", "/search?q=a%20b", "/customers/1#notes", "/orders?next=//evil.example")
NAMES = ("next", "back", "return", "return_to", "return_url", "url", "to", "target", "goto", "redirect", "continue")


def leaves(location: str) -> bool:
    """Whether a browser on this site would go to another one, or run something."""
    cleaned = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    try:
        parts = urlsplit(urljoin(f"http://{HOST}/page", cleaned))
    except ValueError:
        return True
    return parts.scheme not in ("http", "https") or parts.hostname != HOST


@pytest.mark.parametrize("target", ELSEWHERE)
def test_elsewhere_is_the_start(target: str) -> None:
    assert safe_target(target) == "/"


@pytest.mark.parametrize("target", INSIDE)
def test_inside_is_kept(target: str) -> None:
    assert safe_target(target) == target


def test_the_corpus_would_leave() -> None:
    assert sum(map(leaves, ELSEWHERE)) > 20
    assert not any(map(leaves, INSIDE))


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_and_choosing_stay_here(
    app: Flask, world: World, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    browser = app.test_client()
    page = browser.get("/sign-in", query_string={"next": target})
    answers = [browser.post("/preferences", data={"theme": "dark", "next": target})]
    if target == ELSEWHERE[0]:
        answers.append(browser.post("/sign-in", data={"login": "sales", "password": PASSWORD, "next": target}))
        answers.append(browser.get("/sign-in", query_string={"next": target}))
    for answer in answers:
        assert answer.status_code == 303
        assert not leaves(answer.location), answer.location
        assert "Set-Cookie: a=b" not in str(answer.headers)
    kept = re.search(r'name="next"[^>]*value="([^"]*)"', page.text)
    assert kept is None or not leaves(kept[1])


def test_no_page_leads_away_whatever_its_address_says(app: Flask, world: World, visitor: Visitor) -> None:
    """Every page, asked with every usual name of a way back, and a way it came from, elsewhere."""
    values, browser, wrong = values_of(world), visitor("admin"), []
    query = dict.fromkeys(NAMES, "//evil.example/")
    for row in route_matrix(app):
        if row.method != "GET" or row.rule.startswith(("/api/", "/assets", "/styleguide")) or "paper" in row.rule:
            continue
        answer = browser.get(address(row, values), query_string=query, headers={"Referer": "https://evil.example/"})
        wrong += [f"{row.rule}: {fault}" for fault in _ways_out(answer)]
    assert not wrong, "\n".join(wrong)


def test_no_form_leads_away_whatever_it_is_sent(
    app: Flask, world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    values, wrong = values_of(world), []
    for row in route_matrix(app):
        if row.method == "GET" or row.rule.startswith("/api/") or row.endpoint == "sign_in.sign_out":
            continue
        sent = dict.fromkeys(NAMES, "//evil.example/") | {"idempotency_key": f"away {row.endpoint}"}
        headers = {"Referer": "https://evil.example/"}
        answer = visitor("admin").open(address(row, values), method=row.method, data=sent, headers=headers)
        wrong += [f"{row.method} {row.rule}: {fault}" for fault in _ways_out(answer)]
    assert not wrong, "\n".join(wrong)


def test_who_must_sign_in_first_comes_back_to_the_page(app: Flask, world: World) -> None:
    answer = app.test_client().get("/orders?tab=open")
    assert unquote(answer.location) == "/sign-in?next=/orders?tab=open"
    answer = app.test_client().get("//evil.example/")
    assert answer.status_code in (303, 308, 404)
    assert answer.status_code == 404 or not leaves(answer.location)


def _ways_out(answer: Any) -> list[str]:
    found = [answer.location] if answer.location else []
    if answer.mimetype == "text/html":
        found += re.findall(r'(?:href|action|formaction|src|hx-get|hx-post)="([^"]*evil[^"]*)"', answer.text)
        found = [place for place in found if not place.startswith(("/sign-in?next=", "/search?"))]
    return [place for place in found if leaves(place)]
