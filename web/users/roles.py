"""Roles: the list, the form with its permissions by area, and taking an own one away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from core.columns import longest_texts
from core.errors import DomainError
from core.organization import Role, RowScope
from core.permissions import PERMISSIONS
from core.queries.roles import HolderRecord, RoleRecord, get_role, list_roles
from core.roles import ADMINISTRATOR, change_role, create_role, remove_role
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.i18n import language
from web.lists.address import id_of
from web.merging import merge
from web.sentences import sentence
from web.users import area
from web.users.names import areas, permission_text, role_name, scope_name, scope_text


class RoleForm(Form):
    """Names, whose records are seen, and permissions. `everything` names areas all of whose permissions are meant."""

    longest = longest_texts(Role)
    name = StringField(_l("Name in English"), [Required()])
    name_zh = StringField(_l("Name in Chinese"))
    row_scope = RadioField(_l("Whose records"), validate_choice=False)
    permissions = SelectMultipleField(
        _l("Permissions"), widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False
    )
    everything = SelectMultipleField(_l("All of it"), validate_choice=False)
    version = VersionField()

    def offer(self) -> None:
        """The scopes with what they mean, and all permissions."""
        self.row_scope.choices = [
            SelectChoice(scope.value, _("%(scope)s: %(meaning)s", scope=scope_name(scope), meaning=scope_text(scope)))
            for scope in RowScope
        ]
        self.permissions.choices = [SelectChoice(name, permission_text(name)) for name in PERMISSIONS]
        self.everything.choices = [SelectChoice(group.key, group.label) for group in areas()]

    def values(self) -> dict[str, Any]:
        """What the commands take."""
        chosen = list(self.permissions.data or ())
        for group in areas():
            if group.key in (self.everything.data or ()):
                chosen += group.permissions
        return {
            "name": self.name.data,
            "name_zh": self.name_zh.data,
            "row_scope": self.row_scope.data,
            "permissions": chosen,
        }


@area.route("/roles", permission="users.manage", endpoint="roles")
def show_roles() -> str:
    """All roles."""
    return _list()


@area.route("/roles/new", permission="users.manage", endpoint="new_role")
def new_role() -> str:
    """A role of the company's own; `copy` fills the form with what another one has."""
    copied = id_of("copy")
    values: Mapping[str, Any] = {"row_scope": RowScope.OWN, "permissions": ["home.read"]}
    if copied:
        role, _holders = get_role(copied)
        values = {"row_scope": role.row_scope, "permissions": role.permissions}
    return _page(RoleForm(formdata=None, data=values))


@area.route("/roles/new", permission="users.manage", methods=["POST"], endpoint="create_role")
def create() -> ResponseReturnValue:
    """Make a role."""
    form = RoleForm()
    form.offer()
    if form.validate():
        try:
            return _done(run_command(create_role, form.values()).data)
        except DomainError as error:
            apply_errors(form, error)
    return _page(form), 422


@area.route("/roles/<int:role_id>", permission="users.manage", endpoint="edit_role")
def edit_role(role_id: int) -> str:
    """A role with what it may do and who has it."""
    role, holders = get_role(role_id)
    return _page(_filled(role), role, holders)


def _filled(role: RoleRecord) -> RoleForm:
    form = RoleForm(formdata=None, data=role._asdict() | {"version": str(role.version)})
    form.offer()
    return form


@area.route("/roles/<int:role_id>", permission="users.manage", methods=["POST"], endpoint="change_role")
def change(role_id: int) -> ResponseReturnValue:
    """Change a role; it bites on the next request of everybody who has it."""
    role, holders = get_role(role_id)
    form = RoleForm()
    form.offer()
    if form.validate():
        values = form.values()
        if role.code == ADMINISTRATOR:
            values = {name: values[name] for name in ("name", "name_zh")}
        try:
            return _done(run_command(change_role, role_id, values, version=shown_version(form)).data)
        except DomainError as error:
            if not merge(form, error, lambda: _filled(get_role(role_id)[0]), "role", role_id):
                apply_errors(form, error)
    return _page(form, role, holders), 422


@area.route("/roles/<int:role_id>/remove", permission="users.manage", methods=["POST"], endpoint="remove_role")
def remove(role_id: int) -> ResponseReturnValue:
    """Take away an own role that nobody has."""
    try:
        result = run_command(remove_role, role_id).data
    except DomainError as error:
        if error.http_status == 404:
            raise
        return _list(refusal=sentence(error.code, error.data)), error.http_status
    flash_done(_("Role %(name)s removed", name=result["name_zh" if language() == "zh" else "name"]))
    return see_other("users.roles")


def _done(result: Mapping[str, Any]) -> ResponseReturnValue:
    flash_done(_("Role %(name)s saved", name=result["name_zh" if language() == "zh" else "name"]))
    return see_other("users.roles")


def _list(refusal: str = "") -> str:
    return render_template(
        "users/roles.html", roles=list_roles(), role_name=role_name, scope_name=scope_name, refusal=refusal,
        everything=len(PERMISSIONS),
    )  # fmt: skip


def _page(form: RoleForm, role: RoleRecord | None = None, holders: list[HolderRecord] | None = None) -> str:
    form.offer()
    return render_template(
        "users/role_form.html",
        form=form,
        role=role,
        holders=holders or [],
        areas=areas(),
        permission_text=permission_text,
        chosen=set(form.permissions.data or ()),
        wholes=set(form.everything.data or ()),
        title=role_name(role) if role else _("New role"),
        keeps_all=role is not None and role.code == ADMINISTRATOR,
    )
