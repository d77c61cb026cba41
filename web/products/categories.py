"""Product categories: list, new, rename, take away an empty one."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from core.categories import remove_category, save_category
from core.errors import DomainError
from core.queries.categories import CategoryRecord, get_category, list_categories
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.merging import merge
from web.products import area
from web.sentences import sentence


class CategoryForm(Form):
    name = StringField(_l("Name"), [Required()])
    description = TextAreaField(_l("Description"))
    version = VersionField()


@area.route("/categories", permission="products.read")
def categories() -> str:
    """All categories with how many products stand in each."""
    return _list()


@area.route("/categories/new", permission="products.write")
def new_category() -> str:
    """Empty form."""
    return render_template("products/category.html", form=CategoryForm(formdata=None), category=None)


@area.route("/categories/new", permission="products.write", methods=["POST"])
def create_category() -> ResponseReturnValue:
    """Create a category."""
    return _save(None)


@area.route("/categories/<int:category_id>", permission="products.write")
def edit_category(category_id: int) -> str:
    """The form with what stands in the record."""
    row = get_category(category_id)
    return render_template("products/category.html", form=_filled(row), category=row)


def _filled(row: CategoryRecord) -> CategoryForm:
    return CategoryForm(formdata=None, data=row._asdict())


@area.route("/categories/<int:category_id>", permission="products.write", methods=["POST"])
def change_category(category_id: int) -> ResponseReturnValue:
    """Rename a category; its products keep it."""
    return _save(category_id)


@area.route("/categories/<int:category_id>/remove", permission="products.write", methods=["POST"])
def drop_category(category_id: int) -> ResponseReturnValue:
    """Take away an empty category."""
    try:
        result = run_command(remove_category, category_id)
    except DomainError as error:
        if error.code == "not_found":
            raise
        return _list(sentence(error.code, error.data)), error.http_status
    flash_done(_("Category %(name)s removed", name=result["name"]))
    return see_other("products.categories")


def _save(category_id: int | None) -> ResponseReturnValue:
    form = CategoryForm()
    if form.validate():
        values = {"name": form.name.data, "description": form.description.data}
        try:
            result = run_command(save_category, values, category_id=category_id, version=shown_version(form))
            flash_done(_("Category %(name)s saved", name=result["name"]))
            return see_other("products.categories")
        except DomainError as error:
            if category_id is None or not merge(
                form, error, lambda: _filled(get_category(category_id)), "product_category", category_id
            ):
                apply_errors(form, error)
    category = get_category(category_id) if category_id else None
    return render_template("products/category.html", form=form, category=category), 422


def _list(refusal: str = "") -> str:
    return render_template("products/categories.html", categories=list_categories(), refusal=refusal)
