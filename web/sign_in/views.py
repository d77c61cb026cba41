"""Sign in, sign out."""

from __future__ import annotations

from flask import current_app, flash, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import exists, select
from werkzeug.utils import redirect

from core import clock, sessions
from core import database as db
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
    return _page(SignInForm(formdata=None, next=target))


@area.route("", permission=PUBLIC, methods=["POST"], limit=SIGN_IN)
def submit() -> ResponseReturnValue:
    """Check name and password; start a new session, whatever the browser had before."""
    given = SignInForm()
    answer = run(
        sign_in,
        given.login.data or "",
        given.password.data or "",
        address=request.remote_addr,
        user_agent=request.user_agent.string,
        context=Context(actor=SYSTEM, address=request.remote_addr, request_id=g.request_id),
    ).data
    if "failed" in answer:
        given.form_errors = [sentence(answer["failed"], answer)]
        return _page(given), 429 if answer.get("seconds") else 422, _retry_after(answer)
    session.begin(answer["token"])
    return redirect(safe_target(given.next.data), 303)


@area.route("/out", permission=SIGNED_IN, methods=["POST"])
def sign_out() -> ResponseReturnValue:
    """End this session, here and in the database."""
    token = session.current_token()
    if token:
        run(sessions.sign_out, token, context=Context(actor=g.actor, now=clock.now(), request_id=g.request_id))
    session.end()
    flash(_("Signed out"), "ok")
    return see_other("sign_in.form")


def _retry_after(answer: dict[str, object]) -> dict[str, str]:
    return {"Retry-After": str(answer["seconds"])} if answer.get("seconds") else {}


def _page(given: SignInForm) -> str:
    with db.current().session() as reading:
        company = reading.execute(select(Company.name, Company.is_demo)).first()
    demo = bool(company and company.is_demo)
    return render_template(
        "sign_in/form.html", form=given, company=company and company.name, demo_logins=DEMO_LOGINS if demo else ()
    )
