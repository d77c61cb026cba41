"""Payment terms: list, new, rename, archive."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField

from core.errors import DomainError
from core.queries.terms import TermsRecord, get_terms, list_terms
from core.terms import change_terms, create_terms
from web.forms import AmountField, Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.merging import merge
from web.settings import area


class TermsForm(Form):
    """Names, and once only code and days."""

    code = StringField(_l("Code"))
    name = StringField(_l("Name in English"), [Required()])
    name_zh = StringField(_l("Name in Chinese"))
    days = AmountField(_l("Days"), places=0)
    is_active = BooleanField(_l("Offered for customers"))
    version = VersionField()


@area.route("/terms", permission="company.write", endpoint="terms")
def show_terms() -> str:
    """All payment terms with how many customers have them."""
    return render_template("settings/terms.html", terms=list_terms())


@area.route("/terms/new", permission="company.write")
def new_terms() -> str:
    """Empty form."""
    return _page(TermsForm(formdata=None, is_active=True))


@area.route("/terms/new", permission="company.write", methods=["POST"], endpoint="create_terms")
def create() -> ResponseReturnValue:
    """Make payment terms."""
    form = TermsForm()
    if form.validate():
        days = form.days.data
        values = {name: form[name].data for name in ("code", "name", "name_zh")}
        try:
            result = run_command(create_terms, values | {"days": None if days is None else int(days)})
            flash_done(_("%(name)s created", name=result["name"]))
            return see_other("settings.terms")
        except DomainError as error:
            apply_errors(form, error)
    return _page(form), 422


@area.route("/terms/<int:terms_id>", permission="company.write")
def edit_terms(terms_id: int) -> str:
    """The form with what stands in the record."""
    row = get_terms(terms_id)
    return _page(_filled(row), row)


def _filled(row: TermsRecord) -> TermsForm:
    return TermsForm(formdata=None, data=row._asdict())


@area.route("/terms/<int:terms_id>", permission="company.write", methods=["POST"], endpoint="change_terms")
def change(terms_id: int) -> ResponseReturnValue:
    """Rename, archive, offer again."""
    row, form = get_terms(terms_id), TermsForm()
    if form.validate():
        try:
            values = {name: form[name].data for name in ("name", "name_zh", "is_active")}
            result = run_command(change_terms, terms_id, values, version=shown_version(form))
            flash_done(_("%(name)s saved", name=result["name"]))
            return see_other("settings.terms")
        except DomainError as error:
            if not merge(form, error, lambda: _filled(get_terms(terms_id)), "payment_terms", terms_id):
                apply_errors(form, error)
    return _page(form, row), 422


def _page(form: TermsForm, row: TermsRecord | None = None) -> str:
    return render_template("settings/terms_form.html", form=form, terms=row)
