"""Turn document facts into a PDF, or into the page a browser prints where pango is missing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web.documents import DEBIAN_PACKAGES, formats
from web.documents.data import KINDS, LANGUAGES, CompanyFacts, DocumentFacts, read_document
from web.documents.resources import LOGO_ADDRESS, closed_fetcher, typesetting, usable_logo
from web.documents.sentences import translator

TEMPLATES: Final = Path(__file__).parent.parent.parent / "templates"
APT_LINE: Final = f"apt-get install {' '.join(DEBIAN_PACKAGES)}"
_one_at_a_time = threading.Lock()  # a pango font map may not be used by two threads


class PdfUnavailable(RuntimeError):
    """The PDF library or one it needs is missing. The sentence holds the line that installs it."""

    def __init__(self) -> None:
        super().__init__(f"PDFs need pango. Install it with: {APT_LINE}")


def render_pdf(kind: str, document: DocumentFacts | Mapping[str, Any], company: CompanyFacts, language: str) -> bytes:
    """The document as PDF on A4.

    Raises PdfUnavailable without WeasyPrint or pango (offer ``render_html`` then), and ValueError for an unknown kind
    or language. Reads no file but the fonts and opens no connection, whatever the texts contain.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise PdfUnavailable from error
    logo = usable_logo(company.logo)
    page = _page(kind, document, company, language, logo_address=LOGO_ADDRESS if logo else "", stylesheet="")
    fetcher = closed_fetcher({LOGO_ADDRESS: logo} if logo else {})
    with _one_at_a_time:
        fonts, styles = typesetting()
        pdf = HTML(string=page, url_fetcher=fetcher).write_pdf(stylesheets=styles, font_config=fonts, pdf_tags=False)
    return bytes(pdf)


def render_html(
    kind: str,
    document: DocumentFacts | Mapping[str, Any],
    company: CompanyFacts,
    language: str,
    *,
    stylesheet: str,
    logo_address: str = "",
) -> str:
    """The same document as a page to print from a browser.

    ``stylesheet`` is the address under which the application serves ``page_style()``; ``logo_address`` that of the
    company's logo, empty for the drawn seal. Raises ValueError for an unknown kind or language.
    """
    return _page(kind, document, company, language, logo_address=logo_address, stylesheet=stylesheet)


def _page(
    kind: str,
    document: DocumentFacts | Mapping[str, Any],
    company: CompanyFacts,
    language: str,
    *,
    logo_address: str,
    stylesheet: str,
) -> str:
    if kind not in KINDS:
        raise ValueError(f"There is no document kind {kind!r}.")
    if language not in LANGUAGES:
        raise ValueError(f"Documents are not written in {language!r}.")
    facts = document if isinstance(document, DocumentFacts) else read_document(kind, document)
    t = translator(language)
    return (
        _environment()
        .get_template(f"documents/{kind}.html")
        .render(
            document=facts,
            company=company,
            language=language,
            t=t,
            money=partial(formats.money, currency=facts.currency),
            price=partial(formats.price, currency=facts.currency),
            long_date=partial(formats.long_date, language=language),
            words=_words(facts, language),
            page_words=t("Page %(page)s of %(pages)s", page="\0", pages="\0").split("\0"),
            logo_address=logo_address,
            stylesheet=stylesheet,
        )
    )


def _words(facts: DocumentFacts, language: str) -> str:
    """The total in formal numerals: yuan in a Chinese document only, and not beyond what can be written."""
    if language != "zh" or facts.currency != formats.YUAN_CURRENCY or abs(facts.amount_total) > formats.LARGEST:
        return ""
    return formats.in_words(facts.amount_total)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Templates escape everything and name nothing they were not given."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        quantity=formats.quantity, percent=formats.percent, rate=formats.rate, symbol=formats.symbol
    )
    return environment
