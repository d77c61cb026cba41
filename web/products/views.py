"""List, record, new and edit of products; reorder points."""

from __future__ import annotations

from decimal import Decimal

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core import database as db
from core.columns import read_id
from core.custom_fields.values import read_values, values_of
from core.errors import DomainError, NotFound
from core.money import LARGEST_QUANTITY, QUANTITY_PLACES
from inventory.catalog import change_product, create_product, set_reorder_point
from inventory.queries.products import (
    get_product,
    levels_of,
    recent_moves,
    reservations_of,
)
from web.custom_fields.forms import filled
from web.custom_fields.shown import facts_of
from web.filters import plain
from web.forms import read_number
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.i18n import language
from web.lists.pages import show_list
from web.merging import merge
from web.products import area
from web.products.forms import ProductForm
from web.products.listing import PRODUCT_LIST
from web.sentences import sentence
from web.undo import undo_of


@area.route("", permission="products.read")
def index() -> ResponseReturnValue:
    """All products with their stock."""
    return show_list(PRODUCT_LIST)


@area.route("/<int:product_id>", permission="products.read")
def show(product_id: int) -> str:
    """One product."""
    return _record(product_id)


def _record(product_id: int, *, faulty: int | None = None, typed: str = "", fault: str = "") -> str:
    with db.current().reading() as connection:
        return render_template(
            "products/show.html",
            product=get_product(connection, product_id, chinese=language() == "zh"),
            levels=levels_of(connection, product_id),
            reservations=reservations_of(connection, product_id),
            moves=recent_moves(connection, product_id),
            more=facts_of("product", read_values(connection, "product", [product_id]).get(product_id)),
            faulty=faulty,
            typed=typed,
            fault=fault,
        )


@area.route("/new", permission="products.write")
def new() -> str:
    """Empty form."""
    return _form(ProductForm(formdata=None, is_active=True))


@area.route("/new", permission="products.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Create a product."""
    form = ProductForm()
    if form.validate():
        try:
            result = run_command(create_product, form.values() | {"is_active": True})
            flash_done(_("Product %(name)s created", name=result["name"]))
            return see_other("products.show", product_id=result["id"])
        except DomainError as error:
            apply_errors(form, error)
    return _form(form), 422


@area.route("/<int:product_id>/edit", permission="products.write")
def edit(product_id: int) -> str:
    """The form with what stands in the record."""
    return _form(_filled(product_id), product_id)


def _filled(product_id: int) -> ProductForm:
    custom = filled("product", values_of("product", [product_id]).get(product_id))
    form = ProductForm(formdata=None, custom=custom)
    with db.current().reading() as connection:
        form.show(get_product(connection, product_id, chinese=False))
        form.offer(connection)
    return form


@area.route("/<int:product_id>/edit", permission="products.write", methods=["POST"], endpoint="change")
def change(product_id: int) -> ResponseReturnValue:
    """Save a product; when somebody else saved meanwhile, put both's entries together."""
    form = ProductForm()
    if form.validate():
        try:
            result = run_command(change_product, product_id, form.values(), version=shown_version(form))
            there = url_for("products.show", product_id=product_id)
            undo = undo_of("product", product_id, shown_version(form), result["version"], there)
            flash_done(_("Product %(name)s saved", name=result["name"]), undo)
            return redirect(there, 303)
        except DomainError as error:
            if not merge(form, error, lambda: _filled(product_id), "product", product_id):
                apply_errors(form, error)
    return _form(form, product_id), 422


@area.route("/<int:product_id>/reorder-point", permission="stock.plan", methods=["POST"])
def reorder_point(product_id: int) -> ResponseReturnValue:
    """Set the reorder point of one warehouse; an empty field removes it. Refused where it is no longer what was
    shown; the way back names what it was, in the address."""
    text, where = request.values.get("quantity", "").strip(), request.values.get("warehouse_id", "")
    warehouse_id = read_id(where)
    if warehouse_id is None:
        raise NotFound("warehouse", where)
    try:
        quantity = _point(text)
        seen = (_point(request.values["was"]),) if "was" in request.values else ()
    except ValueError as unread:
        return _record(product_id, faulty=warehouse_id, typed=text, fault=str(unread)), 422
    try:
        run_command(set_reorder_point, product_id, warehouse_id, quantity, seen=seen)
    except DomainError as error:
        if error.http_status == 404:
            raise
        codes = [sentence(field.code, field.data) for field in error.fields.values()]
        fault = " ".join(codes) or _point_refused(error)
        return _record(product_id, faulty=warehouse_id, typed=text, fault=fault), error.http_status
    undo = None
    if seen:
        before, now = plain(seen[0]), plain(quantity)
        undo = url_for(
            "products.reorder_point", product_id=product_id, warehouse_id=warehouse_id, quantity=before, was=now
        )
    flash_done(_("Reorder point saved") if text else _("Reorder point removed"), undo)
    return see_other("products.show", product_id=product_id)


def _point(text: str) -> Decimal | None:
    return read_number(text.strip(), places=QUANTITY_PLACES, largest=LARGEST_QUANTITY) if text.strip() else None


def _point_refused(error: DomainError) -> str:
    if error.code != "changed_since":
        return sentence(error.code, error.data)
    return _(
        "Somebody changed it meanwhile: it now says “%(value)s”. Your entry is kept; save it again.",
        value=plain(error.data["now"]),
    )


def _form(form: ProductForm, product_id: int | None = None) -> str:
    with db.current().reading() as connection:
        form.offer(connection)
        product = get_product(connection, product_id, chinese=language() == "zh") if product_id else None
    return render_template("products/form.html", form=form, product=product)
