"""Mail: whether it can be sent, and what became of the last ones."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core import database as db
from core import mail
from core.errors import DomainError, NotFound
from core.masks import EMAILS, shown
from core.organization import User
from core.queries.mail_record import MAILS
from web.http import flash_done, flash_refusal, run_command, see_other
from web.i18n import language
from web.settings import area

KINDS = {
    "password_reset": _l("Password reset"),
    "invitation": _l("Invitation"),
    "password_changed": _l("Password changed"),
    "notice": _l("Notification"),
    "digest": _l("Daily mail"),
    "test": _l("Test mail"),
}
STATES = {
    "waiting": ("mute", _l("Waiting")),
    "sending": ("info", _l("Being sent")),
    "sent": ("ok", _l("Sent")),
    "failed": ("bad", _l("Failed")),
    "unknown": ("warn", _l("Unknown")),
}
MAY_GO_AGAIN = ("waiting", "failed", "unknown")


@area.route("/mail", permission="company.write", endpoint="mail")
def show_mail() -> ResponseReturnValue:
    """The server as it is set, never its password, and the last mails, never their text."""
    return _page(request.args.get("after"))


@area.route("/mail/test", permission="company.write", methods=["POST"])
def send_test() -> ResponseReturnValue:
    """A mail to oneself."""
    try:
        result = run_command(mail.send_test_mail, email=_own_address(), language=language())
        flash_done(_("A test mail to %(address)s is on its way", address=result["recipient"]))
    except DomainError as error:
        if "email" in error.fields:
            error = DomainError("own_email_missing")
        flash_refusal(error)
    return see_other("settings.mail")


@area.route("/mail/<int:message_id>/again", permission="company.write", methods=["POST"])
def send_mail_again(message_id: int) -> ResponseReturnValue:
    """Send a mail that failed, waits or was lost."""
    try:
        result = run_command(mail.send_again, message_id)
        flash_done(_("The mail to %(address)s is on its way again", address=shown(EMAILS, result["recipient"])))
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return see_other("settings.mail")


@area.route("/mail/<int:message_id>", permission="company.write")
def read_mail(message_id: int) -> ResponseReturnValue:
    """In the demo company, which mails nothing: what a mail would say. Elsewhere nobody reads other people's mail."""
    if not _is_demo():
        raise NotFound("mail_message", message_id)
    said = mail.compose_stored(message_id)
    return render_template("settings/mail_text.html", message_id=message_id, said=said, kinds=KINDS)


def _is_demo() -> bool:
    return str(getattr(current_app.extensions["settings"], "environment", "")) == "demo"


def _own_address() -> str | None:
    with db.current().session() as reading:
        user = reading.get(User, g.actor.user_id)
        return user.email if user else None


def _page(after: str | None) -> str:
    page: Any = MAILS.page({}, after)
    return render_template(
        "settings/mail.html", mails=page.rows, next=page.next, settings=mail.current(), kinds=KINDS, states=STATES,
        may_go_again=MAY_GO_AGAIN, may_read=_is_demo(),
    )  # fmt: skip
