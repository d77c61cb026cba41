"""How people sign in: providers of OpenID Connect beside the password."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core import database as db
from core import mail
from core.errors import DomainError
from core.masks import EMAILS, shown
from core.oidc import save_provider, unlink_identity
from core.organization import Role
from core.queries.provider_record import PROVIDERS, ProviderRecord, get_provider
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.i18n import language
from web.merging import merge
from web.settings import area

NAMES = ("name", "issuer", "client_id", "may_be_internal", "is_active")


class ProviderForm(Form):
    """A provider. The secret is never shown; left empty it stays. `version` is that of the row shown."""

    longest = {"name": 80, "issuer": 300, "client_id": 300, "secret": 500, "domains": 10000}

    name = StringField(_l("Name"), [Required()])
    issuer = StringField(_l("Issuer"), [Required()])
    client_id = StringField(_l("Client id"), [Required()])
    secret = PasswordField(_l("Client secret"))
    remove_secret = BooleanField(_l("Take the secret away"))
    domains = TextAreaField(_l("E-mail domains"))
    new_role = SelectField(_l("Who has no account yet"), validate_choice=False)
    may_be_internal = BooleanField(_l("It stands in our own network"))
    is_active = BooleanField(_l("Offered on the sign-in page"))
    version = VersionField()

    def offer_roles(self) -> None:
        """Fill the choices from the database, named in the language of the request."""
        with db.current().session() as reading:
            roles = reading.scalars(select(Role).order_by(Role.code)).all()
        chinese = language() == "zh"
        named = [
            SelectChoice(role.code, _("gets one as %(role)s", role=role.name_zh if chinese else role.name))
            for role in roles
        ]
        self.new_role.choices = [SelectChoice("", _("is refused")), *named]


@area.route("/sign-in/providers", permission="company.write", endpoint="providers")
def show_providers() -> str:
    """All providers."""
    page = PROVIDERS.page({})
    return render_template("settings/providers.html", providers=page.rows, public_url=mail.current().public_url)


@area.route("/sign-in/new", permission="company.write")
def new_provider() -> str:
    """Empty form."""
    return _page(ProviderForm(formdata=None, is_active=True))


@area.route("/sign-in/new", permission="company.write", methods=["POST"], endpoint="create_provider")
def create() -> ResponseReturnValue:
    """Make a provider."""
    form = ProviderForm()
    form.offer_roles()
    if form.validate():
        try:
            result = run_command(save_provider, _values(form))
            flash_done(_("%(name)s created", name=result["name"]))
            return see_other("settings.edit_provider", provider_id=result["id"])
        except DomainError as error:
            apply_errors(form, error)
    return _page(form), 422


@area.route("/sign-in/<int:provider_id>", permission="company.write")
def edit_provider(provider_id: int) -> str:
    """The form with what stands in the record, and who is linked to it."""
    row, _people = get_provider(provider_id)
    return _page(_filled(row), row)


def _filled(row: ProviderRecord) -> ProviderForm:
    shown = {"version": str(row.version), "domains": "\n".join(row.domains), "new_role": row.new_role or ""}
    form = ProviderForm(formdata=None, data=row._asdict() | shown)
    form.offer_roles()
    return form


@area.route("/sign-in/<int:provider_id>", permission="company.write", methods=["POST"], endpoint="change_provider")
def change(provider_id: int) -> ResponseReturnValue:
    """Save a provider."""
    row, _people = get_provider(provider_id)
    form = ProviderForm()
    form.offer_roles()
    if form.validate():
        try:
            result = run_command(save_provider, _values(form), provider_id=provider_id, version=shown_version(form))
            flash_done(_("%(name)s saved", name=result["name"]))
            return see_other("settings.providers")
        except DomainError as error:
            if not merge(form, error, lambda: _filled(get_provider(provider_id)[0]), "oidc_provider", provider_id):
                apply_errors(form, error)
    return _page(form, row), 422


@area.route("/sign-in/<int:provider_id>/people/<int:identity_id>/unlink", permission="company.write", methods=["POST"])
def unlink(provider_id: int, identity_id: int) -> ResponseReturnValue:
    """Take somebody's link to the provider away."""
    result = run_command(unlink_identity, provider_id, identity_id)
    flash_done(_("%(email)s is linked no more", email=shown(EMAILS, result["email"])))
    return see_other("settings.edit_provider", provider_id=provider_id)


def _values(form: ProviderForm) -> dict[str, Any]:
    values: dict[str, Any] = {name: form[name].data for name in NAMES}
    values["domains"] = (form.domains.data or "").replace(",", "\n").split("\n")
    values["new_role"] = form.new_role.data or None
    if form.remove_secret.data:
        values["secret"] = None
    elif form.secret.data:
        values["secret"] = form.secret.data
    return values


def _page(form: ProviderForm, row: ProviderRecord | None = None) -> str:
    form.offer_roles()
    people = get_provider(row.id)[1] if row else []
    base = mail.current().public_url
    back = base + url_for("sign_in.oidc_callback", provider_id=row.id) if row and base else None
    return render_template("settings/provider_form.html", form=form, provider=row, people=people, back=back)
