"""Order confirmations and quotations on paper: a PDF, or the page to print where PDFs cannot be made."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from core import database as db
from core.queries.company import CompanyPaper
from core.statements import Statement
from crm.queries.papers import ORDER, ORDER_LINES, Paper, PaperLine, read_paper
from web.documents.answer import answer_document
from web.documents.build import document_of, line_of, party_of
from web.documents.data import LANGUAGES, DocumentFacts, Kind
from web.documents.resources import page_style
from web.limits import PDF
from web.orders import area
from web.permissions import SIGNED_IN


@area.route("/<int:order_id>/print/<language>", permission="orders.read", endpoint="print", limit=PDF)
def print_order(order_id: int, language: str) -> ResponseReturnValue:
    """The order confirmation as PDF in Chinese or English."""
    return answer_paper("order_confirmation", ORDER, ORDER_LINES, order_id, language)


def answer_paper(kind: Kind, head: Statement, lines: Statement, identity: int, language: str) -> ResponseReturnValue:
    """One document as PDF; as the page a browser prints where the PDF library is missing."""
    language = language if language in LANGUAGES else "zh"
    return answer_document(*read_facts(kind, head, lines, identity, language), language)


def read_facts(
    kind: Kind, head: Statement, lines: Statement, identity: int, language: str
) -> tuple[DocumentFacts, CompanyPaper]:
    """What stands on a document, and its sender. Raises NotFound."""
    with db.current().reading() as connection:
        company, paper, found = read_paper(connection, head, lines, identity)
    with force_locale(language):
        return _facts(kind, paper, found, language), company


@area.route("/paper.css", permission=SIGNED_IN)
def paper_style() -> Response:
    """The style of documents printed from the browser."""
    return Response(page_style(), mimetype="text/css")


def _facts(kind: Kind, paper: Paper, lines: list[PaperLine], language: str) -> DocumentFacts:
    ship_to = (paper.ship_to or "").splitlines()
    return document_of(
        kind,
        paper,
        party_of(paper.customer, paper.tax_id, paper.street, paper.place, contact=paper.contact),
        (line_of(line, line.name, line.unit_zh if language == "zh" else line.unit) for line in lines),
        date=paper.on,
        ship_to=party_of(ship_to[0], None, *ship_to[1:]) if ship_to else None,
        terms=_("%(days)s days", days=paper.terms_days),
    )
