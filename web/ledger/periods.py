"""Fiscal periods: opening a year, closing a month after a look at what it holds, re-opening it."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.errors import DomainError
from crm.closing import close_month
from finance.periods import open_fiscal_year, reopen_period
from finance.queries.ledger import periods as list_periods
from web.approvals.asked import approval_of
from web.effects import effect_lines
from web.http import flash_done, preview_command, run_command, see_other
from web.ledger import area
from web.ledger.sentences import month_name
from web.sentences import sentence

area.app_template_filter("month")(month_name)


@area.route("/periods", permission="ledger.read")
def periods() -> str:
    """The months of the books."""
    return _page()


@area.route("/periods/<int:period_id>/close", permission="periods.close")
def ask_close(period_id: int) -> ResponseReturnValue:
    """What the month holds, what is still open at its end, and the question."""
    return _asked(period_id)


@area.route("/periods/<int:period_id>/close", permission="periods.close", methods=["POST"])
def close(period_id: int) -> ResponseReturnValue:
    """Close a month."""
    try:
        result = run_command(close_month, period_id)
    except DomainError as error:
        if error.code == "plan_changed":
            return _asked(period_id, sentence(error.code, error.data))
        return _refused(error)
    flash_done(_("%(month)s closed", month=month_name(result["starts_on"])))
    return see_other("ledger.periods")


@area.route("/periods/<int:period_id>/reopen", permission="periods.close", methods=["POST"])
def reopen(period_id: int) -> ResponseReturnValue:
    """Open a month again."""
    try:
        result = run_command(reopen_period, period_id)
    except DomainError as error:
        return _refused(error, reopening=period_id)
    flash_done(_("%(month)s open again", month=month_name(result["starts_on"])))
    return see_other("ledger.periods")


@area.route("/fiscal-years", permission="periods.close", methods=["POST"])
def open_year() -> ResponseReturnValue:
    """Open the next fiscal year, or the one before the first."""
    text = request.form.get("fiscal_year", "")
    try:
        result = run_command(open_fiscal_year, int(text) if text.isdecimal() and len(text) < 5 else 0)
    except DomainError as error:
        return _refused(error)
    flash_done(_("Fiscal year %(year)s opened", year=result["fiscal_year"]))
    return see_other("ledger.periods")


def _refused(error: DomainError, reopening: int | None = None) -> ResponseReturnValue:
    if error.code == "not_found":
        raise error
    page = _page(sentence(error.code, error.data), reopening=reopening, needed=approval_of(error))
    return page, error.http_status


def _asked(period_id: int, refusal: str = "") -> ResponseReturnValue:
    try:
        preview = preview_command(close_month, period_id)
    except DomainError as error:
        return _refused(error)
    page = _page(refusal, closing=period_id, preview=preview)
    return (page, 409) if refusal else page


def _page(
    refusal: str = "",
    closing: int | None = None,
    preview: Any = None,
    *,
    reopening: int | None = None,
    needed: dict[str, Any] | None = None,
) -> str:
    g.nav = "ledger.journal"
    with db.current().reading() as connection:
        rows = list_periods(connection)
    years = [row.fiscal_year for row in rows]
    return render_template(
        "ledger/periods.html",
        periods=rows,
        refusal=refusal,
        reopening=reopening,
        needed=needed,
        closable=min((row.starts_on for row in rows if row.state == "open"), default=None),
        latest_closed=max((row.starts_on for row in rows if row.state == "closed"), default=None),
        first_year=min(years, default=None),
        last_year=max(years, default=None),
        asked=next((row for row in rows if row.id == closing), None),
        effects=effect_lines(preview.effects) if preview else [],
        warnings=effect_lines(preview.warnings) if preview else [],
        digest=preview.digest if preview else "",
    )
