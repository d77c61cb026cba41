"""List and record of quotations; sent, declined, ordered, printed."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from core import database as db
from core.errors import DomainError
from crm.models import QuotationState
from crm.queries.papers import QUOTATION, QUOTATION_LINES
from crm.queries.quotations import other_quotations, quotation_page
from crm.quotations import mark_quotation, order_quotation
from web.approvals.asked import approval_of
from web.approvals.sentences import HISTORY as APPROVAL_WORDS
from web.effects import effect_lines
from web.http import flash_done, flash_refusal, preview_command, run_command, see_other
from web.limits import PDF
from web.lists.pages import show_list
from web.orders.printing import answer_paper
from web.permissions import may
from web.quotations import area
from web.quotations.listing import QUOTATION_LIST
from web.quotations.refused import has_expired, refused_of
from web.quotations.sentences import STATE_TONES, STATES
from web.sentences import sentence

HISTORY = {
    "quotation.created": lazy_gettext("wrote the quotation"),
    "quotation.changed": lazy_gettext("changed the quotation"),
    "quotation.marked": lazy_gettext("marked it as"),
    "quotation.ordered": lazy_gettext("made an order of it"),
    **APPROVAL_WORDS,
}


@area.route("", permission="quotations.read")
def index() -> ResponseReturnValue:
    """Quotations: the list."""
    return show_list(QUOTATION_LIST)


@area.route("/<int:quotation_id>", permission="quotations.read")
def show(quotation_id: int) -> str:
    """One quotation; `preview` shows what ordering would do."""
    dialog = None
    if "preview" in request.args and may("orders.write"):
        dialog = _dialog(quotation_id)
    return _record(quotation_id, dialog)


def _dialog(quotation_id: int, changed: DomainError | None = None) -> dict[str, Any]:
    dialog: dict[str, Any] = {"changed": sentence(changed.code, changed.data) if changed else ""}
    try:
        preview = preview_command(order_quotation, quotation_id)
    except DomainError as error:
        return dialog | {
            "refusal": sentence(error.code, error.data),
            "changed": "",
            "needed": approval_of(error),
        }
    return dialog | {
        "effects": effect_lines(preview.effects),
        "warnings": effect_lines(preview.warnings),
        "digest": preview.digest,
    }


def _record(quotation_id: int, dialog: dict[str, Any] | None = None) -> str:
    with db.current().reading() as connection:
        page = quotation_page(connection, quotation_id)
        others = other_quotations(connection, page.quotation.customer_id, quotation_id)
    g.nav = "quotations.index"
    return render_template(
        "quotations/show.html",
        **vars(page),
        others=others,
        refused=list(refused_of(page.quotation)),
        expired=has_expired(page.quotation),
        dialog=dialog,
        states=STATES,
        tones=STATE_TONES,
        history_words=HISTORY,
    )


@area.route("/<int:quotation_id>/order", permission="orders.write", methods=["POST"])
def order(quotation_id: int) -> ResponseReturnValue:
    """Make a draft order of it, which wins its opportunity."""
    try:
        result = run_command(order_quotation, quotation_id)
    except DomainError as error:
        if error.http_status == 404:
            raise
        return _record(quotation_id, _dialog(quotation_id, error)), 422
    flash_done(_("Draft order %(number)s written", number=result["number"]))
    return see_other("orders.show", order_id=result["id"])


@area.route("/<int:quotation_id>/sent", permission="quotations.write", methods=["POST"])
def sent(quotation_id: int) -> ResponseReturnValue:
    """Mark as sent."""
    return _mark(quotation_id, QuotationState.SENT, _("Quotation marked as sent"))


@area.route("/<int:quotation_id>/declined", permission="quotations.write", methods=["POST"])
def declined(quotation_id: int) -> ResponseReturnValue:
    """Mark as declined."""
    return _mark(quotation_id, QuotationState.DECLINED, _("Quotation marked as declined"))


def _mark(quotation_id: int, state: QuotationState, done: str) -> ResponseReturnValue:
    try:
        run_command(mark_quotation, quotation_id, state)
        flash_done(done)
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return see_other("quotations.show", quotation_id=quotation_id)


@area.route("/<int:quotation_id>/print/<language>", permission="quotations.read", endpoint="print", limit=PDF)
def print_quotation(quotation_id: int, language: str) -> ResponseReturnValue:
    """The quotation as PDF in Chinese or English."""
    return answer_paper("quotation", QUOTATION, QUOTATION_LINES, quotation_id, language)
