"""The form of a receipt or an adjustment: where, from whom or why, and lines."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import FormField, SelectField, StringField

from core.columns import longest_texts
from core.queries.suppliers import supplier_choices
from inventory.models import StockDocument
from inventory.queries.stock import warehouse_choices
from web.forms import Form, LineForm, PriceField, QuantityField, Rows, options

EMPTY_LINES = 3


class StockLineForm(LineForm):
    """One line; an empty product leaves the line out."""

    product = StringField(_("Product"))
    quantity = QuantityField(_("Quantity"))
    price = PriceField(_("Unit cost"))


class StockForm(Form):
    """A receipt (supplier) or an adjustment (reason)."""

    longest = longest_texts(StockDocument)

    warehouse_id = SelectField(_("Warehouse"), validate_choice=False)
    supplier_id = SelectField(_("Supplier"), validate_choice=False)
    reason = StringField(_("Reason"))
    lines = Rows(FormField(StockLineForm), min_entries=1, most=200)

    def offer(self, connection: Connection) -> None:
        """Fill the choices, and keep empty lines at the end."""
        self.warehouse_id.choices = options(warehouse_choices(connection, only_active=True))
        if "supplier_id" in self:
            self.supplier_id.choices = options(supplier_choices(connection), gettext("None"))
        used = max(
            (index for index, entry in enumerate(self.lines.entries, start=1) if entry.form.product.data), default=0
        )
        while len(self.lines.entries) < max(used + EMPTY_LINES, 5):
            self.lines.append_entry()
