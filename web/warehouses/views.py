"""List, new and edit of warehouses."""

from __future__ import annotations

from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField

from core import database as db
from core.columns import longest_texts
from core.errors import DomainError
from inventory.catalog import save_warehouse
from inventory.models import Warehouse
from inventory.queries.warehouses import get_warehouse, list_warehouses
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.merging import merge
from web.warehouses import area


class WarehouseForm(Form):
    """Code, name and address. `version` is that of the row shown."""

    longest = longest_texts(Warehouse)

    code = StringField(_l("Code"), [Required()])
    name = StringField(_l("Name"), [Required()])
    address = TextAreaField(_l("Address"))
    is_default = BooleanField(_l("Orders and receipts use it unless another is chosen"))
    version = VersionField()


@area.before_request
def _stand_in_stock() -> None:
    g.nav = "stock.levels"


@area.route("", permission="stock.read")
def index() -> str:
    """All warehouses."""
    with db.current().reading() as connection:
        return render_template("warehouses/index.html", warehouses=list_warehouses(connection))


@area.route("/new", permission="warehouses.write")
def new() -> str:
    """Empty form."""
    return _form(WarehouseForm(formdata=None))


@area.route("/new", permission="warehouses.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Create a warehouse; every goods product gets a level in it."""
    return _save(None)


@area.route("/<int:warehouse_id>", permission="warehouses.write")
def edit(warehouse_id: int) -> str:
    """The form with what stands in the record."""
    return _form(_filled(warehouse_id), warehouse_id)


def _filled(warehouse_id: int) -> WarehouseForm:
    with db.current().reading() as connection:
        record = get_warehouse(connection, warehouse_id)
    return WarehouseForm(formdata=None, data=record._asdict() | {"version": str(record.version)})


@area.route("/<int:warehouse_id>", permission="warehouses.write", methods=["POST"], endpoint="change")
def change(warehouse_id: int) -> ResponseReturnValue:
    """Save a warehouse."""
    return _save(warehouse_id)


def _save(warehouse_id: int | None) -> ResponseReturnValue:
    form = WarehouseForm()
    if form.validate():
        values: dict[str, Any] = {name: form[name].data for name in ("code", "name", "address", "is_default")}
        try:
            result = run_command(save_warehouse, values, warehouse_id=warehouse_id, version=shown_version(form))
            flash_done(_("Warehouse %(name)s saved", name=result["name"]))
            return see_other("warehouses.index")
        except DomainError as error:
            if not merge(form, error, lambda: _filled(warehouse_id or 0), "warehouse", warehouse_id or 0):
                apply_errors(form, error)
    return _form(form, warehouse_id), 422


def _form(form: WarehouseForm, warehouse_id: int | None = None) -> str:
    warehouse = None
    if warehouse_id:
        with db.current().reading() as connection:
            warehouse = get_warehouse(connection, warehouse_id)
    return render_template("warehouses/form.html", form=form, warehouse=warehouse)
