"""The form of an activity."""

from __future__ import annotations

from flask_babel import gettext as _now
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core.queries.reading import fetch
from crm.queries.customer_page import CONTACTS
from web.forms import DayField, Form, Required

KINDS = {
    "note": _("Note"),
    "call": _("Phone call"),
    "mail": _("Mail"),
    "visit": _("Visit"),
    "meeting": _("Meeting"),
    "task": _("Task"),
}


class ActivityForm(Form):
    """What was said or is to be done."""

    kind = SelectField(_("Kind"), choices=[SelectChoice(code, text) for code, text in KINDS.items()])
    subject = TextAreaField(_("What was said or is to be done"), [Required()])
    contact_id = SelectField(_("Contact"), validate_choice=False)
    result = StringField(_("Result"))
    planned = BooleanField(_("Still to be done"))
    due_on = DayField(_("Day"))
    opportunity_id = HiddenField()

    def offer(self, connection: Connection, customer_id: int) -> None:
        """Fill the customer's contacts in."""
        [contacts] = fetch(connection, CONTACTS(customer_id=customer_id))
        self.contact_id.choices = [SelectChoice("", _now("Nobody in particular"))] + [
            SelectChoice(str(contact.id), contact.name) for contact in contacts if contact.is_active
        ]
