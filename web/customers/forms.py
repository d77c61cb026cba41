"""Forms of customers, contacts and addresses. They only parse; the commands decide."""

from __future__ import annotations

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _now
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core.columns import longest_texts
from core.parties import Address, Contact, Customer
from core.queries.reading import fetch, read
from crm.queries.choices import OWNERS, TERMS
from crm.queries.customer_page import CONTACTS
from web.forms import AmountField, Form, Required, VersionField, options
from web.i18n import language
from web.permissions import may

LIFECYCLES = {
    "potential": _("Potential"),
    "new": _("New customer"),
    "active": _("Active customer"),
    "at_risk": _("At risk"),
    "lost": _("Lost customer"),
}
LIFECYCLE_TONES = {"potential": "mute", "new": "info", "active": "ok", "at_risk": "warn", "lost": "bad"}
CHANNELS = {
    "": _("No preference"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "wechat": _("WeChat"),
    "visit": _("Visit"),
}


def country_choices() -> list[SelectChoice]:
    """All countries by name in the language of the request, the usual ones on top."""
    names = (get_locale() or Locale("en")).territories
    countries = {
        code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_PLACE
    }
    first = [code for code in ("CN", "HK", "TW", "US", "DE") if code in countries]
    rest = sorted((code for code in countries if code not in first), key=lambda code: countries[code])
    return options((code, countries[code]) for code in first + rest)


_NO_PLACE = frozenset({"ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"})


def country_name(code: str) -> str:
    """A country's name in the language of the request."""
    return str((get_locale() or Locale("en")).territories.get(code, code))


def contact_options(connection: Connection, customer_id: int | None) -> list[SelectChoice]:
    """The people still at a customer's, and nobody."""
    contacts = fetch(connection, CONTACTS(customer_id=customer_id))[0] if customer_id else []
    return options(
        ((contact.id, contact.name) for contact in contacts if contact.is_active), _now("Nobody in particular")
    )


class CustomerForm(Form):
    """A customer as people edit it. `version` is that of the record that was shown."""

    longest = longest_texts(Customer)
    record_type = "customer"

    name = StringField(_("Name"), [Required()])
    legal_name = StringField(_("Legal name"))
    code = StringField(_("Code"))
    lifecycle = SelectField(_("Lifecycle"), default="potential", choices=options(LIFECYCLES.items()))
    owner_id = SelectField(_("Owner"), validate_choice=False)
    country = SelectField(_("Country"), validate_choice=False)
    region = StringField(_("Region"))
    city = StringField(_("City"))
    industry = StringField(_("Industry"))
    size = StringField(_("Size"))
    source = StringField(_("Source"))
    tax_id = StringField(_("Tax number"))
    phone = StringField(_("Phone"))
    email = StringField(_("E-mail"))
    website = StringField(_("Website"))
    payment_terms_id = SelectField(_("Payment terms"), validate_choice=False)
    credit_limit = AmountField(_("Credit limit"))
    note = TextAreaField(_("Note"))
    version = VersionField()

    def offer(self, owner_id: int | None = None, terms_id: int | None = None) -> None:
        """Fill the choices; who may not set credit keeps limit and terms out of the form."""
        owners, terms = read(OWNERS(also=owner_id), TERMS(also=terms_id))
        chinese = language() == "zh"
        self.owner_id.choices = options((found.id, found.name) for found in owners)
        self.country.choices = country_choices()
        self.payment_terms_id.choices = options(
            ((found.id, found.name_zh if chinese else found.name) for found in terms), _now("As in the settings")
        )
        if not may("customers.credit"):
            del self.payment_terms_id, self.credit_limit

    def values(self) -> dict[str, object]:
        """What the command takes."""
        values: dict[str, object] = {name: field.data for name, field in self._fields.items() if name not in _OWN}
        values |= self.custom_values()
        for name in ("owner_id", "payment_terms_id"):
            if name in values:
                values[name] = self.id_in(name)
        return values


_OWN = frozenset({"csrf_token", "version", "custom"})


class ContactForm(Form):
    """A person at the customer's."""

    longest = longest_texts(Contact)
    record_type = "contact"

    name = StringField(_("Full name"), [Required()])
    title = StringField(_("Job title"))
    decision_power = StringField(_("Decides on"))
    phone = StringField(_("Phone"))
    email = StringField(_("E-mail"))
    preferred_channel = SelectField(_("Preferred channel"), choices=options(CHANNELS.items()))
    do_not_call = BooleanField(_("Do not call"))
    note = TextAreaField(_("Note"))
    is_active = BooleanField(_("Still works there"))
    version = VersionField()


class AddressForm(Form):
    """A place of the customer's: where goods or bills go."""

    longest = longest_texts(Address)

    kind = SelectField(
        _("Used for"), choices=[SelectChoice("shipping", _("Deliveries")), SelectChoice("billing", _("Invoices"))]
    )
    name = StringField(_("Company on the label"))
    street = StringField(_("Street"), [Required()])
    postal_code = StringField(_("Postal code"))
    city = StringField(_("City"))
    region = StringField(_("Region"))
    country = SelectField(_("Country"), validate_choice=False)
    is_default = BooleanField(_("Used unless another is chosen"))
    is_active = BooleanField(_("Still in use"))
    version = VersionField()

    def offer(self) -> None:
        self.country.choices = country_choices()
