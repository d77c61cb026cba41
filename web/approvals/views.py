"""What waits for a decision, what was asked and decided; asking, deciding, taking back, doing it."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.utils import redirect

from core import database as db
from core.approvals.asking import LONGEST_REASON, ask_for_approval, carry_out, foresee, withdraw
from core.approvals.deciding import decide
from core.approvals.models import Decision
from core.columns import read_id
from core.errors import DomainError, FieldError, InvalidInput
from core.queries.approvals import RequestRow, get_request, list_requests
from crm.queries.order_page import order_page
from web.approvals import area
from web.approvals.asked import arguments_for
from web.approvals.sentences import KINDS, STATES, SUBJECTS, TONES
from web.effects import effect_lines
from web.forms import text_fault
from web.http import flash_done, flash_refusal, preview_command, run_command, safe_target, see_other
from web.lists.address import choice_of
from web.navigation import link
from web.permissions import may
from web.sentences import sentence

TABS = {
    "to_decide": _l("To decide"),
    "mine": _l("Asked by me"),
    "decided": _l("Decided by me"),
    "all": _l("All that concern me"),
}
ACTIONS = {
    "confirm_order": _l("Confirm the order"),
    "order_quotation": _l("Make an order of the quotation"),
    "write_off": _l("Write off"),
    "adjust_stock": _l("Adjust stock"),
    "reopen_period": _l("Re-open the month"),
}


@area.route("", permission="approvals.read")
def index() -> str:
    """Requests that wait for the reader, his own, and those he decided."""
    tab = choice_of("tab", TABS, "to_decide")
    kind = choice_of("kind", KINDS)
    filters: dict[str, Any] = {"kind": kind or None}
    if tab != "all":
        filters[tab] = "true"
    try:
        page = _list(filters, request.args.get("after"))
    except InvalidInput:  # a cursor that is none starts at the beginning
        page = _list(filters, None)
    return render_template(
        "approvals/index.html", page=page, tab=tab, tabs=TABS, kind=kind, kinds=KINDS, states=STATES, tones=TONES
    )


def _list(filters: dict[str, Any], cursor: str | None) -> Any:
    return list_requests(filters, g.actor.user_id, keeps_rules=may("approvals.rules"), cursor=cursor)


@area.route("/<int:request_id>", permission="approvals.read")
def show(request_id: int) -> str:
    """One request: what, why, who, how far, and what doing it would do."""
    return _page(request_id)


def _page(request_id: int, refusal: str = "", note: str = "", fault: str = "") -> str:
    g.nav = "approvals.index"
    whole = get_request(request_id, g.actor.user_id, keeps_rules=may("approvals.rules"))
    found = whole.request
    foreseen: dict[str, Any] = {"effects": [], "warnings": [], "obstacle": ""}
    if found.state in ("open", "approved"):
        try:
            preview = preview_command(foresee, request_id)
            foreseen |= {"effects": effect_lines(preview.effects), "warnings": effect_lines(preview.warnings)}
        except DomainError as error:
            foreseen["obstacle"] = sentence(error.code, error.data)
    return render_template(
        "approvals/show.html",
        found=found,
        steps=whole.steps,
        is_own=found.requested_by_id == g.actor.user_id,
        may_do=found.state == "approved" and (found.requested_by_id == g.actor.user_id or whole.has_decision),
        subject_url=subject_url(found),
        states=STATES,
        tones=TONES,
        actions=ACTIONS,
        longest=LONGEST_REASON,
        refusal=refusal or ("" if found.is_mine_to_decide else fault),
        note=note,
        fault=fault,
        **foreseen,
    )


def subject_url(found: RequestRow) -> str | None:
    """Where what it is about is shown; None where there is no such page for the reader."""
    if found.subject_type == "fiscal_period":
        return link("ledger.periods")
    endpoint, argument = SUBJECTS.get(found.subject_type, ("", ""))
    return link(endpoint, **{argument: found.subject_id}) if endpoint and found.subject_id else None


@area.route("/ask", permission="approvals.read", methods=["POST"])
def ask() -> ResponseReturnValue:
    """Ask for what was just refused; back to where it was refused when it cannot be asked for."""
    back = safe_target(request.form.get("back"), url_for("approvals.index", tab="mine"))
    reason = request.form.get("approval_reason", "")
    try:
        if fault := text_fault(reason, LONGEST_REASON):
            raise InvalidInput({"reason": FieldError("too_long", {"limit": LONGEST_REASON})}, text=fault)
        action = request.form.get("action", "")
        result = run_command(ask_for_approval, action, arguments_for(action, _given()), reason=reason)
    except DomainError as error:
        _flash(error)
        return redirect(back, 303)
    flash_done(_("Approval asked for"))
    return see_other("approvals.show", request_id=result["id"])


def _given() -> dict[str, Any]:
    """What the form says of the thing asked for."""
    form = request.form
    given: dict[str, Any] = {
        name: read_id(form.get(name)) for name in ("order_id", "quotation_id", "invoice_id", "period_id")
    }
    given |= {name: form.get(name, "").strip() for name in ("amount", "why")}
    if given["order_id"] and form.get("short") == "back_order":
        with db.current().reading() as connection:
            lines = order_page(connection, given["order_id"]).lines
        given["on_short"] = {str(line.id): "back_order" for line in lines if not line.is_service}
    return given


def _flash(error: DomainError) -> None:
    """A refusal at the top of the next page; of fields each one's sentence."""
    fault = next(iter(error.fields.values()), None)
    flash_refusal(DomainError(fault.code, **fault.data) if fault else error)


