"""The form of a user."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session
from wtforms import BooleanField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from core.columns import longest_texts
from core.organization import User
from web.forms import Form, Required, VersionField, options
from web.i18n import language
from web.users.queries import all_roles, who_may_take

LANGUAGE_CHOICES = [SelectChoice("zh", "中文"), SelectChoice("en", "English")]


class HandOverForm(Form):
    """Who takes over the customers."""

    to_user_id = SelectField(_("Hand all customers to"), validate_choice=False)

    def offer(self, session: Session, user_id: int) -> None:
        """Fill the choices: everybody else who is still here."""
        self.to_user_id.choices = options(
            ((user.id, user.name) for user in who_may_take(session, user_id)), gettext("Choose somebody")
        )


class UserForm(Form):
    """Name, sign-in name, roles. `version` is that of the row that was shown."""

    longest = longest_texts(User)

    name = StringField(_("Full name"), [Required()])
    login = StringField(_("Sign-in name"), [Required()])
    email = StringField(_("E-mail"))
    title = StringField(_("Job title"))
    language = SelectField(_("Language"), choices=LANGUAGE_CHOICES)
    password = PasswordField(_("Password"))
    roles = SelectMultipleField(_("Roles"), widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False)
    is_active = BooleanField(_("May sign in"))
    version = VersionField()

    def offer_roles(self, session: Session) -> None:
        """Fill the choices from the database, named in the language of the request."""
        chinese = language() == "zh"
        self.roles.choices = [
            SelectChoice(role.code, role.name_zh if chinese else role.name) for role in all_roles(session)
        ]
