"""The tree company → region → team, and who belongs where."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from core.columns import longest_texts
from core.errors import DomainError
from core.organization import OrgUnit, UnitKind
from core.queries.units import UnitRecord, get_unit, list_members, list_units
from core.units import place_user, save_unit
from web.forms import Form, Required, VersionField, options
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.merging import merge
from web.users import area

INDENT = "\u2003"


class UnitForm(Form):
    """Name, kind and place of a region or team."""

    longest = longest_texts(OrgUnit)
    name = StringField(_l("Name"), [Required()])
    kind = SelectField(_l("Kind"), validate_choice=False)
    parent_id = SelectField(_l("Belongs to"), validate_choice=False)
    version = VersionField()

    def offer(self, units: list[UnitRecord]) -> None:
        """The units it may lie below."""
        self.kind.choices = [SelectChoice(kind, kind_name(kind)) for kind in (UnitKind.REGION, UnitKind.TEAM)]
        self.parent_id.choices = options((unit.id, INDENT * unit.depth + unit.name) for unit in units)


class PlaceForm(Form):
    """Where a person belongs."""

    user_id = SelectField(_l("Person"), validate_choice=False)
    unit_id = SelectField(_l("Region or team"), validate_choice=False)

    def offer(self, units: list[UnitRecord]) -> None:
        self.user_id.choices = options((person.id, person.name) for person in list_members())
        self.unit_id.choices = [
            SelectChoice("", _("None")),
            *options((unit.id, INDENT * unit.depth + unit.name) for unit in units),
        ]


def kind_name(kind: str) -> str:
    """What a kind of unit is called."""
    return {"company": _("Company"), "region": _("Sales region"), "team": _("Team")}[kind]


@area.route("/units", permission="users.manage", endpoint="units")
def show_units() -> str:
    """The tree with its people, and the form that moves somebody."""
    return _tree()


@area.route("/units/place", permission="users.manage", methods=["POST"], endpoint="place")
def place() -> ResponseReturnValue:
    """Say where a person belongs from now on."""
    form = PlaceForm()
    if form.validate():
        try:
            result = run_command(place_user, form.id_in("user_id") or 0, form.id_in("unit_id"))
            flash_done(_("%(name)s has a new place", name=result["name"]))
            return see_other("users.units")
        except DomainError as error:
            apply_errors(form, error)
    return _tree(form), 422


@area.route("/units/new", permission="users.manage", endpoint="new_unit")
def new_unit() -> str:
    """Empty form."""
    return _page(UnitForm(formdata=None, kind=request.args.get("kind", UnitKind.TEAM)))


@area.route("/units/new", permission="users.manage", methods=["POST"], endpoint="create_unit")
def create() -> ResponseReturnValue:
    """Make a region or team."""
    return _save(UnitForm())


@area.route("/units/<int:unit_id>", permission="users.manage", endpoint="edit_unit")
def edit_unit(unit_id: int) -> str:
    """The form with what stands in the record."""
    unit = get_unit(unit_id)
    return _page(_filled(unit), unit)


def _filled(unit: UnitRecord) -> UnitForm:
    form = UnitForm(formdata=None, data=unit._asdict())
    form.offer(list_units())
    return form


@area.route("/units/<int:unit_id>", permission="users.manage", methods=["POST"], endpoint="change_unit")
def change(unit_id: int) -> ResponseReturnValue:
    """Rename or move a unit; what hangs on it moves along."""
    return _save(UnitForm(), get_unit(unit_id))


def _save(form: UnitForm, unit: UnitRecord | None = None) -> ResponseReturnValue:
    form.offer(list_units())
    if form.validate():
        values: dict[str, Any] = {"name": form.name.data}
        if unit is None or unit.kind != UnitKind.COMPANY:
            values |= {"kind": form.kind.data, "parent_id": form.id_in("parent_id")}
        version = shown_version(form) if unit else None
        try:
            result = run_command(save_unit, values, unit_id=unit.id if unit else None, version=version)
            flash_done(_("%(name)s saved", name=result["name"]))
            return see_other("users.units")
        except DomainError as error:
            if unit is None or not merge(form, error, lambda: _filled(get_unit(unit.id)), "org_unit", unit.id):
                apply_errors(form, error)
    return _page(form, unit), 422


def _page(form: UnitForm, unit: UnitRecord | None = None) -> str:
    form.offer([other for other in list_units() if other is not unit])
    return render_template("users/unit_form.html", form=form, unit=unit)


def _tree(form: PlaceForm | None = None) -> str:
    units = list_units()
    form = form or PlaceForm(formdata=None)
    form.offer(units)
    return render_template("users/units.html", units=units, kind_name=kind_name, form=form)
