"""Fiscal periods: closing and re-opening a month."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.errors import DomainError
from finance.periods import close_period, reopen_period
from finance.queries.ledger import periods as list_periods
from web.http import flash_done, run_command, see_other
from web.ledger import area
from web.ledger.sentences import month_name
from web.sentences import sentence

area.app_template_filter("month")(month_name)


@area.route("/periods", permission="ledger.read")
def periods() -> str:
    """The months of the books."""
    return _page()


@area.route("/periods/<int:period_id>/close", permission="periods.close", methods=["POST"])
def close(period_id: int) -> ResponseReturnValue:
    """Close a month."""
    return _change(close_period, period_id, _("Month closed"))


@area.route("/periods/<int:period_id>/reopen", permission="periods.close", methods=["POST"])
def reopen(period_id: int) -> ResponseReturnValue:
    """Open a month again."""
    return _change(reopen_period, period_id, _("Month open again"))


def _change(command: Callable[..., Any], period_id: int, done: str) -> ResponseReturnValue:
    try:
        run_command(command, period_id)
    except DomainError as error:
        return _page(sentence(error.code, error.data)), error.http_status
    flash_done(done)
    return see_other("ledger.periods")


def _page(refusal: str = "") -> str:
    g.nav = "ledger.journal"
    with db.current().reading() as connection:
        rows = list_periods(connection)
    closable = min((row.starts_on for row in rows if row.state == "open"), default=None)
    latest_closed = max((row.starts_on for row in rows if row.state == "closed"), default=None)
    return render_template(
        "ledger/periods.html", periods=rows, refusal=refusal, closable=closable, latest_closed=latest_closed
    )
