"""Which answers leave compressed, and which never do: by what the browser takes, who asked, and what they hold."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Response, render_template_string
from flask.testing import FlaskClient

from tests.web.conftest import build_app
from web.compression import MOST_PADDING_BYTES, SMALLEST_BYTES
from web.permissions import SIGNED_IN, Area

ADMIN = {"X-Test-Actor": "admin"}
LARGE = "账房 keeps the books in order. " * 100
PAGE = f"<!doctype html><html><p>{LARGE}</p></html>\n"
TAKES_BOTH = "gzip, deflate, br, zstd"
DECODERS: dict[str | None, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
LEFT_ALONE: dict[str, Callable[[], Any]] = {
    "small": lambda: "x" * (SMALLEST_BYTES - 1),
    "stream": lambda: Response((f"data: {LARGE}\n\n" for _ in range(2)), content_type="text/event-stream"),
    "pieces": lambda: Response((LARGE for _ in range(2)), content_type="text/html"),
    "file": lambda: Response(LARGE, mimetype="text/plain", headers={"Content-Disposition": "attachment"}),
    "part": lambda: Response(LARGE, 206, {"Content-Range": "bytes 0-9/99"}, mimetype="text/plain"),
    "packed": lambda: Response(gzip.compress(LARGE.encode()) * 20, headers={"Content-Encoding": "gzip"}),
    "paper": lambda: Response(LARGE, mimetype="application/pdf"),
    "same": lambda: Response("", 304),
    "nothing": lambda: Response("", 204),
}


def answering() -> tuple[Area, Area]:
    area = Area("kinds", __name__, url_prefix="/kinds")
    for name, view in LEFT_ALONE.items():
        area.route(f"/{name}", permission=SIGNED_IN, endpoint=name)(view)
    area.route("/page", permission=SIGNED_IN, endpoint="page")(lambda: PAGE)
    area.route("/fragment", permission=SIGNED_IN, endpoint="fragment")(lambda: LARGE)
    shown = LARGE + "{{ text|secret }}"
    area.route("/shown", permission=SIGNED_IN, endpoint="shown")(lambda: render_template_string(shown, text="<K7Q2>"))

    @area.route("/marked", permission=SIGNED_IN)
    def marked() -> Response:
        response = Response(PAGE)
        response.set_etag("abc")
        return response

    api = Area("api_kinds", __name__, url_prefix="/api/v1/kinds")
    api.route("/data", permission=SIGNED_IN, endpoint="data")(lambda: {"text": LARGE})
    return area, api


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    with build_app(*answering()).test_client() as client:
        yield client


def get(client: FlaskClient, name: str, takes: str | None = TAKES_BOTH, asked: str = "", scheme: str = "http") -> Any:
    """The answer to a browser that takes these encodings, where `asked` says who made it ask."""
    headers = ADMIN | ({"Accept-Encoding": takes} if takes is not None else {})
    headers |= {"Sec-Fetch-Site": asked} if asked else {}
    path = name if name.startswith("/") else f"/kinds/{name}"
    return client.get(path, headers=headers, base_url=f"{scheme}://localhost")


def text_of(answer: Any) -> str:
    """The body as the browser reads it, without what only makes it longer."""
    plain = DECODERS[answer.headers.get("Content-Encoding")](answer.data).decode()
    return re.sub(r"<!--[0-9a-f]*-->$", "", plain)


@pytest.mark.parametrize(
    ("takes", "encoding"),
    [
        (TAKES_BOTH, "br"),
        ("br", "br"),
        ("gzip", "gzip"),
        ("*", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, *;q=0.3", "gzip"),
        ("gzip;q=0.5, identity;q=0.2", "gzip"),
        ("br;q=0.5, identity", None),
        ("br;q=0", None),
        ("*;q=0", None),
        ("deflate, zstd", None),
        ("identity", None),
        ("", None),
        (None, None),
    ],
)
def test_a_browser_gets_what_it_likes_best(client: FlaskClient, takes: str | None, encoding: str | None) -> None:
    answer = get(client, "page", takes)
    assert answer.headers.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in answer.headers["Vary"] and "Cookie" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert (len(answer.data) < len(PAGE) / 3) == (encoding is not None)
    assert text_of(answer) == PAGE


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_gains_nothing_or_must_not_wait_is_left_alone(client: FlaskClient, name: str) -> None:
    answer, plain = get(client, name), get(client, name, None)
    assert answer.headers.get("Content-Encoding") == plain.headers.get("Content-Encoding")
    assert answer.data == plain.data


def test_the_head_of_a_page_says_how_it_would_come(client: FlaskClient) -> None:
    answer = client.head("/kinds/page", headers=ADMIN | {"Accept-Encoding": "br"})
    assert (answer.headers["Content-Encoding"], answer.data) == ("br", b"")


def test_a_mark_of_the_bytes_becomes_one_of_the_text(client: FlaskClient) -> None:
    assert get(client, "marked").headers["ETag"] == 'W/"abc"'
    assert get(client, "marked", None).headers["ETag"] == '"abc"'


@pytest.mark.parametrize(
    ("asked", "scheme", "encoding"),
    [
        ("same-origin", "https", "br"),
        ("none", "https", "br"),
        ("same-site", "https", None),
        ("cross-site", "https", None),
        ("cross-site", "http", None),
        ("anything", "https", None),
        ("", "https", None),
        ("", "http", "br"),
    ],
)
def test_no_other_site_makes_a_page_come_compressed(
    client: FlaskClient, asked: str, scheme: str, encoding: str | None
) -> None:
    """Nor does a browser that does not say over https who asked; a call of the API has no cookie to come with."""
    answer = get(client, "page", asked=asked, scheme=scheme)
    assert (answer.headers.get("Content-Encoding"), text_of(answer)) == (encoding, PAGE)
    assert get(client, "/api/v1/kinds/data", asked=asked, scheme=scheme).headers["Content-Encoding"] == "br"


def test_sizes_of_one_page_differ_by_chance(client: FlaskClient) -> None:
    answers = [get(client, "page") for _ in range(40)]
    sizes = {len(answer.data) for answer in answers}
    assert len(sizes) > 10 and max(sizes) - min(sizes) <= 2 * MOST_PADDING_BYTES
    parts = [get(client, "fragment") for _ in range(5)]
    assert {brotli.decompress(part.data).decode() for part in parts} == {LARGE}, "what goes into a page is not touched"


def test_what_is_shown_once_goes_out_as_it_is(client: FlaskClient) -> None:
    answer = get(client, "shown")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store, no-transform"
    assert answer.text == LARGE + "&lt;K7Q2&gt;"


def test_every_template_that_shows_a_secret_says_so() -> None:
    templates = Path(__file__).parents[2] / "templates"
    shows = re.compile(r'class="secret">\s*\{\{([^}]*)\}\}|class="codes">.*?\{\{([^}]*)\}\}')
    found = [one for path in templates.rglob("*.html") for one in shows.findall(path.read_text(encoding="utf-8"))]
    assert len(found) == 3
    assert all("".join(one).strip().endswith("|secret") for one in found)
