"""The company's settings page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.company import COMPANY_ID, change_company, get_company
from core.errors import DomainError, NotFound
from core.masks import BANK_DETAILS, shown
from core.organization import Company
from core.queries.company import LOGO
from core.queries.reading import read_one
from web.forms import add_error
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.merging import merge
from web.permissions import SIGNED_IN
from web.settings import area
from web.settings.forms import CompanyForm

FIELDS = (
    "name",
    "name_english",
    "tax_id",
    "address",
    "phone",
    "email",
    "bank_name",
    "bank_account",
    "tax_rounding",
    "tax_point",
    "invoicing_policy",
    "due_from",
    "time_zone",
    "language",
)
NUMBERS = ("payment_terms_days", "audit_years", "file_megabytes", "record_megabytes")


@area.route("", permission="company.write")
def company() -> str:
    """The settings as they are."""
    with db.current().session() as session:
        row = get_company(session)
        return _page(_filled(row), row)


def _filled(row: Company) -> CompanyForm:
    form = CompanyForm(formdata=None, obj=row)
    form.bank_account.data = shown(BANK_DETAILS, row.bank_account)
    form.tax_rate.data = row.tax_rate * 100
    for name in NUMBERS:
        form[name].data = Decimal(getattr(row, name))
    return form


@area.route("", permission="company.write", methods=["POST"], endpoint="save")
def save() -> ResponseReturnValue:
    """Save the settings."""
    form = CompanyForm()
    has_picture = form.logo.data is not None
    if form.validate():
        try:
            run_command(change_company, _values(form), version=shown_version(form))
            flash_done(_("Settings saved"))
            return see_other("settings.company")
        except DomainError as error:
            if not merge(form, error, _standing, "company", COMPANY_ID):
                apply_errors(form, error)
    if has_picture and not form.logo.errors:
        add_error(form, form.logo, _("Choose the picture once more: a page cannot keep it."))
    with db.current().session() as session:
        return _page(form, get_company(session)), 422


def _standing() -> CompanyForm:
    with db.current().session() as session:
        return _filled(get_company(session))


def _page(form: CompanyForm, row: Company) -> str:
    return render_template("settings/company.html", form=form, currency=row.currency, logo=row.logo_type)


@area.route("/logo", permission=SIGNED_IN)
def logo() -> ResponseReturnValue:
    """The company's logo as it was handed in."""
    found = read_one(LOGO())
    if found is None or found.content is None:
        raise NotFound("logo")
    return Response(found.content, mimetype=found.media_type)


def _values(form: CompanyForm) -> dict[str, Any]:
    values: dict[str, Any] = {name: form[name].data for name in FIELDS}
    rate = form.tax_rate.data
    if form.remove_logo.data:
        values["logo"] = None
    if (content := form.logo.content) is not None:
        values["logo"] = content
    values["tax_rate"] = None if rate is None else rate / 100
    for name in NUMBERS:
        values[name] = None if form[name].data is None else int(form[name].data)
    return values
