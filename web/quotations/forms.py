"""The form of a quotation."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, StringField, TextAreaField

from web.forms import DayField, Form, Required, VersionField
from web.orders.lines import QuotationLineForm, lines_field


class QuotationForm(Form):
    """A quotation. `customer` is typed as name or code where no opportunity gives it."""

    customer = StringField(_("Customer"), [Required()])
    valid_until = DayField(_("Valid until"))
    note = TextAreaField(_("Note printed on the quotation"))
    lines = lines_field(QuotationLineForm)
    opportunity_id = HiddenField()
    version = VersionField()
