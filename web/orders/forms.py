"""The form of an order."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import SelectField, StringField, TextAreaField

from core.columns import longest_texts
from core.queries.customers import CustomerChoice, find_customers
from crm.models import SalesOrder
from inventory.queries.stock import warehouse_choices
from web.forms import DayField, Form, Required, VersionField, options
from web.orders.lines import OrderLineForm, lines_field
from web.sentences import sentence

MOST_NAMED = 6


class OrderForm(Form):
    """A draft order. `customer` is typed as name or code; `version` is that of the draft that was shown."""

    longest = longest_texts(SalesOrder)

    customer = StringField(_("Customer"), [Required()])
    warehouse_id = SelectField(_("Warehouse"), validate_choice=False)
    requested_on = DayField(_("Deliver on"))
    customer_reference = StringField(_("Customer's order number"))
    ship_to = TextAreaField(_("Deliver to"))
    carrier = StringField(_("Carrier"))
    note = TextAreaField(_("Note printed on the order"))
    lines = lines_field(OrderLineForm)
    version = VersionField()

    def offer(self, connection: Connection) -> None:
        """Fill the choices in."""
        warehouses = warehouse_choices(connection, only_active=True)
        self.warehouse_id.choices = options(warehouses)
        if not self.warehouse_id.data and warehouses:
            self.warehouse_id.data = str(warehouses[0].id)

    @property
    def warehouse(self) -> int | None:
        return self.id_in("warehouse_id")


def find_customer(connection: Connection, field: Any) -> CustomerChoice | None:
    """The customer that is meant by what was typed; else the field says which ones it may be."""
    text = (field.data or "").strip()
    if not text:
        if not field.errors:
            field.errors = [*field.errors, sentence("required")]
        return None
    found = find_customers(connection, text, MOST_NAMED)
    if len(found) == 1:
        return found[0]
    field.errors = [*field.errors, sentence("several_customers" if found else "customer_unknown", {"found": found})]
    return None
