"""Hostile content: nothing is read, nothing is called."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.documents.samples import COMPANY, make_document, make_lines
from web.documents.data import KINDS, Kind
from web.documents.render import render_pdf
from web.documents.resources import LOGO_BYTES, RefusedResource, closed_fetcher, usable_logo

SECRET = "the-secret-of-the-house"
ATTACKS = (
    '<img src="{file}">',
    '<link rel=attachment href="{file}">',
    '<a rel=attachment href="{file}">x</a>',
    '<link rel=stylesheet href="{file}">',
    "<style>@import url({file}); @import url({http}); @page {{ background: url({http}) }}</style>",
    "<style>@font-face {{ font-family: x; src: url({file}), local(x) }} body {{ background: url({http}) }}</style>",
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="{file}"/><use href="{http}#a"/>'
    '<style>@import "{http}";</style></svg>',
    '<img src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22%3E'
    '%3Cimage href=%22{file}%22/%3E%3C/svg%3E">',
    '<object data="{file}"></object><embed src="{http}"><iframe src="{http}"></iframe>',
    '<base href="{http}"><img src="x.png"><img src="//127.0.0.1:9/x.png">',
    "{{{{ company }}}}{{% include '/etc/passwd' %}}",
)
_events: list[tuple[str, Any]] | None = None


def _witness(event: str, arguments: tuple[Any, ...]) -> None:
    if _events is not None and event in {"open", "socket.connect", "socket.getaddrinfo", "urllib.Request"}:
        _events.append((event, arguments[0] if event == "open" else arguments))


sys.addaudithook(_witness)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


@pytest.fixture
def reached(secret: Path) -> Iterator[Callable[[], list[tuple[str, Any]]]]:
    """What the interpreter opened outside: the secret, /etc/passwd, and any connection or look-up."""
    global _events
    _events = []
    events = _events

    def outside() -> list[tuple[str, Any]]:
        files = (str(secret), "/etc/passwd")
        return [(event, what) for event, what in events if event != "open" or str(what) in files]

    yield outside
    _events = None


def attack_text(secret: Path) -> str:
    return "".join(attack.format(file=secret.as_uri(), http="http://127.0.0.1:9/x") for attack in ATTACKS)


def test_the_witness_sees(secret: Path, reached: Callable[[], list[Any]]) -> None:
    secret.read_text()
    assert reached()


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_only_texts(kind: Kind, secret: Path, reached: Callable[[], list[Any]], read_pages: Any) -> None:
    text = attack_text(secret)
    line = replace(make_lines(1)[0], name=text, description=text, unit="<b>", sku="<i>")
    party = replace(make_document(kind).party, name=text, address_lines=(text,))
    document = make_document(kind, (line,), note=text, terms=text, party=party, customer_reference=text)
    pdf = render_pdf(kind, document, replace(COMPANY, name=text[:200]), "en")
    assert reached() == []
    assert SECRET.encode() not in pdf and b"/EmbeddedFile" not in pdf
    assert "<img src=" in "".join(read_pages(pdf)).replace("\n", "")


@pytest.mark.parametrize("attack", ATTACKS)
def test_even_raw_markup_reaches_nothing(attack: str, secret: Path, reached: Callable[[], list[Any]]) -> None:
    from weasyprint import HTML

    markup = attack.format(file=secret.as_uri(), http="http://127.0.0.1:9/x")
    pdf = HTML(string=f"<html><body>{markup}", url_fetcher=closed_fetcher({})).write_pdf(uncompressed_pdf=True)
    assert reached() == []
    assert SECRET.encode() not in pdf


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "http://127.0.0.1:9/", "https://127.0.0.1:9/", "ftp://127.0.0.1/", "data:text/plain,x",
     "document-asset:../../etc/passwd", "document-asset:logo?x", "DOCUMENT-ASSET:logo"],
)  # fmt: skip
def test_the_fetcher_knows_only_what_it_was_given(address: str, reached: Callable[[], list[Any]]) -> None:
    fetcher = closed_fetcher({"document-asset:logo": (b"x", "image/png")})
    assert fetcher("document-asset:logo").read() == b"x"
    for ask in (fetcher, fetcher.fetch, fetcher.open):
        with pytest.raises(RefusedResource):
            ask(address)
    assert reached() == []


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (120, 40), "navy").save(stream, kind)
    return stream.getvalue()


def test_the_logo_is_a_sound_picture_or_none() -> None:
    assert usable_logo(picture("PNG")) == (picture("PNG"), "image/png")
    assert usable_logo(picture("JPEG")) == (picture("JPEG"), "image/jpeg")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    for content in (None, b"", svg, picture("GIF"), picture("PNG")[:30], b"\x89PNG\r\n\x1a\n" + svg):
        assert usable_logo(content) is None
    assert usable_logo(picture("PNG") + bytes(LOGO_BYTES)) is None


def test_the_logo_is_printed() -> None:
    pdf = render_pdf("quotation", make_document("quotation"), replace(COMPANY, logo=picture("PNG")), "en")
    assert b"/Image" in pdf


def test_a_paper_calls_nobody_although_somebody_listens(
    secret: Path, reached: Callable[[], list[Any]], read_pages: Any
) -> None:
    """A real server waits on this machine, and redirects whoever comes to the secret; nobody comes."""
    visits = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        http = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        text = "".join(attack.format(file=secret.as_uri(), http=http) for attack in ATTACKS)
        party = replace(make_document("invoice").party, name=text, address_lines=(text,))
        document = make_document("invoice", (replace(make_lines(1)[0], name=text),), note=text, party=party)
        pdf = render_pdf("invoice", document, replace(COMPANY, name=text[:200]), "en")
        with suppress(BlockingIOError):
            visits.append(listener.accept())
    assert visits == [] and reached() == []
    assert SECRET.encode() not in pdf


def test_the_library_is_one_that_can_be_kept_in() -> None:
    assert int(metadata.version("weasyprint").split(".")[0]) >= 70
