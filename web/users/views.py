"""List, create, change users; end their sessions."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core import mail, second_factors, tokens
from core.errors import DomainError
from core.masks import EMAILS, shown
from core.organization import User
from core.password_links import create_invited_user, invite_user
from core.queries.user_record import open_sessions
from core.second_factors import read_factors
from core.sessions import end_sessions
from core.tokens import list_tokens
from core.users import change_user, create_user
from crm.owners import hand_over_customers
from crm.queries.departures import latest_departure
from web.account.devices import device_name
from web.account.proof import proven
from web.http import apply_errors, flash_done, flash_refusal, run_command, see_other, shown_version
from web.i18n import language
from web.merging import merge
from web.users import area
from web.users.forms import HandOverForm, UserForm
from web.users.queries import customers_owned, get_user, list_users


@area.route("", permission="users.manage")
def index() -> str:
    """All users."""
    with db.current().session() as session:
        return render_template("users/index.html", users=list_users(session, chinese=language() == "zh"))


@area.route("/new", permission="users.manage")
def new() -> str:
    """Empty form."""
    return _page(UserForm(formdata=None, language=language(), is_active=True))


@area.route("/new", permission="users.manage", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Create a user."""
    form = UserForm()
    if _valid(form):
        try:
            values = _values(form) | {"is_active": True}
            if not form.password.data and mail.current().can_send_links:
                result = run_command(create_invited_user, values)
                flash_done(_("User %(name)s created, and invited by mail", name=result["name"]))
            else:
                result = run_command(create_user, values)
                flash_done(_("User %(name)s created", name=result["name"]))
            return see_other("users.index")
        except DomainError as error:
            apply_errors(form, error)
    return _page(form), 422


@area.route("/<int:user_id>", permission="users.manage")
def edit(user_id: int) -> str:
    """One user with the open sessions."""
    return _page(_filled(user_id), user_id)


def _filled(user_id: int) -> UserForm:
    with db.current().session() as session:
        user = get_user(session, user_id)
        form = UserForm(formdata=None, obj=user)
        form.roles.data = [role.code for role in user.roles]
        form.password.data = None
        form.email.data = shown(EMAILS, user.email)
        return form


@area.route("/<int:user_id>", permission="users.manage", methods=["POST"], endpoint="change")
def change(user_id: int) -> ResponseReturnValue:
    """Save a user; deactivating or a new password ends all sessions."""
    form = UserForm()
    if _valid(form):
        try:
            result = run_command(change_user, user_id, _values(form), version=shown_version(form))
            flash_done(_("User %(name)s saved", name=result["name"]))
            return see_other("users.index")
        except DomainError as error:
            if not merge(form, error, lambda: _filled(user_id), "app_user", user_id):
                apply_errors(form, error)
    return _page(form, user_id), 422


@area.route("/<int:user_id>/end-sessions", permission="users.manage", methods=["POST"])
def end(user_id: int) -> ResponseReturnValue:
    """Sign a user out everywhere."""
    with db.current().session() as session:
        name = get_user(session, user_id).name
    run_command(end_sessions, user_id)
    flash_done(_("Sessions of %(name)s ended", name=name))
    return see_other("users.edit", user_id=user_id)


@area.route("/<int:user_id>/invite", permission="users.manage", methods=["POST"])
def invite(user_id: int) -> ResponseReturnValue:
    """Mail a link to set a password to somebody who has none."""
    try:
        result = run_command(invite_user, user_id)
        flash_done(_("An invitation to %(address)s is on its way", address=shown(EMAILS, result["email"])))
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return see_other("users.edit", user_id=user_id)


@area.route("/<int:user_id>/sessions/<int:session_id>/end", permission="users.manage", methods=["POST"])
def end_session(user_id: int, session_id: int) -> ResponseReturnValue:
    """Sign a user out of one browser."""
    run_command(end_sessions, user_id, session_id=session_id)
    flash_done(_("Session ended"))
    return see_other("users.edit", user_id=user_id)


@area.route("/<int:user_id>/tokens/<int:token_id>/end", permission="users.manage", methods=["POST"])
def end_token(user_id: int, token_id: int) -> ResponseReturnValue:
    """End one of a user's API tokens."""
    name = run_command(tokens.end_token, user_id, token_id)["name"]
    flash_done(_("Token %(name)s ended", name=name))
    return see_other("users.edit", user_id=user_id)


@area.route("/<int:user_id>/reset-factors", permission="users.manage", methods=["POST"])
@proven("users.edit")
def reset_factors(user_id: int) -> ResponseReturnValue:
    """Take all second factors of a user away, who has lost them; he is told."""
    try:
        name = run_command(second_factors.reset_factors, user_id)["name"]
        flash_done(_("Second factors of %(name)s taken away; %(name)s is told", name=name))
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return see_other("users.edit", user_id=user_id)


@area.route("/<int:user_id>/hand-over", permission="users.manage", methods=["POST"])
def hand_over(user_id: int) -> ResponseReturnValue:
    """Give all customers of a user, with their documents, to somebody else."""
    form = HandOverForm()
    with db.current().session() as session:
        user = get_user(session, user_id)
        form.offer(session, user_id)
    if form.validate():
        try:
            result = run_command(hand_over_customers, user_id, to_user_id=form.id_in("to_user_id"))
            flash_done(_("%(count)s customers handed to %(name)s", count=result["customers"], name=result["to_user"]))
            return see_other("users.edit", user_id=user_id)
        except DomainError as error:
            apply_errors(form, error)
    profile = UserForm(formdata=None, obj=user)
    profile.roles.data = [role.code for role in user.roles]
    profile.email.data = shown(EMAILS, user.email)
    return _page(profile, user_id, hand_over=form), 422


def _valid(form: UserForm) -> bool:
    with db.current().session() as session:
        form.offer_roles(session)
    return bool(form.validate())


def _values(form: UserForm) -> dict[str, Any]:
    names = ("name", "login", "email", "title", "language", "roles", "is_active")
    values = {name: form[name].data for name in names}
    if form.password.data:
        values["password"] = form.password.data
    return values


def _page(form: UserForm, user_id: int | None = None, hand_over: HandOverForm | None = None) -> str:
    with db.current().session() as session:
        form.offer_roles(session)
        user: User | None = get_user(session, user_id) if user_id else None
        customers = customers_owned(session, user_id) if user_id else 0
        if user is not None and (request.method == "GET" or hand_over):
            form.version.data = str(user.version)
        if user_id and customers and hand_over is None:
            hand_over = HandOverForm(formdata=None)
            hand_over.offer(session, user_id)
        return render_template(
            "users/form.html",
            form=form,
            user=user,
            customers=customers,
            hand_over=hand_over,
            has_left=user is not None and not user.is_active and latest_departure(user.id)[0] is not None,
            can_invite=mail.current().can_send_links,
            **_credentials(user_id),
        )


def _credentials(user_id: int | None) -> dict[str, Any]:
    """By what a user gets in: open sessions, second factors, tokens."""
    if user_id is None:
        return {}
    return {
        "sessions": open_sessions(user_id),
        "factors": read_factors(user_id),
        "tokens": list_tokens(user_id),
        "device_name": device_name,
    }
