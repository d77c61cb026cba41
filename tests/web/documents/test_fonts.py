"""The fonts hold every character which names in our data use."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

import web.demo
from tests.web.documents.samples import COMPANY, make_document, make_lines
from web.documents.render import render_pdf
from web.documents.resources import FONT_FOLDER, FONTS

LEVEL_ONE = "".join(
    bytes((lead, trail)).decode("gb2312")
    for lead in range(0xB0, 0xD8)
    for trail in range(0xA1, 0xFF)
    if (lead, trail) < (0xD7, 0xFA)
)
NORTHWIND = Path(web.demo.__file__).parent / "northwind"
PUNCTUATION = "−1,234.50 ¥ € £ № ™ ‘’ “” 《》、。（）【】 ①②③ ㎡ ℃ ×"
RARE = "曾仇单 喆堃珺镕 臺灣 龍 香港特別行政區"


def demo_texts() -> tuple[str, ...]:
    """Every customer with its place and every product of the demonstration data, where they go beyond ASCII."""
    texts = []
    for name, columns in (
        ("customers", ("company_name", "contact_name", "address", "city", "region")),
        ("products", ("product_name",)),
    ):
        with (NORTHWIND / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            texts += [", ".join(filter(None, (row[column] for column in columns))) for row in csv.DictReader(lines)]
    return tuple(text for text in texts if not text.isascii())


def coverage() -> dict[str, set[int]]:
    found = {}
    for _family, _weight, name in FONTS:
        with TTFont(FONT_FOLDER / name, lazy=True) as font:
            assert "fvar" not in font
            found[name] = set(font.getBestCmap())
    return found


def test_files_are_small_and_hold_all_of_gbk() -> None:
    sizes = [(FONT_FOLDER / name).stat().st_size for _family, _weight, name in FONTS]
    assert max(sizes) < 2_500_000 and sum(sizes) < 5_000_000
    found = coverage()
    regular = found["NotoSansSC-Regular.woff2"] | found["NotoSansSC-Regular-rare.woff2"]
    unified = {
        ord(bytes((lead, trail)).decode("gbk"))
        for lead in range(0x81, 0xFF)
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFF))
        if _is_gbk(lead, trail)
    }
    assert len(unified) > 20_900 and unified <= regular
    assert set(map(ord, LEVEL_ONE)) <= found["NotoSansSC-Bold.woff2"]
    for weight in ("Regular", "Bold"):
        latin = found[f"NotoSansSC-{weight}.woff2"] | found[f"DocumentSansLatin-{weight}.woff2"]
        assert set(range(0xA1, 0x180)) - {0xAD} <= latin


def _is_gbk(lead: int, trail: int) -> bool:
    try:
        return 0x4E00 <= ord(bytes((lead, trail)).decode("gbk")) < 0xA000
    except UnicodeDecodeError:
        return False


def test_no_missing_glyph(weasyprint_log: pytest.LogCaptureFixture) -> None:
    assert len(LEVEL_ONE) == 3755
    names = (*demo_texts(), PUNCTUATION, RARE)
    assert len(names) > 30, "The demonstration data have lost their accents."
    lines = tuple(replace(line, name=name) for line, name in zip(make_lines(len(names)), names, strict=True))
    pdf = render_pdf("quotation", make_document("quotation", lines, note=LEVEL_ONE), COMPANY, "zh")
    assert pdf.startswith(b"%PDF")
    assert not weasyprint_log.messages
    listing = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    embedded = listing.splitlines()[2:]  # two lines of heading
    assert embedded and all("Document-Sans" in line for line in embedded), "A font of this machine filled a gap."


def test_a_missing_glyph_would_be_heard(weasyprint_log: pytest.LogCaptureFixture) -> None:
    render_pdf("quotation", make_document("quotation", note="\ue123"), COMPANY, "zh")
    assert any(".notdef glyph" in message for message in weasyprint_log.messages)
