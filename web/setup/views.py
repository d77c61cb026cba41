"""The first run."""

from __future__ import annotations

from typing import Any

from flask import abort, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select

from core import database as db
from core.command import run
from core.context import SYSTEM, Context
from core.errors import DomainError
from core.organization import User
from crm.setup import set_up_company
from web.http import apply_errors, see_other
from web.i18n import language
from web.permissions import PUBLIC
from web.setup import area
from web.setup.forms import SetupForm

COMPANY = ("name", "tax_id", "address", "bank_name", "bank_account", "currency", "chart", "time_zone")


@area.route("", permission=PUBLIC)
def form() -> str:
    """Empty form; missing as soon as there is a user."""
    _only_before_the_first_user()
    return _page(SetupForm(formdata=None, fiscal_year_start_month=1))


@area.route("", permission=PUBLIC, methods=["POST"])
def submit() -> ResponseReturnValue:
    """Make company, chart and administrator; the command itself refuses a second time."""
    _only_before_the_first_user()
    given = SetupForm()
    given.offer_months()
    if given.validate():
        try:
            company, administrator = _values(given)
            context = Context(
                actor=SYSTEM, address=request.remote_addr, request_id=g.request_id, route="POST setup.submit",
                channel="browser",
            )  # fmt: skip
            run(set_up_company, company, administrator, context=context)
            return see_other("sign_in.form")
        except DomainError as error:
            apply_errors(given, error)
    return _page(given), 422


def _values(given: SetupForm) -> tuple[dict[str, Any], dict[str, Any]]:
    company = {name: given[name].data for name in COMPANY} | {
        "fiscal_year_start_month": given.fiscal_year_start_month.data,
        "language": language(),
        "logo": given.logo.content,
    }
    administrator = {
        "name": given.administrator_name.data,
        "login": given.login.data,
        "password": given.password.data,
        "language": language(),
        "roles": ["admin"],
    }
    return company, administrator


def _only_before_the_first_user() -> None:
    with db.current().session() as session:
        if session.scalar(select(exists(select(User.id)))):
            abort(404)


def _page(given: SetupForm) -> str:
    given.offer_months()
    return render_template("setup/form.html", form=given)