@area.route("/<int:request_id>/decide", permission="approvals.read", methods=["POST"], endpoint="decide")
def make_decision(request_id: int) -> ResponseReturnValue:
    """Approve or refuse the step that waits."""
    note = request.form.get("note", "")
    decision = Decision.APPROVED if request.form.get("decision") == "approved" else Decision.REFUSED
    fault = text_fault(note, LONGEST_REASON)
    if request.form.get("decision") not in list(Decision):
        fault = sentence("not_a_choice")
    if fault:
        return _page(request_id, note=note, fault=fault), 422
    try:
        run_command(decide, request_id, decision, note=note, position=read_id(request.form.get("position")))
    except DomainError as error:
        if error.code == "not_found" or error.http_status == 400:
            raise
        if "note" in error.fields:
            said = error.fields["note"]
            text = _("Say why it is refused.") if said.code == "required" else sentence(said.code, said.data)
            return _page(request_id, note=note, fault=text), 422
        return _page(request_id, sentence(error.code, error.data), note), error.http_status
    flash_done(_("Approved") if decision == Decision.APPROVED else _("Refused"))
    return see_other("approvals.index")


@area.route("/<int:request_id>/withdraw", permission="approvals.read", methods=["POST"], endpoint="withdraw")
def take_back(request_id: int) -> ResponseReturnValue:
    """Take a request back."""
    try:
        run_command(withdraw, request_id)
    except DomainError as error:
        if error.code == "not_found" or error.http_status == 400:
            raise
        return _page(request_id, sentence(error.code, error.data)), error.http_status
    flash_done(_("Request taken back"))
    return see_other("approvals.index", tab="mine")


@area.route("/<int:request_id>/carry-out", permission="approvals.read", methods=["POST"], endpoint="carry_out")
def do_it(request_id: int) -> ResponseReturnValue:
    """Do what was approved."""
    try:
        run_command(carry_out, request_id)
    except DomainError as error:
        if error.code == "not_found" or error.http_status == 400:
            raise
        return _page(request_id, sentence(error.code, error.data)), error.http_status
    flash_done(_("Done as approved"))
    found = get_request(request_id, g.actor.user_id, keeps_rules=may("approvals.rules")).request
    return redirect(subject_url(found) or url_for("approvals.show", request_id=request_id), 303)
