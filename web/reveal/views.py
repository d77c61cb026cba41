"""The value behind a mask: in its place on the page, or on a page of its own where scripts do not run."""

from __future__ import annotations

from decimal import Decimal

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from core.errors import DomainError
from core.uncover import Uncovered, read_uncovered, uncover
from web.filters import company_currency, currency_symbol, price
from web.http import flash_refusal, run_command, safe_target
from web.permissions import SIGNED_IN
from web.reveal import area

FIELD_NAMES = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "cost": _("Cost"),
    "unit_cost": _("Unit cost"),
    "average_cost": _("Average cost"),
    "value": _("Value"),
    "number": _("Account number"),
    "bank_account": _("Bank account"),
}


@area.route("/<record_type>/<int:record_id>/<field>", permission=SIGNED_IN, methods=["POST"])
def show(record_type: str, record_id: int, field: str) -> ResponseReturnValue:
    """Writes down who looks, then shows the value once; it is gone when the page is loaded again.

    Each kind and each type of record has a permission of its own, which the command holds to. A refusal within a page
    loads the page again and stands at its top.
    """
    within = bool(request.headers.get("HX-Request"))
    try:
        run_command(uncover, record_type, record_id, field)
        found = read_uncovered(g.actor, record_type, record_id, field)
    except DomainError as error:
        if not within:
            raise
        flash_refusal(error)
        return Response(status=error.http_status, headers={"HX-Refresh": "true"})
    page = "reveal/value.html" if within else "reveal/show.html"
    return render_template(
        page, found=found, text=_written(found), name=FIELD_NAMES[field], back=safe_target(request.form.get("next"))
    )


def _written(found: Uncovered) -> str:
    if isinstance(found.value, Decimal):
        return currency_symbol(company_currency()) + price(found.value)
    return str(found.value or "–")
