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
from web.documents.data import LANGUAGES, DocumentFacts, DocumentLine, Kind, PartyFacts
from web.documents.resources import page_style
from web.orders import area
from web.permissions import SIGNED_IN


@area.route("/<int:order_id>/print/<language>", permission="orders.read", endpoint="print")
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
    address = tuple(part for part in (paper.street, paper.place) if part)
    ship_to = (paper.ship_to or "").splitlines()
    return DocumentFacts(
        kind=kind,
        number=paper.number,
        date=paper.on,
        party=PartyFacts(paper.customer, address, paper.tax_id or "", paper.contact or ""),
        lines=tuple(_line(line, language) for line in lines),
        currency=paper.currency,
        valid_until=paper.valid_until,
        requested_on=paper.requested_on,
        customer_reference=paper.customer_reference or "",
        origin=paper.origin or "",
        ship_to=PartyFacts(ship_to[0], tuple(ship_to[1:])) if ship_to else None,
        amount_net=paper.amount_net,
        amount_tax=paper.amount_tax,
        amount_total=paper.amount_total,
        terms=_("%(days)s days", days=paper.terms_days),
        note=paper.note or "",
        carrier=paper.carrier or "",
        salesperson=paper.salesperson,
    )


def _line(line: PaperLine, language: str) -> DocumentLine:
    return DocumentLine(
        position=line.position,
        sku=line.sku,
        name=line.name,
        unit=line.unit_zh if language == "zh" else line.unit,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
        tax_rate=line.tax_rate,
        amount_net=line.amount_net,
        amount_tax=line.amount_tax,
        amount_total=line.amount_net + line.amount_tax,
    )
