"""The form of an activity."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField

from crm.activities import LONGEST_RESULT, LONGEST_SUBJECT
from web.customers.forms import contact_options
from web.forms import DayField, Form, Required, options

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

    longest = {"subject": LONGEST_SUBJECT, "result": LONGEST_RESULT}

    kind = SelectField(_("Kind"), choices=options(KINDS.items()))
    subject = TextAreaField(_("What was said or is to be done"), [Required()])
    contact_id = SelectField(_("Contact"), validate_choice=False)
    result = StringField(_("Result"))
    planned = BooleanField(_("Still to be done"))
    due_on = DayField(_("Day"))
    opportunity_id = HiddenField()

    def offer(self, connection: Connection, customer_id: int) -> None:
        """Fill the customer's contacts in."""
        self.contact_id.choices = contact_options(connection, customer_id)
