"""The form of the first run."""

from __future__ import annotations

from babel.dates import get_month_names
from flask_babel import get_locale
from flask_babel import lazy_gettext as _
from wtforms import PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core.columns import longest_texts
from core.organization import Company, User
from web.forms import Form, Required
from web.settings.forms import LogoField, time_zone_choices


class SetupForm(Form):
    """The company and its first administrator."""

    longest = longest_texts(Company) | {
        "administrator_name": longest_texts(User)["name"],
        "login": longest_texts(User)["login"],
    }

    name = StringField(_("Company name"), [Required()])
    tax_id = StringField(_("Tax number"))
    address = TextAreaField(_("Address"))
    bank_name = StringField(_("Bank"))
    bank_account = StringField(_("Bank account"))
    logo = LogoField(_("Logo"))
    currency = SelectField(
        _("Base currency"), choices=[SelectChoice(code, code) for code in ("CNY", "EUR", "USD", "GBP", "JPY", "HKD")]
    )
    chart = SelectField(
        _("Chart of accounts"),
        choices=[
            SelectChoice("cn_small", _("China, small enterprises")),
            SelectChoice("generic", _("Generic, English")),
        ],
    )
    fiscal_year_start_month = SelectField(_("Fiscal year starts in"), coerce=int)
    time_zone = SelectField(_("Time zone"), choices=time_zone_choices())
    administrator_name = StringField(_("Full name"), [Required()])
    login = StringField(_("Sign-in name"), [Required()])
    password = PasswordField(_("Password"), [Required()])

    def offer_months(self) -> None:
        """Name the months in the language of the request."""
        names = get_month_names(locale=get_locale() or "en")
        self.fiscal_year_start_month.choices = [SelectChoice(number, names[number]) for number in range(1, 13)]
