"""Sign in, sign out."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import exists, select
from werkzeug.utils import redirect

from core import database as db
from core import sessions
from core.command import run
from core.context import SYSTEM, Context
from core.organization import Company, User
from core.sign_in import sign_in
from web.http import safe_target, see_other
from web.limits import SIGN_IN
from web.permissions import PUBLIC, SIGNED_IN
from web.sentences import sentence
from web.sign_in import area, session
from web.sign_in.forms import SignInForm

DEMO_LOGINS = ("admin", "manager", "sales", "sales2", "finance", "warehouse")


@area.route("", permission=PUBLIC)
def form() -> ResponseReturnValue:
    """The sign-in page; the first run before there is any user."""
    target = safe_target(request.args.get("next"))
    if g.actor is not None:
        return redirect(target, 303)
    with db.current().session() as reading:
        if "setup.form" in current_app.view_functions and not reading.scalar(select(exists(select(User.id)))):
            return see_other("setup.form")
    return page(SignInForm(formdata=None, next=target))


@area.route("", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def submit() -> ResponseReturnValue:
    """Check name and password; start a new session, whatever the browser had before, or ask for the second factor."""
    given = SignInForm()
    answer = run(sign_in, given.login.data or "", given.password.data or "", context=stranger(), **browser()).data
    if "failed" in answer:
        given.form_errors = [sentence(answer["failed"], answer)]
        return page(given), 429 if answer.get("seconds") else 422, retry_after(answer)
    target = safe_target(given.next.data)
    if "half" in answer:
        session.begin_half(answer["half"], target)
        return see_other("sign_in.second")
    session.begin(answer["token"])
    return redirect(target, 303)


@area.route("/out", permission=SIGNED_IN, methods=["POST"])
def sign_out() -> ResponseReturnValue:
    """End this session, here and in the database."""
    token = session.current_token()
    if token:
        context = Context(
            actor=g.actor.real, address=request.remote_addr, request_id=g.request_id, route="POST sign_in.sign_out",
            channel="browser",
        )  # fmt: skip
        run(sessions.sign_out, token, context=context)
    session.end()
    flash(_("Signed out"), "ok")
    return see_other("sign_in.form")


def stranger() -> Context:
    """Who acts before anybody is signed in. Without a key: an answer that holds a token is stored nowhere."""
    return Context(
        actor=SYSTEM,
        address=request.remote_addr,
        request_id=g.request_id,
        route=f"{request.method} {request.endpoint}",
        channel="browser",
    )


def browser() -> dict[str, Any]:
    """What a session is opened with."""
    return {
        "address": request.remote_addr,
        "user_agent": request.user_agent.string,
        "replaces": session.current_token(),
    }


def retry_after(answer: dict[str, Any]) -> dict[str, str]:
    """How long to wait, for programs."""
    return {"Retry-After": str(answer["seconds"])} if answer.get("seconds") else {}


def page(given: SignInForm) -> str:
    """The sign-in page."""
    with db.current().session() as reading:
        company = reading.execute(select(Company.name, Company.is_demo)).first()
    demo = bool(company and company.is_demo)
    return render_template(
        "sign_in/form.html", form=given, company=company and company.name, demo_logins=DEMO_LOGINS if demo else ()
    )
