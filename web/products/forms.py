"""The form of a product."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core.masks import COSTS
from core.queries.products import categories, units
from core.queries.suppliers import supplier_choices
from inventory.catalog import TEXT_LIMITS
from web.forms import Form, PercentField, PriceField, Required, VersionField, options
from web.i18n import language

FIELDS = ("sku", "name", "description", "kind", "barcode", "price", "cost", "is_discontinued", "is_active")
REFERENCES = ("category_id", "unit_id", "supplier_id")


class ProductForm(Form):
    """Code, name, price, and what the product refers to. Tax rate in percent; `version` is that of the row shown."""

    longest = TEXT_LIMITS
    record_type = "product"

    sku = StringField(_("Code"), [Required()])
    name = StringField(_("Name"), [Required()])
    description = TextAreaField(_("Description"))
    kind = SelectField(
        _("Kind"), choices=[SelectChoice("goods", _("Goods, held in stock")), SelectChoice("service", _("Service"))]
    )
    barcode = StringField(_("Barcode"))
    category_id = SelectField(_("Category"), validate_choice=False)
    unit_id = SelectField(_("Unit"), validate_choice=False)
    supplier_id = SelectField(_("Supplier"), validate_choice=False)
    price = PriceField(_("Price, net of tax"), [Required()])
    cost = PriceField(_("Usual cost, net of tax"), kind=COSTS)
    tax_rate = PercentField(_("VAT rate"))
    is_discontinued = BooleanField(_("Discontinued: sell what is there, do not reorder"))
    is_active = BooleanField(_("May stand on new documents"))
    version = VersionField()

    def offer(self, connection: Connection) -> None:
        """Fill the choices from the database."""
        none = gettext("None")
        self.category_id.choices = options(categories(connection), none)
        self.unit_id.choices = options(units(connection, chinese=language() == "zh"))
        self.supplier_id.choices = options(supplier_choices(connection), none)

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        values: dict[str, Any] = {name: self[name].data for name in FIELDS}
        values |= {name: self.id_in(name) for name in REFERENCES}
        rate = self.tax_rate.data
        values["tax_rate"] = None if rate is None else rate / 100
        return values | self.custom_values()

    def show(self, record: Any) -> None:
        """Take over what stands in the record."""
        for name in FIELDS:
            self[name].data = getattr(record, name)
        for name in REFERENCES:
            self[name].data = str(getattr(record, name) or "")
        self.tax_rate.data = record.tax_rate * 100
        self.version.data = str(record.version)
