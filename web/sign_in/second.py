"""The second step of signing in, and signing in with a passkey alone."""

from __future__ import annotations

from flask import current_app, flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.utils import redirect
from wtforms import StringField

from core.command import run
from core.second_factors import read_factors, seal_of
from core.sign_in import finish_by_code, finish_by_passkey, half_owner, sign_in_by_passkey
from web.forms import Form
from web.http import safe_target, see_other
from web.limits import SIGN_IN
from web.permissions import PUBLIC
from web.sentences import sentence
from web.sign_in import area, session
from web.sign_in.passkeys import answered, go_on, offer, refused, relying_party, text_in
from web.sign_in.views import browser, retry_after, stranger


class CodeForm(Form):
    """Six digits, or a recovery code."""

    code = StringField(_l("Security code"))


@area.route("/second", permission=PUBLIC)
def second() -> ResponseReturnValue:
    """Ask for the second factor; without a first step, begin there."""
    user_id = _owner()
    return see_other("sign_in.form") if user_id is None else _page(CodeForm(formdata=None), user_id)


@area.route("/second", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def finish() -> ResponseReturnValue:
    """Check the code and begin the session."""
    half, form = session.current_half(), CodeForm()
    if half is None:
        return _over()
    seal = seal_of(current_app.config["SECRET_KEY"])
    answer = run(finish_by_code, half, form.code.data or "", seal=seal, context=stranger(), **browser()).data
    if "token" in answer:
        target = session.half_target()
        session.begin(answer["token"])
        return redirect(safe_target(target), 303)
    user_id = _owner()
    if user_id is None:
        return _over()
    form.form_errors = [sentence(answer["failed"], answer)]
    return _page(form, user_id), 429 if answer.get("seconds") else 422, retry_after(answer)


@area.route("/second/passkey/options", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def second_options() -> ResponseReturnValue:
    """What a passkey of the one who is half signed in is to sign."""
    user_id = _owner()
    return refused({"failed": "sign_in_over"}) if user_id is None else offer("second", stranger(), user_id)


@area.route("/second/passkey", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def second_passkey() -> ResponseReturnValue:
    """Check what the passkey signed and begin the session."""
    half, challenge, credential = session.current_half(), session.take_challenge(), answered().get("credential")
    if half is None:
        return refused({"failed": "sign_in_over"})
    party = relying_party()
    answer = run(finish_by_passkey, half, challenge, credential, party, context=stranger(), **browser()).data
    if "token" not in answer:
        return refused(answer)
    target = session.half_target()
    session.begin(answer["token"])
    return go_on(safe_target(target))


@area.route("/passkey/options", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def passkey_options() -> ResponseReturnValue:
    """What any passkey of this site is to sign."""
    return offer("sign_in", stranger(), None)


@area.route("/passkey", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def by_passkey() -> ResponseReturnValue:
    """Check what the passkey signed and begin its owner's session."""
    given, challenge = answered(), session.take_challenge()
    context, party = stranger(), relying_party()
    answer = run(sign_in_by_passkey, challenge, given.get("credential"), party, context=context, **browser()).data
    if "token" not in answer:
        return refused(answer)
    session.begin(answer["token"])
    return go_on(safe_target(text_in(given, "next")))


def _owner() -> int | None:
    half = session.current_half()
    found: int | None = run(half_owner, half, context=stranger()).data if half else None
    return found


def _over() -> ResponseReturnValue:
    session.forget_half()
    flash(_("Signing in took too long, or the code was wrong too often. Begin again."), "bad")
    return see_other("sign_in.form")


def _page(form: CodeForm, user_id: int) -> str:
    return render_template("sign_in/second.html", form=form, factors=read_factors(user_id))
