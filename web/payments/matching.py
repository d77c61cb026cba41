"""Matching unapplied money with open invoices, and taking it off again."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.columns import longest_texts
from core.errors import DomainError, NotFound
from core.queries.customers import get_customer
from core.queries.paging import Window
from finance.corrections import unmatch as unmatch_allocation
from finance.models import PaymentAllocation
from finance.payments import match as match_source_to_invoices
from finance.queries.allocations import allocations_where
from finance.queries.payments import (
    SourceRow,
    get_source,
    open_invoices_of,
    source_totals,
    unapplied_sources,
)
from finance.queries.proposals import Proposal, explain
from web.effects import effect_lines
from web.filters import money, today
from web.forms import text_fault
from web.http import flash_done, flash_refusal, preview_command, run_command, see_other
from web.lists.address import id_of
from web.payments import area
from web.payments.rows import InvoiceRows, carried_values, reason_line
from web.sentences import sentence

KINDS = ("payment", "credit_note")


@area.route("/match", permission="payments.write")
def match() -> ResponseReturnValue:
    """All unapplied money; the first of it opened."""
    return _page(None)


@area.route("/match/<kind>/<int:source_id>", permission="payments.write")
def match_source(kind: str, source_id: int) -> ResponseReturnValue:
    """One receipt or credit note with what it could settle."""
    g.nav = "payments.match"
    with db.current().reading() as connection:
        source = get_source(connection, kind, source_id) if kind in KINDS else None
    return _page(source) if source else see_other("payments.match")


@area.route("/match/<kind>/<int:source_id>", permission="payments.write", methods=["POST"], endpoint="accept")
def accept(kind: str, source_id: int) -> ResponseReturnValue:
    """Accept the proposal (`accept`), or preview and post what was chosen by hand."""
    g.nav = "payments.match"
    with db.current().reading() as connection:
        source = get_source(connection, kind, source_id) if kind in KINDS else None
        if source is None:
            return _accept_spent(kind, source_id)
        rows = _rows(connection, source)
    step, wanted, preview, refusal = request.form.get("step", "preview"), rows.read(), None, ""
    if not rows.faults:
        try:
            if step in ("accept", "post"):
                result = run_command(match_source_to_invoices, kind, source_id, allocations=wanted)
                _say_matched(result)
                return see_other("payments.match", customer=id_of("customer") or None)
            preview = preview_command(match_source_to_invoices, kind, source_id, allocations=wanted)
        except DomainError as error:
            if not rows.place(error, wanted):
                refusal = sentence(error.code, error.data)
    page = _page(source, rows=rows, preview=preview, refusal=refusal)
    return page if preview else (page, 422)


def _accept_spent(kind: str, source_id: int) -> ResponseReturnValue:
    """A form sent again gets its first result; one of another tab is told that nothing of the money is left."""
    if kind not in KINDS:
        raise NotFound("payment", source_id)
    try:
        _say_matched(run_command(match_source_to_invoices, kind, source_id, allocations=[]))
    except DomainError as error:
        if error.code == "not_found":
            raise
        flash_refusal(error)
    return see_other("payments.match", customer=id_of("customer") or None)


def _say_matched(result: Any) -> None:
    allocations = result["allocations"]
    numbers = ", ".join(row["number"] for row in allocations[:3]) + ("…" if len(allocations) > 3 else "")
    only = allocations[0]["id"] if len(allocations) == 1 else None
    undo = url_for("payments.undo_match", allocation_id=only) if only else None
    flash_done(_("%(number)s put on %(invoices)s", number=result["number"], invoices=numbers), undo)


def _rows(connection: Connection, source: SourceRow) -> InvoiceRows:
    invoices = open_invoices_of(connection, [source.customer_id]).get(source.customer_id, [])
    return InvoiceRows(invoices, explain(invoices, source.amount_unapplied, source.reference, today=today()))


def _page(source: SourceRow | None, rows: InvoiceRows | None = None, preview: Any = None, refusal: str = "") -> str:
    customer_id = id_of("customer")
    with db.current().reading() as connection:
        window = Window("-dated", request.args.get("after"), request.args.get("before"))
        page = unapplied_sources(connection, window, customer_id=customer_id)
        source = source or (page.rows[0] if page.rows else None)
        open_invoices = open_invoices_of(connection, {row.customer_id for row in page.rows})
        proposals: dict[str, Proposal] = {
            row.key: explain(open_invoices.get(row.customer_id, []), row.amount_unapplied, row.reference, today=today())
            for row in page.rows
        }
        if rows is None and source is not None:
            rows = _rows(connection, source)
            rows.propose()
        return render_template(
            "payments/match.html",
            page=page,
            source=source,
            rows=rows,
            proposals=proposals,
            customer=get_customer(connection, customer_id) if customer_id else None,
            totals=source_totals(connection),
            reason_line=reason_line,
            effects=effect_lines(preview.effects) if preview else [],
            digest=preview.digest if preview else "",
            carried=carried_values(step="post") if preview else {},
            refusal=refusal,
        )


@area.route("/allocations/<int:allocation_id>/unmatch", permission="payments.write")
def unmatch(allocation_id: int) -> ResponseReturnValue:
    """Ask for the reason and show what un-matching does."""
    return _unmatch_page(allocation_id)


@area.route("/allocations/<int:allocation_id>/unmatch", permission="payments.write", methods=["POST"])
def take_off(allocation_id: int) -> ResponseReturnValue:
    """Take the money off its invoice."""
    reason = request.form.get("reason", "").strip()
    fault = text_fault(reason, longest_texts(PaymentAllocation)["reason"]) if reason else sentence("required")
    if fault:
        return _unmatch_page(allocation_id, reason, fault=fault), 422
    try:
        result = run_command(unmatch_allocation, allocation_id, reason=reason)
    except DomainError as error:
        if error.code == "not_found":
            raise
        return _unmatch_page(allocation_id, reason, refusal=sentence(error.code, error.data)), 422
    flash_done(_("%(number)s taken off; the money is credit of the customer", number=result["number"]))
    return see_other("invoices.show", invoice_id=result["invoice_id"])


@area.route("/allocations/<int:allocation_id>/undo", permission="payments.write", methods=["POST"])
def undo_match(allocation_id: int) -> ResponseReturnValue:
    """Take back a match made a moment ago."""
    try:
        result = run_command(unmatch_allocation, allocation_id, reason=_("Undone right after matching"))
        flash_done(_("%(number)s is unapplied again", number=result["number"]))
    except DomainError as error:
        flash_refusal(error)
    return see_other("payments.match")


def _unmatch_page(allocation_id: int, reason: str = "", fault: str = "", refusal: str = "") -> str:
    with db.current().reading() as connection:
        found = allocations_where(connection, PaymentAllocation.id == allocation_id)
    if not found or not found[0].is_live or found[0].invoice is None:  # no invoice, or one the reader does not see
        raise NotFound("allocation", allocation_id)
    effects: list[Any] = []
    try:
        preview = preview_command(unmatch_allocation, allocation_id, reason=reason or None)
        effects, digest = effect_lines(preview.effects), preview.digest
    except DomainError as error:
        refusal, digest = refusal or sentence(error.code, error.data), ""
    return render_template(
        "payments/unmatch.html",
        allocation=found[0],
        amount=money(found[0].amount),
        effects=effects,
        digest=digest,
        reason=reason,
        fault=fault,
        refusal=refusal,
    )
