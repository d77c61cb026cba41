"""Documents as PDF: the very ones of the pages, under the same permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_babel import gettext as _

from core.errors import DomainError
from core.queries.company import CompanyPaper
from crm.queries.papers import ORDER, ORDER_LINES, QUOTATION, QUOTATION_LINES
from web import limits
from web.api.fields import Body, Choice
from web.api.operation import Call, operation
from web.documents.answer import answer_pdf
from web.documents.data import LANGUAGES, DocumentFacts
from web.documents.render import PdfUnavailable
from web.i18n import language
from web.invoices.papers import read_credit_note, read_invoice
from web.orders.printing import read_facts
from web.sentences import sentence_for
from web.shipments.papers import read_delivery_note

IN_LANGUAGE = Body(lang=Choice(choices=LANGUAGES, help="Language of the document; the caller's when left out."))
PDF: dict[str, Any] = {
    "query": IN_LANGUAGE, "media_type": "application/pdf", "limit": limits.PDF, "refusals": ("pdf_unavailable",)
}  # fmt: skip


@sentence_for("pdf_unavailable")
def _pdf_unavailable(data: Mapping[str, Any]) -> str:
    return _("PDFs cannot be made on this machine. Install its PDF library, or print the page from a browser.")


def _lang(call: Call) -> str:
    return call.query.get("lang") or language()


def _answer(paper: tuple[DocumentFacts, CompanyPaper], chosen: str) -> Response:
    try:
        return answer_pdf(*paper, chosen)
    except PdfUnavailable as error:
        raise DomainError("pdf_unavailable", http_status=503) from error


@operation("GET", "/quotations/{quotation_id}/pdf", "quotations.read", summary="The quotation as PDF", **PDF)
def get_quotation_pdf(call: Call, quotation_id: int) -> Response:
    chosen = _lang(call)
    return _answer(read_facts("quotation", QUOTATION, QUOTATION_LINES, quotation_id, chosen), chosen)


@operation("GET", "/sales-orders/{order_id}/pdf", "orders.read", summary="The order confirmation as PDF", **PDF)
def get_sales_order_pdf(call: Call, order_id: int) -> Response:
    chosen = _lang(call)
    return _answer(read_facts("order_confirmation", ORDER, ORDER_LINES, order_id, chosen), chosen)


@operation("GET", "/invoices/{invoice_id}/pdf", "invoices.read", summary="The invoice as PDF", **PDF)
def get_invoice_pdf(call: Call, invoice_id: int) -> Response:
    chosen = _lang(call)
    return _answer(read_invoice(invoice_id, chosen), chosen)


@operation("GET", "/credit-notes/{credit_note_id}/pdf", "invoices.read", summary="The credit note as PDF", **PDF)
def get_credit_note_pdf(call: Call, credit_note_id: int) -> Response:
    chosen = _lang(call)
    return _answer(read_credit_note(credit_note_id, chosen), chosen)


@operation("GET", "/shipments/{shipment_id}/pdf", "stock.read", summary="The delivery note as PDF", **PDF)
def get_delivery_note_pdf(call: Call, shipment_id: int) -> Response:
    chosen = _lang(call)
    return _answer(read_delivery_note(shipment_id, chosen), chosen)
