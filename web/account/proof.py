"""Showing again who one is before what matters: second factors, the password, tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.utils import redirect
from wtforms import HiddenField, PasswordField, StringField

from core.errors import DomainError
from core.second_factors import read_factors, seal_of
from core.sign_in import prove_by_passkey, prove_by_secret
from web.account import area
from web.forms import Form
from web.http import safe_target, see_other
from web.permissions import SIGNED_IN
from web.sentences import sentence
from web.sign_in import session
from web.sign_in.passkeys import answered, go_on, offer, refused, relying_party, text_in

View = Callable[..., ResponseReturnValue]


class ProofForm(Form):
    """The password, or a code where there is a second factor. `next` is where to go afterwards."""

    password = PasswordField(_l("Password"))
    code = StringField(_l("Security code"))
    next = HiddenField()


def proven(page: str, *, script: bool = False) -> Callable[[View], View]:
    """Lets a view be only for who has proved lately who he is; others do so first and come back to the address asked
    for, after a post to `page`."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> ResponseReturnValue:
            if g.actor.read_only:  # who looks as somebody has proved who he is himself, not who that one is
                raise DomainError("viewing_as", http_status=403, name=g.actor.name)
            if session.is_proven():
                return view(*arguments, **named)
            back = request.full_path.rstrip("?") if request.method == "GET" else _address(page, named)
            if script:
                return go_on(url_for("account.prove", next=back))
            return see_other("account.prove", next=back)

        return guarded

    return wrap


def _address(page: str, named: dict[str, Any]) -> str:
    return url_for(page, **(named if page.startswith("users.") else {}))


@area.route("/prove", permission=SIGNED_IN)
def prove() -> str:
    """Ask for the password or a factor."""
    return _page(ProofForm(formdata=None, next=safe_target(request.args.get("next"), "/account")))


@area.route("/prove", permission=SIGNED_IN, methods=["POST"])
def prove_submit() -> ResponseReturnValue:
    """Check it; this session gets a new token."""
    form = ProofForm()
    given = {"password": form.password.data or "", "code": form.code.data or ""}
    answer = session.run_renewing(prove_by_secret, **given, seal=seal_of(current_app.config["SECRET_KEY"])).data
    if "failed" in answer:
        form.form_errors = [sentence(answer["failed"], answer)]
        return _page(form), 429 if answer.get("seconds") else 422
    return redirect(safe_target(form.next.data, "/account"), 303)


@area.route("/prove/passkey/options", permission=SIGNED_IN, methods=["POST"])
def prove_options() -> ResponseReturnValue:
    """What a passkey of the one signed in is to sign."""
    return offer("prove", session.script_context(), g.actor.user_id)


@area.route("/prove/passkey", permission=SIGNED_IN, methods=["POST"])
def prove_passkey() -> ResponseReturnValue:
    """Check what the passkey signed; this session gets a new token."""
    given, challenge = answered(), session.take_challenge()
    answer = session.run_scripted(prove_by_passkey, challenge, given.get("credential"), relying_party())
    if "failed" in answer:
        return refused(answer)
    return go_on(safe_target(text_in(given, "next"), "/account"))


def _page(form: ProofForm) -> str:
    return render_template("account/prove.html", form=form, factors=read_factors(g.actor.user_id))
