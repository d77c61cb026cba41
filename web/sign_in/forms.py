"""The sign-in form."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, PasswordField, StringField

from web.forms import Form

LONGEST_PASSWORD = 200


class SignInForm(Form):
    """Name and password. `next` is where to go afterwards, on this site only."""

    login = StringField(_("Sign-in name"))
    password = PasswordField(_("Password"))
    next = HiddenField()
