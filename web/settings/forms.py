"""The form of the company's settings."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core.columns import longest_texts
from core.company import LOGO_TYPES, MAX_LOGO_BYTES
from core.organization import Company
from web.forms import AmountField, Form, PercentField, Required, VersionField

LANGUAGE_CHOICES = [SelectChoice("zh", "中文"), SelectChoice("en", "English")]


def time_zone_choices() -> list[SelectChoice]:
    """Time zones of places, the one of this product's first users on top."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [SelectChoice(zone, zone) for zone in ["Asia/Shanghai", "UTC", *(z for z in zones if z != "Asia/Shanghai")]]


class LogoField(FileField):
    """A picture sent with the form; `content` is None where none was chosen."""

    def __init__(self, label: Any = None, **options: Any) -> None:
        super().__init__(label, render_kw={"accept": ",".join(LOGO_TYPES)}, **options)

    @property
    def content(self) -> bytes | None:
        """What was sent; one byte more than is allowed at most, so that the command can refuse it."""
        return self.data.stream.read(MAX_LOGO_BYTES + 1) if isinstance(self.data, FileStorage) else None


class CompanyForm(Form):
    """What may change while the books are open. Tax rate in percent; `version` is that of the row shown."""

    longest = longest_texts(Company)

    name = StringField(_("Company name"), [Required()])
    name_english = StringField(_("Name in English"))
    tax_id = StringField(_("Tax number"))
    address = TextAreaField(_("Address"))
    phone = StringField(_("Phone"))
    email = StringField(_("E-mail"))
    bank_name = StringField(_("Bank"))
    bank_account = StringField(_("Bank account"))
    logo = LogoField(_("Logo"))
    remove_logo = BooleanField(_("Take the logo away"))
    tax_rate = PercentField(_("Usual VAT rate"), [Required()])
    payment_terms_days = AmountField(_("Usual payment terms, days"), [Required()], places=0)
    audit_years = AmountField(_("Years that audit rows are kept"), [Required()], places=0)
    file_megabytes = AmountField(_("Largest file, MB"), [Required()], places=0)
    record_megabytes = AmountField(_("Files of one record, MB"), [Required()], places=0)
    tax_rounding = SelectField(
        _("VAT is rounded"),
        choices=[SelectChoice("line", _("per line")), SelectChoice("document", _("per document"))],
    )
    tax_point = SelectField(
        _("VAT is due"),
        choices=[
            SelectChoice("issue_or_shipment", _("on fiscal invoice or shipment, whichever is first")),
            SelectChoice("invoice", _("on invoice")),
        ],
    )
    invoicing_policy = SelectField(
        _("Invoice"),
        choices=[
            SelectChoice("on_order", _("when the order is confirmed")),
            SelectChoice("on_delivery", _("when goods are shipped")),
        ],
    )
    due_from = SelectField(
        _("Terms count from"),
        choices=[SelectChoice("invoice", _("the invoice date")), SelectChoice("delivery", _("the delivery"))],
    )
    time_zone = SelectField(_("Time zone"), choices=time_zone_choices())
    language = SelectField(_("Language of documents"), choices=LANGUAGE_CHOICES)
    version = VersionField()
