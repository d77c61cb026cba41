"""Invoices, credit notes, aging."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from werkzeug.utils import redirect
from wtforms import StringField

from core import database as db
from core.columns import longest_texts
from core.command import Preview
from core.errors import DomainError, NotFound
from core.numbers import day_in_text
from core.queries.customers import get_customer
from crm.orders.fiscal import record_fiscal_invoice
from finance.models import PaymentAllocation, WriteOff
from finance.queries.allocations import allocations_where, entries_of
from finance.queries.invoices import (
    credit_note_lines,
    get_credit_note,
    get_invoice,
    invoice_lines,
)
from finance.queries.receivables import BUCKETS, DAYS, AgingRow, all_overdue, most_overdue, open_invoices
from finance.write_offs import reverse_write_off, write_off
from web.approvals.asked import approval_of
from web.documents.answer import answer_document
from web.documents.data import LANGUAGES
from web.effects import effect_lines
from web.filters import today
from web.forms import AmountField, DayField, Form, Required
from web.http import (
    apply_errors,
    flash_done,
    flash_refusal,
    preview_command,
    run_command,
    safe_target,
    see_other,
)
from web.i18n import language
from web.invoices import area
from web.invoices.listing import CREDIT_NOTE_LIST, INVOICE_LIST
from web.invoices.papers import read_credit_note, read_invoice
from web.invoices.refused import refused_of
from web.limits import PDF
from web.lists.address import day_of, id_of, text_of
from web.lists.pages import show_list
from web.payments.rows import carried_values
from web.permissions import may


class WriteOffForm(Form):
    """How much of an invoice will not be paid, and why."""

    longest = longest_texts(WriteOff)

    amount = AmountField(_l("Amount, gross of tax"), [Required()])
    reason = StringField(_l("Reason"), [Required()])


class FiscalForm(Form):
    """Number and day of the fiscal invoice; `was` holds both as they were shown, as texts."""

    was = ("", "")

    number = StringField(_l("Number of the fiscal invoice"), [Required()])
    issued_on = DayField(_l("Issued on"), [Required()])


@area.route("", permission="invoices.read")
def index() -> ResponseReturnValue:
    """Invoices by state."""
    return show_list(INVOICE_LIST)


@area.route("/credit-notes", permission="invoices.read")
def credit_notes() -> ResponseReturnValue:
    """Credit notes."""
    return show_list(CREDIT_NOTE_LIST)


@area.route("/<int:invoice_id>", permission="invoices.read")
def show(invoice_id: int) -> str:
    """One invoice with what was matched and posted."""
    return _record(invoice_id)


def _record(
    invoice_id: int,
    form: FiscalForm | None = None,
    preview: Preview | None = None,
    *,
    writing_off: WriteOffForm | None = None,
    needed: dict[str, Any] | None = None,
    asked: str = "fiscal",
) -> str:
    with db.current().reading() as connection:
        invoice = get_invoice(connection, invoice_id)
        of_invoice = PaymentAllocation.invoice_id == invoice_id
        return render_template(
            "invoices/show.html",
            invoice=invoice,
            refused=list(refused_of(invoice)),
            lines=invoice_lines(connection, invoice_id, chinese=language() == "zh"),
            allocations=allocations_where(connection, of_invoice),
            entries=entries_of(connection, invoice.number, of_invoice),
            form=form or _fiscal_form(invoice),
            write_off_form=writing_off or WriteOffForm(formdata=None, amount=invoice.amount_open),
            needed=needed,
            asked=asked,
            effects=effect_lines(preview.effects) if preview else [],
            warnings=effect_lines(preview.warnings) if preview else [],
            digest=preview.digest if preview else "",
            carried=carried_values(step="post") if preview else {},
        )


def _fiscal_form(invoice: Any) -> FiscalForm | None:
    """For who may record a fiscal invoice, while anything of the invoice stands."""
    if not may("orders.bill") or invoice.amount_credited == invoice.amount_total:
        return None
    form = FiscalForm(formdata=None, number=invoice.fiscal_number, issued_on=invoice.fiscal_issued_on or today())
    form.was = _standing(invoice.fiscal_number, invoice.fiscal_issued_on)
    return form


def _standing(number: str | None, issued_on: date | None) -> tuple[str, str]:
    return number or "", issued_on.isoformat() if issued_on else ""


@area.route("/<int:invoice_id>/fiscal", permission="orders.bill", methods=["POST"])
def record_fiscal(invoice_id: int) -> ResponseReturnValue:
    """Preview or record the fiscal invoice."""
    form, preview, seen = FiscalForm(), None, None
    if "was_number" in request.form:
        form.was = request.form["was_number"], request.form.get("was_issued_on", "")
        seen = form.was[0] or None, day_in_text(form.was[1])
    if form.validate():
        asked = {"number": form.number.data, "issued_on": form.issued_on.data, "seen": seen}
        try:
            if request.form.get("step") == "post":
                result = run_command(record_fiscal_invoice, invoice_id, **asked)
                flash_done(_("Fiscal invoice %(number)s recorded", number=result["fiscal_number"]))
                return see_other("invoices.show", invoice_id=invoice_id)
            preview = preview_command(record_fiscal_invoice, invoice_id, **asked)
        except DomainError as error:
            if error.code == "not_found":
                raise
            apply_errors(form, error)
            if error.code == "changed_since":
                form.was = _standing(error.data["number"], error.data["issued_on"])
    return _record(invoice_id, form, preview), 200 if preview else 422


@area.route("/<int:invoice_id>/write-off", permission="invoices.write_off", methods=["POST"], endpoint="write_off")
def write_it_off(invoice_id: int) -> ResponseReturnValue:
    """Preview or post a write-off."""
    form, preview, needed = WriteOffForm(), None, None
    if form.validate():
        asked = {"amount": form.amount.data, "reason": form.reason.data}
        try:
            if request.form.get("step") == "post":
                result = run_command(write_off, invoice_id, **asked)
                flash_done(_("Write-off %(number)s posted", number=result["number"]))
                return see_other("invoices.show", invoice_id=invoice_id)
            preview = preview_command(write_off, invoice_id, **asked)
        except DomainError as error:
            if error.code == "not_found":
                raise
            needed = approval_of(error)
            apply_errors(form, error)
    page = _record(invoice_id, preview=preview, writing_off=form, needed=needed, asked="write_off")
    return page, 200 if preview else 422


@area.route(
    "/write-offs/<int:write_off_id>/reverse",
    permission="invoices.write_off",
    methods=["POST"],
    endpoint="reverse_write_off",
)
def take_back(write_off_id: int) -> ResponseReturnValue:
    """Take a write-off back: the invoice is open again."""
    reason = request.form.get("reason", "")
    try:
        result = run_command(reverse_write_off, write_off_id, reason=reason)
    except DomainError as error:
        if error.code == "not_found" or error.http_status == 400:
            raise
        fault = next(iter(error.fields.values()), None)
        flash_refusal(DomainError(fault.code, **fault.data) if fault else error)
        return redirect(safe_target(request.form.get("back"), url_for("invoices.index")), 303)
    flash_done(_("Write-off %(number)s taken back", number=result["number"]))
    return see_other("invoices.show", invoice_id=result["invoice_id"])


@area.route("/<int:invoice_id>/<paper_language>.pdf", permission="invoices.read", limit=PDF)
def paper(invoice_id: int, paper_language: str) -> ResponseReturnValue:
    """The invoice as PDF."""
    if paper_language not in LANGUAGES:
        raise NotFound("invoice", invoice_id)
    return answer_document(*read_invoice(invoice_id, paper_language), paper_language)


@area.route("/credit-notes/<int:credit_note_id>", permission="invoices.read")
def credit_note(credit_note_id: int) -> str:
    """One credit note with where its money went."""
    with db.current().reading() as connection:
        note = get_credit_note(connection, credit_note_id)
        of_note = PaymentAllocation.credit_note_id == credit_note_id
        return render_template(
            "invoices/credit_note.html",
            note=note,
            lines=credit_note_lines(connection, credit_note_id, chinese=language() == "zh"),
            allocations=allocations_where(connection, of_note),
            entries=entries_of(connection, note.number, of_note),
        )


@area.route("/credit-notes/<int:credit_note_id>/<paper_language>.pdf", permission="invoices.read", limit=PDF)
def credit_note_paper(credit_note_id: int, paper_language: str) -> ResponseReturnValue:
    """The credit note as PDF."""
    if paper_language not in LANGUAGES:
        raise NotFound("credit_note", credit_note_id)
    return answer_document(*read_credit_note(credit_note_id, paper_language), paper_language)


@area.route("/aging", permission="invoices.read", endpoint="aging")
def show_aging() -> str:
    """Receivables per customer by age, as of any day: the most overdue ones. All of them are in its file."""
    as_of = _as_of()
    with db.current().reading() as connection:
        rows, totals = most_overdue(connection, as_of)
    return render_template("invoices/aging.html", rows=rows, totals=totals, as_of=as_of, buckets=BUCKETS)


def read_aging(connection: Connection) -> list[AgingRow]:
    """All customers' receivables by age, in the order of the page, as of the day that the address asks for."""
    return all_overdue(connection, _as_of())


@area.route("/aging/rows", permission="invoices.read")
def aging_rows() -> str:
    """The invoices behind a figure of the aging."""
    as_of, customer_id, bucket = _as_of(), id_of("customer"), text_of("bucket")
    with db.current().reading() as connection:
        rows, totals = open_invoices(connection, as_of, customer_id=customer_id, bucket=bucket)
        return render_template(
            "invoices/aging_rows.html",
            rows=rows,
            totals=totals,
            as_of=as_of,
            bucket=bucket if bucket in DAYS else "",
            customer=get_customer(connection, customer_id) if customer_id else None,
        )


def _as_of() -> date:
    return day_of("as_of") or today() if request.args.get("as_of") else today()
