"""The first page of one's account, and the password."""

from __future__ import annotations

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField

from core.errors import DomainError
from core.passkeys import list_passkeys
from core.passwords import LONGEST_PASSWORD, MIN_PASSWORD_LENGTH
from core.second_factors import read_factors
from core.sign_in import change_own_password
from web.account import area
from web.account.proof import proven
from web.forms import Form, Required
from web.http import apply_errors, flash_done, see_other
from web.permissions import SIGNED_IN, must_enrol
from web.sentences import sentence
from web.sign_in import session


class PasswordForm(Form):
    """A new password, twice, since nobody sees what he types."""

    longest = {"password": LONGEST_PASSWORD, "again": LONGEST_PASSWORD}

    password = PasswordField(_l("New password"), [Required()])
    again = PasswordField(_l("New password again"), [Required()])


@area.route("", permission=SIGNED_IN)
def index() -> str:
    """How I sign in."""
    user_id = g.actor.user_id
    return render_template(
        "account/index.html",
        factors=read_factors(user_id),
        passkeys=list_passkeys(user_id),
        must_enrol=must_enrol(),
    )


@area.route("/password", permission=SIGNED_IN)
@proven("account.password")
def password() -> str:
    """Empty form."""
    return _password_page(PasswordForm(formdata=None))


@area.route("/password", permission=SIGNED_IN, methods=["POST"], endpoint="password_save")
@proven("account.password")
def save_password() -> ResponseReturnValue:
    """Change it; all other sessions and all tokens end."""
    form = PasswordForm()
    if form.validate():
        if form.password.data != form.again.data:
            form.again.errors = [*form.again.errors, sentence("passwords_differ")]
            return _password_page(form), 422
        try:
            session.run_renewing(change_own_password, form.password.data or "")
            flash_done(_("Password changed; everywhere else you are signed out"))
            return see_other("account.index")
        except DomainError as error:
            apply_errors(form, error)
    return _password_page(form), 422


def _password_page(form: PasswordForm) -> str:
    return render_template("account/password.html", form=form, smallest=MIN_PASSWORD_LENGTH)
