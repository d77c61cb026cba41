"""List, record, new and edit of suppliers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.utils import redirect
from wtforms import StringField

from core import database as db
from core.custom_fields.values import read_values
from core.errors import DomainError
from core.lists.reading import count, read_page
from core.lists.state import State, demand
from core.queries.paging import Window
from core.queries.suppliers import get_supplier
from core.suppliers import LIMITS, change_supplier, create_supplier
from inventory.lists.documents import DOCUMENTS
from inventory.queries.products import supplied_products
from web.custom_fields.forms import filled
from web.custom_fields.shown import facts_of
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.i18n import language
from web.lists.asking import asked
from web.lists.pages import number_of, show_list
from web.merging import merge
from web.sentences import sentence_for
from web.suppliers import area
from web.suppliers.listing import SUPPLIER_LIST
from web.undo import undo_of

RECEIPT_COLUMNS = ("number", "effective_on", "reason", "lines")


class SupplierForm(Form):
    """Everything kept about a supplier. `version` is that of the row shown."""

    longest = LIMITS
    record_type = "supplier"

    name = StringField(_l("Name"), [Required()])
    code = StringField(_l("Code"))
    country = StringField(_l("Country"), [Required()])
    contact_name = StringField(_l("Contact"))
    contact_title = StringField(_l("Job title"))
    phone = StringField(_l("Phone"))
    email = StringField(_l("E-mail"))
    website = StringField(_l("Website"))
    street = StringField(_l("Street"))
    postal_code = StringField(_l("Postal code"))
    city = StringField(_l("City"))
    region = StringField(_l("Region"))
    version = VersionField()

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        return {name: self[name].data for name in LIMITS} | self.custom_values()


@sentence_for("duplicate_supplier")
def _duplicate_supplier(data: Mapping[str, Any]) -> str:
    return _("There is a supplier of this name in this country already.")


@area.before_request
def _stand_in_stock() -> None:
    g.nav = "products.index"


@area.route("", permission="suppliers.read")
def index() -> ResponseReturnValue:
    """All suppliers."""
    return show_list(SUPPLIER_LIST)


@area.route("/<int:supplier_id>", permission="suppliers.read")
def show(supplier_id: int) -> str:
    """One supplier with what it delivers."""
    who, received = asked(), State().asking(demand("supplier", "in", supplier_id))
    with db.current().reading() as connection:
        supplier = get_supplier(connection, supplier_id)
        return render_template(
            "suppliers/show.html",
            supplier=supplier,
            more=facts_of("supplier", read_values(connection, "supplier", [supplier_id]).get(supplier_id)),
            products=supplied_products(connection, supplier_id, chinese=language() == "zh"),
            receipts=read_page(connection, DOCUMENTS, received, who, RECEIPT_COLUMNS, Window("-recorded_at", limit=10)),
            received=number_of(count(connection, DOCUMENTS, received, who)[0]),
        )


@area.route("/new", permission="suppliers.write")
def new() -> str:
    """Empty form."""
    return _form(SupplierForm(formdata=None, country="CN"))


@area.route("/new", permission="suppliers.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Create a supplier."""
    form = SupplierForm()
    if form.validate():
        try:
            result = run_command(create_supplier, form.values())
            flash_done(_("Supplier %(name)s created", name=result["name"]))
            return see_other("suppliers.show", supplier_id=result["id"])
        except DomainError as error:
            apply_errors(form, error)
    return _form(form), 422


@area.route("/<int:supplier_id>/edit", permission="suppliers.write")
def edit(supplier_id: int) -> str:
    """The form with what stands in the record."""
    return _form(_filled(supplier_id), supplier_id)


def _filled(supplier_id: int) -> SupplierForm:
    with db.current().reading() as connection:
        record = get_supplier(connection, supplier_id)
        custom = filled("supplier", read_values(connection, "supplier", [supplier_id]).get(supplier_id))
    return SupplierForm(formdata=None, data=record._asdict() | {"version": str(record.version)}, custom=custom)


@area.route("/<int:supplier_id>/edit", permission="suppliers.write", methods=["POST"], endpoint="change")
def change(supplier_id: int) -> ResponseReturnValue:
    """Save a supplier; when somebody else saved meanwhile, put both's entries together."""
    form = SupplierForm()
    if form.validate():
        try:
            result = run_command(change_supplier, supplier_id, form.values(), version=shown_version(form))
            there = url_for("suppliers.show", supplier_id=supplier_id)
            undo = undo_of("supplier", supplier_id, shown_version(form), result["version"], there)
            flash_done(_("Supplier %(name)s saved", name=result["name"]), undo)
            return redirect(there, 303)
        except DomainError as error:
            if not merge(form, error, lambda: _filled(supplier_id), "supplier", supplier_id):
                apply_errors(form, error)
    return _form(form, supplier_id), 422


def _form(form: SupplierForm, supplier_id: int | None = None) -> str:
    supplier = None
    if supplier_id:
        with db.current().reading() as connection:
            supplier = get_supplier(connection, supplier_id)
    return render_template("suppliers/form.html", form=form, supplier=supplier)
