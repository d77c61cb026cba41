"""Headers, assets and the frame around every page."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.static_files import FOLDER

ADMIN = {"X-Test-Actor": "admin"}


@pytest.mark.parametrize(
    "path", ["/menu", "/styleguide", "/nowhere", "/sample/broken", "/sample/refused", "/api/v1/sample/refused"]
)
def test_every_answer_carries_a_strict_policy(client: FlaskClient, path: str) -> None:
    headers = client.get(path, headers=ADMIN).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "data:" not in policy
    for part in (
        "default-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    ):
        assert part in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/menu", "/styleguide", "/styleguide?preview"])
def test_pages_hold_no_inline_style_or_script(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers=ADMIN).text
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son[a-z]+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert "javascript:" not in page


def test_assets_are_named_by_content_and_compressed(app: Flask, client: FlaskClient) -> None:
    page = client.get("/menu", headers=ADMIN).text
    address = re.search(r"/assets/countinghouse\.[0-9a-f]{12}\.css", page)
    assert address is not None
    plain = client.get(address[0])
    packed = client.get(address[0], headers={"Accept-Encoding": "br, gzip"})
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.data) < len(plain.data) / 3
    assert "Set-Cookie" not in plain.headers
    assert client.get("/assets/countinghouse.css").status_code == 404
    assert client.get("/assets/../app.py").status_code == 404


def test_first_view_is_small(app: Flask, client: FlaskClient) -> None:
    page = client.get("/styleguide", headers=ADMIN)
    addresses = set(re.findall(r"/assets/[\w./-]+", page.text))
    sizes = {address: len(client.get(address, headers={"Accept-Encoding": "br"}).data) for address in addresses}
    assert sum(sizes.values()) < 60_000, sizes


def test_vendored_files_are_what_the_table_says() -> None:
    for folder in (FOLDER / "vendor", Path(__file__).parents[1] / "browser" / "vendor"):
        table = (folder / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (\S+\.js) .*\| ([0-9a-f]{64}) \|$", table, re.M)
        assert {name for name, _ in rows} == {path.name for path in folder.glob("*.js")}
        for name, checksum in rows:
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum


def test_every_icon_used_exists(client: FlaskClient) -> None:
    drawn = set(re.findall(r'id="i-(\w+)"', (FOLDER / "icons.svg").read_text(encoding="utf-8")))
    templates = Path(__file__).parents[2] / "templates"
    used: set[str] = set()
    for path in templates.rglob("*.html"):
        used |= set(re.findall(r"\bi\(['\"](\w+)['\"]\)", path.read_text(encoding="utf-8")))
    assert used <= drawn, used - drawn


def test_display_choices_are_kept_and_only_same_site_targets_followed(client: FlaskClient) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/menu", headers=ADMIN).text)
    assert token is not None
    data = {
        "csrf_token": token[1],
        "theme": "dark",
        "density": "nonsense",
        "language": "zh",
        "next": "https://evil.example/",
    }
    answer = client.post("/preferences", data=data, headers=ADMIN)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = client.get("/menu", headers=ADMIN).text
    assert 'data-theme="dark"' in page
    assert 'data-density="normal"' in page
    assert 'lang="zh-CN"' in page


def test_the_style_guide_is_not_there_in_production() -> None:
    from tests.web.conftest import build_app

    assert "styleguide.show" in build_app().view_functions
    assert "styleguide.show" not in build_app(environment="production").view_functions


def test_the_session_cookie_is_guarded() -> None:
    from tests.web.conftest import build_app

    with build_app().test_client() as client:
        cookie = client.get("/menu", headers=ADMIN, base_url="https://books.example").headers["Set-Cookie"]
    for part in ("session=", "HttpOnly", "SameSite=Lax", "Secure"):
        assert part in cookie
