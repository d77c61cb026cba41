"""How people sign in: how long a session lives, and who needs a second factor."""

from __future__ import annotations

from decimal import Decimal

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from core import database as db
from core.company import COMPANY_ID, RANGES, change_company, get_company
from core.errors import DomainError
from web.forms import AmountField, Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.merging import merge
from web.settings import area

LIMITS = ("session_idle_hours", "session_days")


class SignInForm(Form):
    """What holds for everybody's sessions, those that are open too."""

    second_factor_for = SelectField(
        _l("Second factor is needed by"),
        choices=[
            SelectChoice("nobody", _l("nobody")),
            SelectChoice("administrators", _l("administrators")),
            SelectChoice("everyone", _l("everyone")),
        ],
    )
    session_idle_hours = AmountField(_l("Unused sessions end after, hours"), [Required()], places=0)
    session_days = AmountField(_l("Every session ends after, days"), [Required()], places=0)
    version = VersionField()


@area.route("/sign-in", permission="company.write", endpoint="sign_in")
def show_sign_in() -> str:
    """The rules as they are."""
    return _page(_filled())


def _filled() -> SignInForm:
    with db.current().session() as session:
        company = get_company(session)
        shown = {"second_factor_for": company.second_factor_for.value, "version": company.version}
        return SignInForm(formdata=None, data=shown | {name: Decimal(getattr(company, name)) for name in LIMITS})


@area.route("/sign-in", permission="company.write", methods=["POST"], endpoint="save_sign_in")
def save_sign_in() -> ResponseReturnValue:
    """Save them; they hold with everybody's next click."""
    form = SignInForm()
    if form.validate():
        try:
            limits = {name: None if form[name].data is None else int(form[name].data) for name in LIMITS}
            values = {"second_factor_for": form.second_factor_for.data, **limits}
            run_command(change_company, values, version=shown_version(form))
            flash_done(_("Settings saved"))
            return see_other("settings.sign_in")
        except DomainError as error:
            if not merge(form, error, _filled, "company", COMPANY_ID):
                apply_errors(form, error)
    return _page(form), 422


def _page(form: SignInForm) -> str:
    return render_template("settings/sign_in.html", form=form, limits=RANGES)
