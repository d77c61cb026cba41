"""A forgotten password: ask for a link, and set a new password with one.

The link's token stands behind # in its address, so that it reaches no log, no proxy and no referrer; a script moves it
into the form, and without scripts the link is pasted there. Opening the page uses nothing up: scanners of mailboxes do.
"""

from __future__ import annotations

from flask import Response, flash, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField

from core import mail
from core.command import run
from core.context import SYSTEM, Context
from core.errors import DomainError
from core.password_links import request_password_reset, set_password_by_link
from web.compression import keep_plain
from web.forms import Form, Required, add_error
from web.http import apply_errors, see_other
from web.limits import SIGN_IN
from web.permissions import PUBLIC
from web.sentences import sentence
from web.sign_in import area
from web.sign_in.forms import LONGEST_PASSWORD


class ForgotForm(Form):
    """Who wants a new password."""

    longest = {"account": 200}

    account = StringField(_l("Sign-in name or e-mail"), [Required()])


class NewPasswordForm(Form):
    """The link, or the part of it behind #, and the password twice."""

    longest = {"link": 500, "password": LONGEST_PASSWORD, "again": LONGEST_PASSWORD}

    link = StringField(_l("Link from the mail"), [Required()])
    password = PasswordField(_l("New password"), [Required()])
    again = PasswordField(_l("New password, again"), [Required()])


@area.route("/forgot", permission=PUBLIC)
def forgot() -> str:
    """The form, or that this installation sends no mail."""
    return _forgot_page(ForgotForm(formdata=None))


@area.route("/forgot", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def send_reset() -> ResponseReturnValue:
    """Ask for a link; the answer is the same whether or not there is such an account."""
    form = ForgotForm()
    if not mail.current().can_send_links or not form.validate():
        return _forgot_page(form), 422
    answer = run(request_password_reset, form.account.data or "", address=request.remote_addr, context=_context()).data
    if "failed" in answer:
        form.form_errors = [sentence(answer["failed"], answer)]
        return _forgot_page(form), 429, {"Retry-After": str(answer["seconds"])}
    return _forgot_page(form, asked=True)


@area.route("/reset", permission=PUBLIC)
def reset() -> ResponseReturnValue:
    """The form for a new password."""
    return _reset_page(NewPasswordForm(formdata=None), 200)


@area.route("/reset", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def set_password() -> ResponseReturnValue:
    """Set the new password; the way in is the sign-in page, as always."""
    form = NewPasswordForm()
    if not form.validate():
        return _reset_page(form, 422)
    if form.password.data != form.again.data:
        add_error(form, form.again, _("This is not the same password. Type it again."))
        return _reset_page(form, 422)
    token = (form.link.data or "").strip().rpartition("#")[2]
    try:
        run(set_password_by_link, token, form.password.data or "", context=_context())
    except DomainError as error:
        apply_errors(form, error)
        return _reset_page(form, error.http_status)
    flash(_("Password set. Sign in with it."), "ok")
    return see_other("sign_in.form")


def _context() -> Context:
    return Context(actor=SYSTEM, address=request.remote_addr, request_id=g.request_id)


def _forgot_page(form: ForgotForm, *, asked: bool = False) -> str:
    can_send = mail.current().can_send_links
    return render_template("sign_in/forgot.html", form=form, asked=asked, can_send=can_send)


def _reset_page(form: NewPasswordForm, status: int) -> Response:
    if form.link.data:  # it stays in its field when the passwords were refused
        keep_plain()
    response = make_response(render_template("sign_in/reset.html", form=form), status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
