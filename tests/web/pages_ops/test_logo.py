"""The company's logo: handed in as a file, refused when it is none, shown, printed, taken away."""

from __future__ import annotations

import io
from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from core.company import MAX_LOGO_BYTES, change_company, get_company
from core.errors import InvalidInput
from tests.web.pages_ops.conftest import Books, Browser, browser


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), noise: bool = False) -> bytes:
    image = Image.effect_noise(size, 100) if noise else Image.new("RGB", size, "red")
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def send(person: Browser, content: bytes | None, **more: Any) -> Any:
    """The settings as they stand, with a file."""
    session = person.books.world.database.session()
    with session as opened:
        row = get_company(opened)
        names = ("name", "tax_rounding", "tax_point", "invoicing_policy", "due_from", "time_zone", "language")
        numbers = ("audit_years", "file_megabytes", "record_megabytes")
        values = {name: str(getattr(row, name)) for name in (*names, *numbers)}
        values |= {"tax_rate": "13", "payment_terms_days": "30"}
    sent = {"logo": (io.BytesIO(content), "logo.svg")} if content is not None else {}
    person.get("/settings")
    return person.post("/settings", **values, **more, **sent)


@pytest.fixture
def person(books: Books) -> Browser:
    person = browser(books, "admin")
    person.books = books  # type: ignore[attr-defined]
    return person


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_kept_shown_and_printed(person: Browser, books: Books, kind: str) -> None:
    paper = f"/invoices/{books.ids['paid']}/en.pdf"
    plain = person.get(paper).data
    assert person.get("/settings/logo").status_code == 404
    content = picture(kind)
    assert send(person, content).status_code == 303
    shown = person.get("/settings/logo")
    assert (shown.data, shown.mimetype) == (content, f"image/{kind.lower()}")
    person.get("/settings")
    assert 'src="/settings/logo"' in person.page
    assert b"/Image" in person.get(paper).data and b"/Image" not in plain
    assert send(person, None).status_code == 303
    assert person.get("/settings/logo").data == content
    assert send(person, None, remove_logo="y").status_code == 303
    assert person.get("/settings/logo").status_code == 404


WRONG = {
    "truncated": picture(size=(200, 200), noise=True)[:-2000],
    "truncated JPEG": picture("JPEG", size=(200, 200), noise=True)[:-2000],
    "text": b"not a picture",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": picture("GIF"),
    "too big": picture(size=(900, 900), noise=True),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_no_logo_is_refused_beside_the_field(person: Browser, case: str) -> None:
    if case == "too big":
        assert len(WRONG[case]) > MAX_LOGO_BYTES
    refused = send(person, WRONG[case])
    assert refused.status_code == 422
    assert 'id="logo-error"' in person.page and "no complete PNG or JPEG" in person.page
    assert person.get("/settings/logo").status_code == 404


def test_the_command_reads_the_type_from_the_content(books: Books) -> None:
    answer = books.world.run(change_company, {"logo": picture("JPEG"), "logo_type": "image/png"})
    assert answer["logo_type"] == "image/jpeg"
    with pytest.raises(InvalidInput):
        books.world.run(change_company, {"logo": b64encode(picture()), "tax_rate": Decimal("0.13")})
