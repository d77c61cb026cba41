"""Forms of opportunities."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import SelectField, StringField, TextAreaField

from core.columns import longest_texts
from crm.models import Opportunity
from web.customers.forms import contact_options
from web.forms import AmountField, DayField, Form, Required, VersionField

FIELDS = ("name", "amount", "expected_close_on", "budget", "schedule", "source", "note", "competitor")


class OpportunityForm(Form):
    """An opportunity. `customer` is typed as name or code where it is new."""

    longest = longest_texts(Opportunity)
    record_type = "opportunity"

    customer = StringField(_("Customer"), [Required()])
    name = StringField(_("What it is about"), [Required()])
    amount = AmountField(_("Expected amount, net"), [Required()])
    expected_close_on = DayField(_("Expected to close"))
    contact_id = SelectField(_("Contact"), validate_choice=False)
    budget = AmountField(_("Budget"))
    schedule = StringField(_("Schedule"))
    source = StringField(_("Source"))
    competitor = StringField(_("Competitor"))
    note = TextAreaField(_("Note"))
    version = VersionField()

    def offer(self, connection: Connection, customer_id: int | None) -> None:
        """Fill the customer's contacts in."""
        self.contact_id.choices = contact_options(connection, customer_id)

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        own = {name: self[name].data for name in FIELDS} | {"contact_id": self.id_in("contact_id")}
        return own | self.custom_values()


class LoseForm(Form):
    """Why an opportunity was lost, and to whom."""

    longest = longest_texts(Opportunity)

    lost_reason = StringField(_("Why it was lost"), [Required()])
    competitor = StringField(_("Competitor"))
