"""Approvals in words: what needs one, what is refused, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.masks import Masked
from web.approvals import area
from web.effects import EffectLine, effect_for
from web.filters import day, moment, money, percent
from web.sentences import sentence_for

KINDS = {
    "credit": _l("Credit over the limit"),
    "discount": _l("Discount"),
    "write_off": _l("Write-off"),
    "adjustment": _l("Stock adjustment"),
    "reopening": _l("Re-opening a month"),
}
STATES = {
    "open": _l("To be decided"),
    "approved": _l("Approved"),
    "refused": _l("Refused"),
    "withdrawn": _l("Withdrawn"),
    "used": _l("Used"),
    "expired": _l("Expired"),
}
TONES = {"open": "warn", "approved": "ok", "refused": "bad", "withdrawn": "mute", "used": "ok", "expired": "mute"}
SUBJECTS = {
    "sales_order": ("orders.show", "order_id"),
    "quotation": ("quotations.show", "quotation_id"),
    "invoice": ("invoices.show", "invoice_id"),
}
HISTORY = {
    "approval.asked": _l("asked for an approval"),
    "approval.approved": _l("approved it"),
    "approval.refused": _l("refused the approval"),
    "approval.withdrawn": _l("took the request back"),
    "approval.used": _l("used the approval"),
    "approval.carried_out": _l("did what was approved"),
    "approval.missing": _l("was refused for want of an approval"),
    "approval.waived": _l("went on as the only one who could approve"),
}
HISTORY_LOOKS = {
    "approval.asked": ("flag", "warn"),
    "approval.approved": ("ok", "ok"),
    "approval.refused": ("x", "bad"),
    "approval.withdrawn": ("x", "mute"),
    "approval.used": ("ok", "info"),
    "approval.carried_out": ("ok", "info"),
    "approval.missing": ("stop", "bad"),
    "approval.waived": ("warn", "warn"),
}


@area.app_template_filter("approval_kind")
def approval_kind(kind: str) -> str:
    """What an approval is about."""
    return str(KINDS.get(kind, kind))


@area.app_template_filter("approval_measure")
def approval_measure(measure: Decimal | Masked | str, kind: str) -> str:
    """A measure in the unit of its kind, or its mask; a month that is opened again has none."""
    if isinstance(measure, Masked):
        return str(measure)
    value = Decimal(measure)
    if kind == "reopening":
        return ""
    return percent(value, of_one=False) if kind == "discount" else money(value)


def who_may(data: Mapping[str, Any]) -> str:
    """Who may approve what was refused, or who is asked already; a sentence behind another, or nothing."""
    names = _(" or ").join(data.get("approvers") or ())
    request = data.get("request")
    if request and request["state"] == "open":
        return _(" It was asked for and waits for %(names)s.", names=names)
    return _(" %(names)s can approve it.", names=names) if names else _(" There is nobody who could approve it.")


@sentence_for("approval_required")
def _approval_required(data: Mapping[str, Any]) -> str:
    if data["kind"] == "reopening":
        what = _("Not done: re-opening a month needs a second person.")
    else:
        what = _(
            "Not done: %(what)s of %(measure)s is over the limit of %(limit)s.",
            what=KINDS[data["kind"]],
            measure=approval_measure(data["measure"], data["kind"]),
            limit=approval_measure(data["limit"], data["kind"]),
        )
    return what + who_may(data)


@sentence_for("approval_not_needed")
def _approval_not_needed(data: Mapping[str, Any]) -> str:
    return _("This needs no approval. Do it straight away.")


@sentence_for("approval_asked_already")
def _approval_asked_already(data: Mapping[str, Any]) -> str:
    if (data.get("request") or {}).get("state") == "approved":
        return _("This is approved already. Do it straight away.")
    return _("This was asked for already and waits for a decision.")


@sentence_for("approval_state")
def _approval_state(data: Mapping[str, Any]) -> str:
    return _("Not done: the request is “%(state)s”.", state=STATES.get(str(data["state"]), data["state"]))


@sentence_for("approval_moved_on")
def _approval_moved_on(data: Mapping[str, Any]) -> str:
    return _(
        "Somebody else decided this step a moment ago; the request waits for step %(step)s now.", step=data["position"]
    )


@sentence_for("own_approval")
def _own_approval(data: Mapping[str, Any]) -> str:
    return _("Nobody decides what he asked for himself, nor through a deputy. The try was recorded.")


@sentence_for("approval_step_first")
def _approval_step_first(data: Mapping[str, Any]) -> str:
    return _("Step %(step)s comes first and is not decided yet. The try was recorded.", step=data["position"])


@sentence_for("approval_once")
def _approval_once(data: Mapping[str, Any]) -> str:
    return _("You have decided a step of this request; the next one is somebody else's. The try was recorded.")


@sentence_for("requester_left")
def _requester_left(data: Mapping[str, Any]) -> str:
    return _("Not done: who asked for this does not work here any more. Ask for it anew.")


@sentence_for("requester_may_not")
def _requester_may_not(data: Mapping[str, Any]) -> str:
    return _("Not done: %(name)s, who asked for it, may not do this any more.", name=data["name"])


@sentence_for("own_deputy")
def _own_deputy(data: Mapping[str, Any]) -> str:
    return _("Choose somebody else: nobody stands in for himself.")


@sentence_for("deputy_unknown")
def _deputy_unknown(data: Mapping[str, Any]) -> str:
    return _("This person does not decide approvals. Choose one from the list.")


@sentence_for("deputy_in_the_past")
def _deputy_in_the_past(data: Mapping[str, Any]) -> str:
    return _("A deputy stands in from today, %(today)s, or from a later day.", today=day(data["today"]))


@sentence_for("deputy_span")
def _deputy_span(data: Mapping[str, Any]) -> str:
    return _("The last day lies before the first, or more than %(days)s days after it.", days=data["days"])


@sentence_for("delegation_ended")
def _delegation_ended(data: Mapping[str, Any]) -> str:
    return _("This has ended already.")


@sentence_for("nothing_to_write_off")
def _nothing_to_write_off(data: Mapping[str, Any]) -> str:
    return _("Nothing is open on %(invoice)s that could be written off.", invoice=data["invoice"])


@sentence_for("write_off_exceeds_invoice")
def _write_off_exceeds_invoice(data: Mapping[str, Any]) -> str:
    return _(
        "Only %(left)s is open on %(invoice)s. Enter at most that.", left=money(data["left"]), invoice=data["invoice"]
    )


@sentence_for("invoice_written_off")
def _invoice_written_off(data: Mapping[str, Any]) -> str:
    return _(
        "Not done: %(amount)s of %(invoice)s is written off. Take the write-off back first, else what was never paid "
        "would become the customer's credit.",
        amount=money(data["amount"]),
        invoice=data["invoice"],
    )


@effect_for("approval")
def _approval(data: Mapping[str, Any]) -> EffectLine:
    text = _("Use the approval of %(name)s: %(what)s", name=data["name"] or "", what=KINDS[data["approval"]])
    return EffectLine("seen", text, note=moment(data["at"]) if data["at"] else "", tone="ok")


@effect_for("sole_approver")
def _sole_approver(data: Mapping[str, Any]) -> EffectLine:
    text = _(
        "%(what)s: nobody else could approve this, so it is done without, on record.", what=KINDS[data["approval"]]
    )
    return EffectLine("warn", text, approval_measure(data["measure"], data["approval"]), tone="warn")


@effect_for("write_off")
def _write_off(data: Mapping[str, Any]) -> EffectLine:
    text = _("Write off %(invoice)s of %(customer)s as bad debt", invoice=data["invoice"], customer=data["customer"])
    return EffectLine("minus", text, money(data["amount"]), _("gross of tax"), "warn")


@effect_for("write_off_reversal")
def _write_off_reversal(data: Mapping[str, Any]) -> EffectLine:
    text = _("%(invoice)s of %(customer)s is open again", invoice=data["invoice"], customer=data["customer"])
    return EffectLine("coin", text, money(data["amount"]))


@effect_for("reopen_month")
def _reopen_month(data: Mapping[str, Any]) -> EffectLine:
    text = _("Open %(since)s to %(until)s for postings again", since=day(data["starts_on"]), until=day(data["ends_on"]))
    return EffectLine("lock", text)
