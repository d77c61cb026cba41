"""Answers a document: as PDF, or as the page to print from the browser where PDFs cannot be made."""

from __future__ import annotations

from flask import Response, url_for

from core.queries.company import CompanyPaper
from web.documents.data import CompanyFacts, DocumentFacts
from web.documents.render import PdfUnavailable, render_html, render_pdf


def answer_document(facts: DocumentFacts, company: CompanyPaper, language: str) -> Response:
    """The document to look at, named by its number."""
    try:
        return answer_pdf(facts, company, language)
    except PdfUnavailable:
        style = url_for("orders.paper_style")
        page = render_html(facts.kind, facts, letterhead(company, language), language, stylesheet=style)
        return Response(page, mimetype="text/html")


def answer_pdf(facts: DocumentFacts, company: CompanyPaper, language: str) -> Response:
    """The document as PDF and nothing else. Raises PdfUnavailable."""
    content = render_pdf(facts.kind, facts, letterhead(company, language), language)
    headers = {"Content-Disposition": f'inline; filename="{facts.number}-{language}.pdf"'}
    return Response(content, mimetype="application/pdf", headers=headers)


def letterhead(company: CompanyPaper, language: str) -> CompanyFacts:
    """The sender, by its English name on English paper where it has one."""
    return CompanyFacts(
        name=company.name_english if language == "en" and company.name_english else company.name,
        tax_id=company.tax_id or "",
        address_lines=tuple((company.address or "").splitlines()),
        phone=company.phone or "",
        bank_name=company.bank_name or "",
        bank_account=company.bank_account or "",
        logo=company.logo,
        currency=company.currency,
    )
