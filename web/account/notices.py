"""How I am told: in the application, by mail at once, in a daily mail, or not at all; by kind."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from core import database as db
from core import mail
from core.errors import DomainError
from core.notices import KINDS, WAYS, choose_ways
from core.organization import User
from core.queries.notices import Setting, setting_of
from web.account import area
from web.forms import Form, VersionField, options
from web.http import apply_errors, flash_done, run_command, see_other, version_in
from web.merging import merge
from web.notices.sentences import LOOKS
from web.permissions import SIGNED_IN, may

WAY_NAMES = {
    "app": _l("In the application"),
    "mail": _l("Here, and by mail at once"),
    "digest": _l("Here, and in the daily mail"),
    "none": _l("Not at all"),
}


class NoticesForm(Form):
    """The hour of the daily mail; the ways stand beside it, by kind."""

    digest_hour = SelectField(
        _l("The daily mail comes at"), choices=options((hour, f"{hour:02}:00") for hour in range(24))
    )
    version = VersionField()


@area.route("/notifications", permission=SIGNED_IN, endpoint="notices")
def show_notices() -> str:
    """What comes which way."""
    setting = setting_of(g.actor.user_id)
    return _page(_filled(setting), setting)


def _filled(setting: Setting) -> NoticesForm:
    return NoticesForm(formdata=None, digest_hour=str(setting.digest_hour), version=str(setting.version or ""))


@area.route("/notifications", permission=SIGNED_IN, methods=["POST"], endpoint="notices_save")
def save_notices() -> ResponseReturnValue:
    """Choose the ways."""
    form, setting = NoticesForm(), setting_of(g.actor.user_id)
    chosen = {code: request.form[f"way-{code}"] for code in _offered() if f"way-{code}" in request.form}
    if form.validate():
        try:
            hour = int(form.digest_hour.data)
            run_command(choose_ways, chosen, digest_hour=hour, version=version_in(form.version.data))
            flash_done(_("Saved: this is how you are told from now on"))
            return see_other("account.notices")
        except DomainError as error:
            user_id = g.actor.user_id
            if not merge(form, error, lambda: _filled(setting_of(user_id)), "notice_setting", user_id, only_own=True):
                apply_errors(form, error)
    return _page(form, setting._replace(choices={**setting.choices, **chosen})), 422


def _offered() -> list[str]:
    """The kinds that can come to who is signed in, and that he may choose a way for."""
    return [code for code, kind in KINDS.items() if not kind.is_fixed and may(kind.permission)]


def _page(form: NoticesForm, setting: Setting) -> str:
    rows: list[tuple[str, Any, str]] = [(code, LOOKS[code][0], setting.choices[code]) for code in _offered()]
    with db.current().session() as reading:
        user = reading.get(User, g.actor.user_id)
    return render_template(
        "account/notices.html",
        form=form,
        rows=rows,
        ways=[(way, WAY_NAMES[way]) for way in WAYS],
        address=user.email if user else None,
        can_send=mail.current().can_send,
    )
