"""Second factors: the authenticator, passkeys, recovery codes."""

from __future__ import annotations

import io

import segno
from flask import Response, abort, current_app, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField

from core.columns import longest_texts
from core.command import run
from core.credentials import Passkey
from core.errors import DomainError
from core.passkeys import register, remove_passkey
from core.sealing import Seal
from core.second_factors import (
    begin_totp,
    confirm_totp,
    keep_recovery_codes,
    new_recovery_codes,
    pending_secret,
    provisioning_uri,
    read_factors,
    recovery_hash,
    remove_totp,
    seal_of,
)
from web.account import area
from web.account.proof import proven
from web.forms import Form
from web.http import flash_done, flash_refusal, run_command, see_other
from web.permissions import SIGNED_IN
from web.sentences import sentence
from web.sign_in import session
from web.sign_in.passkeys import PRODUCT, answered, go_on, offer, refused, relying_party, text_in


class CodeForm(Form):
    """The six digits an authenticator shows."""

    code = StringField(_l("Security code"))


class PasskeyForm(Form):
    """What a passkey is called."""

    longest = longest_texts(Passkey)
    name = StringField(_l("Name of the passkey"))


def _seal() -> Seal:
    return seal_of(current_app.config["SECRET_KEY"])


# the authenticator ----------------------------------------------------------------------------------------------------
@area.route("/authenticator", permission=SIGNED_IN)
@proven("account.authenticator")
def authenticator() -> ResponseReturnValue:
    """What to scan, and the field for the first code."""
    if read_factors(g.actor.user_id).totp_since is not None:
        return see_other("account.index")
    return _authenticator_page(CodeForm(formdata=None))


@area.route("/authenticator/begin", permission=SIGNED_IN, methods=["POST"])
@proven("account.authenticator")
def authenticator_begin() -> ResponseReturnValue:
    """Make a secret, or another one."""
    try:
        run_command(begin_totp, _seal())
    except DomainError as error:
        flash_refusal(error)
    return see_other("account.authenticator")


@area.route("/authenticator", permission=SIGNED_IN, methods=["POST"])
@proven("account.authenticator")
def authenticator_confirm() -> ResponseReturnValue:
    """Take the first code."""
    form = CodeForm()
    try:
        answer = run_command(confirm_totp, form.code.data or "", _seal()).data
    except DomainError as error:
        flash_refusal(error)
        return see_other("account.authenticator")
    if "failed" in answer:
        form.form_errors = [sentence(answer["failed"], answer)]
        return _authenticator_page(form), 429 if answer.get("seconds") else 422
    flash_done(_("Authenticator added; from now on its code is asked for at sign-in"))
    return _after_adding()


@area.route("/authenticator/picture", permission=SIGNED_IN)
@proven("account.authenticator")
def authenticator_picture() -> ResponseReturnValue:
    """The secret as a QR code, drawn here."""
    secret = pending_secret(g.actor.user_id, _seal())
    if secret is None:
        abort(404)
    picture = io.BytesIO()
    code = segno.make(provisioning_uri(secret, g.actor.login, PRODUCT), error="m", micro=False)
    code.save(picture, kind="svg", scale=5, border=4, dark="#000000", light="#ffffff", omitsize=False)
    return Response(picture.getvalue(), mimetype="image/svg+xml")


@area.route("/authenticator/remove", permission=SIGNED_IN, methods=["POST"])
@proven("account.index")
def authenticator_remove() -> ResponseReturnValue:
    """Take the authenticator away."""
    run_command(remove_totp)
    flash_done(_("Authenticator removed"))
    return see_other("account.index")


def _authenticator_page(form: CodeForm) -> str:
    secret = pending_secret(g.actor.user_id, _seal())
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)) if secret else ""
    return render_template("account/authenticator.html", form=form, secret=spaced)


def _after_adding() -> ResponseReturnValue:
    """To the recovery codes where there are none yet."""
    return see_other(_next_page())


def _next_page() -> str:
    return "account.index" if read_factors(g.actor.user_id).recovery_codes else "account.recovery"


# passkeys -------------------------------------------------------------------------------------------------------------
@area.route("/passkeys/new", permission=SIGNED_IN)
@proven("account.passkey_new")
def passkey_new() -> str:
    """The name, and a button for the browser to make the key."""
    return render_template("account/passkey.html", form=PasskeyForm(formdata=None))


@area.route("/passkeys/options", permission=SIGNED_IN, methods=["POST"])
@proven("account.passkey_new", script=True)
def passkey_options() -> ResponseReturnValue:
    """What the new key is to be made for."""
    try:
        return offer("register", session.script_context(), g.actor.user_id)
    except DomainError as error:
        return refused({"failed": error.code, **error.data})


@area.route("/passkeys", permission=SIGNED_IN, methods=["POST"])
@proven("account.passkey_new", script=True)
def passkey_register() -> ResponseReturnValue:
    """Keep the new key."""
    given, challenge = answered(), session.take_challenge()
    arguments = (text_in(given, "name"), challenge, given.get("credential"), relying_party())
    try:
        answer = run(register, *arguments, context=session.script_context()).data
    except DomainError as error:
        fault = error.fields.get("name")
        return refused({"failed": fault.code, **fault.data} if fault else {"failed": error.code, **error.data})
    if "failed" in answer:
        return refused(answer)
    flash_done(_("Passkey %(name)s added", name=answer["name"]))
    return go_on(url_for(_next_page()))


@area.route("/passkeys/<int:passkey_id>/remove", permission=SIGNED_IN, methods=["POST"])
@proven("account.index")
def passkey_remove(passkey_id: int) -> ResponseReturnValue:
    """Take a passkey away."""
    name = run_command(remove_passkey, passkey_id)["name"]
    flash_done(_("Passkey %(name)s removed", name=name))
    return see_other("account.index")


# recovery codes -------------------------------------------------------------------------------------------------------
@area.route("/recovery-codes", permission=SIGNED_IN)
@proven("account.recovery")
def recovery() -> ResponseReturnValue:
    """How many are left, and the button that makes new ones."""
    factors = read_factors(g.actor.user_id)
    if not factors.any:
        return see_other("account.index")
    return render_template("account/recovery.html", factors=factors, codes=())


@area.route("/recovery-codes", permission=SIGNED_IN, methods=["POST"])
@proven("account.recovery")
def recovery_make() -> ResponseReturnValue:
    """Make ten new ones and show them, this once."""
    codes = new_recovery_codes()
    try:
        result = run_command(keep_recovery_codes, [recovery_hash(code) for code in codes])
    except DomainError as error:
        flash_refusal(error)
        return see_other("account.index")
    shown = () if result.replayed else codes
    return render_template("account/recovery.html", factors=read_factors(g.actor.user_id), codes=shown)
