"""The four documents in both languages, read back as text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal

import pytest

from tests.web.documents.samples import COMPANY, make_document, make_lines
from web.documents.data import KINDS, LANGUAGES, Kind, Language
from web.documents.render import PdfUnavailable, render_html, render_pdf
from web.documents.resources import page_style

ReadPages = Callable[[bytes], list[str]]
TITLES = {
    "zh": {
        "quotation": "报价单",
        "order_confirmation": "订单确认书",
        "delivery_note": "送货单",
        "invoice": "账单",
        "credit_note": "贷项通知单",
    },
    "en": {
        "quotation": "Quotation",
        "order_confirmation": "Order confirmation",
        "delivery_note": "Delivery note",
        "invoice": "Invoice",
        "credit_note": "Credit note",
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_document_in_both_languages(
    kind: Kind, language: Language, read_pages: ReadPages, weasyprint_log: pytest.LogCaptureFixture
) -> None:
    document = make_document(kind)
    pages = read_pages(render_pdf(kind, document, COMPANY, language))
    text = "".join(pages)
    for expected in (TITLES[language][kind], "SO-2026-00042", COMPANY.name, "Königlich Essen", "México", "SKU0020"):
        assert expected in text
    assert (f"{document.amount_total:,.2f}" in text) == (kind != "delivery_note")
    count = len(pages)
    assert (f"第 1 页，共 {count} 页" if language == "zh" else f"Page 1 of {count}") in pages[0]
    assert not weasyprint_log.messages


def test_delivery_note_has_no_price_and_room_to_sign(read_pages: ReadPages) -> None:
    line = replace(make_lines(1)[0], unit_price=Decimal("777.77"), amount_net=Decimal("888.88"))
    text = "".join(read_pages(render_pdf("delivery_note", make_document("delivery_note", (line,)), COMPANY, "en")))
    assert "777.77" not in text and "888.88" not in text and "%" not in text
    assert "Received complete and undamaged by" in text


def test_total_in_words_only_for_yuan_in_chinese(read_pages: ReadPages) -> None:
    document = make_document("invoice", make_lines(1), amount_total=Decimal("16409.02"))
    words = "壹万陆仟肆佰零玖元零贰分"
    assert words in "".join(read_pages(render_pdf("invoice", document, COMPANY, "zh")))
    assert words not in "".join(read_pages(render_pdf("invoice", document, COMPANY, "en")))
    euro = replace(document, currency="EUR")
    text = "".join(read_pages(render_pdf("invoice", euro, COMPANY, "zh")))
    assert words not in text and "EUR" in text


def test_tax_summary_and_open_amount(read_pages: ReadPages) -> None:
    document = make_document("invoice", amount_paid=Decimal(1000))
    text = "".join(read_pages(render_pdf("invoice", document, COMPANY, "en")))
    groups = document.tax_groups
    assert [group.rate for group in groups] == [Decimal("0.13"), Decimal("0.06")]
    assert sum(group.amount_net for group in groups) == document.amount_net
    for group in groups:
        assert f"{group.amount_net:,.2f}" in text and f"{group.amount_tax:,.2f}" in text
    assert f"{document.amount_total - 1000:,.2f}" in text


def test_negative_amounts_stand_in_parentheses(read_pages: ReadPages) -> None:
    line = replace(make_lines(1)[0], amount_net=Decimal("-37.50"), amount_tax=Decimal("-2.25"))
    text = "".join(read_pages(render_pdf("invoice", make_document("invoice", (line,)), COMPANY, "en")))
    assert "(37.50)" in text and "(2.25)" in text and "-37.50" not in text


def test_two_hundred_lines_run_over_pages(read_pages: ReadPages) -> None:
    document = make_document("quotation", make_lines(200))
    pages = read_pages(render_pdf("quotation", document, COMPANY, "en"))
    assert len(pages) > 5
    with_lines = [page for page in pages if "SKU" in page]
    assert all("Unit price" in page and "Amount, CNY" in page for page in with_lines)
    assert all("SO-2026-00042" in page and f"of {len(pages)}" in page for page in pages)
    assert [f"SKU{index:04}" in "".join(pages) for index in range(1, 201)] == [True] * 200
    (end,) = [page for page in pages if f"{document.amount_total:,.2f}" in page]
    assert "SKU0199" in end and "SKU0200" in end


@pytest.mark.parametrize("count", range(8, 18))
def test_the_total_is_never_alone(count: int, read_pages: ReadPages) -> None:
    document = make_document("quotation", make_lines(count))
    pages = read_pages(render_pdf("quotation", document, COMPANY, "en"))
    (end,) = [page for page in pages if f"{document.amount_total:,.2f}" in page]
    assert f"SKU{count:04}" in end and f"SKU{count - 1:04}" in end


def test_long_names_wrap_and_are_whole(read_pages: ReadPages) -> None:
    name = "W" * 120
    line = replace(make_lines(1)[0], name=name)
    text = "".join(read_pages(render_pdf("quotation", make_document("quotation", (line,)), COMPANY, "en")))
    assert text.count("W") == 120


def test_facts_may_come_as_mappings() -> None:
    document = make_document("quotation", make_lines(2))
    plain = asdict(document)
    html = render_html("quotation", document, COMPANY, "en", stylesheet="/document.css")
    assert render_html("quotation", plain, COMPANY, "en", stylesheet="/document.css") == html


def test_unknown_kind_and_language_are_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        render_html("../base", make_document("quotation"), COMPANY, "en", stylesheet="")
    with pytest.raises(ValueError, match="written in"):
        render_html("quotation", make_document("quotation"), COMPANY, "xx", stylesheet="")


class _NoPango:
    """An import that fails as it does where the shared library is missing."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")


@pytest.mark.parametrize("missing", ["package", "library"])
def test_without_pango_there_is_a_page_to_print(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing == "package":
        monkeypatch.setitem(sys.modules, "weasyprint", None)
    else:
        monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
        monkeypatch.setattr(sys, "meta_path", [_NoPango(), *sys.meta_path])
    document = make_document("quotation")
    with pytest.raises(PdfUnavailable, match=r"apt-get install libpango-1\.0-0 libpangoft2-1\.0-0"):
        render_pdf("quotation", document, COMPANY, "zh")
    html = render_html("quotation", document, COMPANY, "zh", stylesheet="/assets/document.css")
    assert 'href="/assets/document.css"' in html and "报价单" in html and "style=" not in html
    assert "@page" in page_style() and "@media screen" in page_style()
