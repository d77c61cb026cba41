"""Custom fields: what a company adds to its records; list, new, change, order, archive."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FormField, SelectField, StringField

from core.command import Preview
from core.custom_fields.commands import (
    BOUNDED,
    CHOSEN,
    LIMITS,
    MOST_CHOICES,
    MOST_FIELDS,
    NO_PRESET,
    archive_field,
    change_field,
    create_field,
    move_field,
    restore_field,
)
from core.custom_fields.definitions import Field, definitions
from core.custom_fields.kinds import from_data
from core.custom_fields.models import LONGEST_TEXT, NUMBER_PLACES, FieldKind
from core.custom_fields.records import RECORD_TYPES
from core.errors import DomainError, NotFound
from core.masks import KINDS as MASKS
from web.custom_fields.forms import CustomForm, preset_form
from web.custom_fields.names import KINDS, MASK_NAMES, OF_RECORD, TARGET_NAMES
from web.effects import effect_lines
from web.forms import AmountField, Form, LineForm, Required, Rows, VersionField, add_error, options
from web.http import (
    apply_errors,
    flash_done,
    preview_command,
    run_command,
    see_other,
    shown_version,
)
from web.i18n import language
from web.merging import merge
from web.sentences import sentence
from web.settings import area

SPARE_ROWS = 3
OFFERED, ARCHIVED = "offered", "archived"
CHOICE_STATES = {OFFERED: _l("Can be chosen"), ARCHIVED: _l("Archived")}


class ChoiceForm(LineForm):
    """A choice. A row without code and names is left out; rows stand in the order of their places."""

    place = AmountField(_l("Place"), places=0)
    code = StringField(_l("Code"))
    label = StringField(_l("Name in English"))
    label_zh = StringField(_l("Name in Chinese"))
    state = SelectField(_l("State"), choices=options(CHOICE_STATES.items()), validate_choice=False)


class FieldForm(Form):
    """A field of one kind: inputs that this kind has no use for are taken out. `version` is that of the row shown."""

    longest = {**LIMITS, "key": 40}

    label = StringField(_l("Name in English"), [Required()])
    label_zh = StringField(_l("Name in Chinese"))
    key = StringField(_l("Key"), [Required()])
    target = SelectField(_l("Points to"), choices=options(TARGET_NAMES.items()), validate_choice=False)
    help = StringField(_l("Help text in English"))
    help_zh = StringField(_l("Help text in Chinese"))
    is_required = BooleanField(_l("Must be filled in"))
    mask = SelectField(_l("Who sees it"), choices=options(MASK_NAMES.items()), validate_choice=False)
    smallest = AmountField(_l("At least"), places=NUMBER_PLACES)
    largest = AmountField(_l("At most"), places=NUMBER_PLACES)
    places = AmountField(_l("Decimals"), places=0)
    longest_text = AmountField(_l("Most characters"), places=0)
    choices = Rows(FormField(ChoiceForm), most=MOST_CHOICES)
    version = VersionField()

    def of_kind(self, kind: str, *, is_new: bool) -> FieldForm:
        """The form as a field of this kind needs it."""
        unused = {
            "key": not is_new,
            "target": not is_new or kind != FieldKind.REFERENCE,
            "smallest": kind not in BOUNDED,
            "largest": kind not in BOUNDED,
            "places": kind != FieldKind.NUMBER,
            "longest_text": kind != FieldKind.TEXT,
            "choices": kind not in CHOSEN,
        }
        for name, is_unused in unused.items():
            if is_unused:
                del self[name]
        return self

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        names = ("label", "label_zh", "key", "target", "help", "help_zh", "is_required", "smallest", "largest")
        values: dict[str, Any] = {name: self[name].data for name in names if name in self}
        values["mask"] = self.mask.data or None
        for name, field in (("places", "places"), ("longest", "longest_text")):
            if field in self:
                number = self[field].data
                values[name] = None if number is None else int(number)
        if "choices" in self:
            values["choices"] = [_choice(row) for row in self.rows()]
        return values

    def rows(self) -> list[Any]:
        """The rows that say something, in the order of their places; those without one behind."""
        rows = [entry.form for entry in self.choices.entries]
        told = [row for row in rows if row.code.data or row.label.data or row.label_zh.data]
        return sorted(told, key=lambda row: Decimal(MOST_CHOICES * 2) if row.place.data is None else row.place.data)


def _choice(row: Any) -> dict[str, Any]:
    named = {name: row[name].data for name in ("code", "label", "label_zh")}
    return named | {"is_active": row.state.data != ARCHIVED}


@area.before_request
def _stand_in_settings() -> None:
    if request.path.startswith("/settings/fields"):
        g.nav = "settings.company"


@area.route("/fields", permission="custom_fields.manage", endpoint="fields")
def show_fields() -> str:
    """The fields of a type of records, archived ones last."""
    return render_template(
        "settings/fields.html",
        record_type=_type(request.args.get("type")),
        types={name: OF_RECORD[name] for name in RECORD_TYPES},
        fields_of=definitions().all_of,
        kinds=KINDS,
        masks=MASK_NAMES,
        most=MOST_FIELDS,
    )


@area.route("/fields/new", permission="custom_fields.manage")
def new_field() -> str:
    """First the kind, then what a field of that kind needs."""
    record_type, kind = _type(request.args.get("type")), request.args.get("kind", "")
    if kind not in list(FieldKind):
        return render_template("settings/field_kinds.html", record_type=record_type, types=OF_RECORD, kinds=KINDS)
    form = FieldForm(formdata=None).of_kind(kind, is_new=True)
    return _page(form, record_type, kind)


@area.route("/fields/new", permission="custom_fields.manage", methods=["POST"], endpoint="create_field")
def create() -> ResponseReturnValue:
    """Add a field."""
    record_type, kind = _type(request.args.get("type")), request.args.get("kind", "")
    if kind not in list(FieldKind):
        raise NotFound("custom_field", kind)
    form = FieldForm().of_kind(kind, is_new=True)
    if form.validate():
        try:
            result = run_command(create_field, form.values() | {"record_type": record_type, "kind": kind})
            name = result["label_zh"] if language() == "zh" else result["label"]
            flash_done(_("Field %(name)s added", name=name))
            return see_other("settings.fields", type=record_type)
        except DomainError as error:
            _apply(form, error)
    return _page(form, record_type, kind), 422


@area.route("/fields/<int:field_id>", permission="custom_fields.manage")
def edit_field(field_id: int) -> str:
    """The form with what stands in the record; `?preview` shows what archiving it would do."""
    field = _field(field_id)
    preview = None
    if "preview" in request.args:
        preview = _preview(field)
    return _page(_filled(field), field.record_type, field.kind, field, _preset(field, None), preview)


def _filled(field: Field) -> FieldForm:
    choices = [
        {"place": Decimal(place), "state": OFFERED if choice.is_active else ARCHIVED, **choice._asdict()}
        for place, choice in enumerate(field.choices, start=1)
    ]
    own = {"version": str(field.version), "longest_text": field.longest, "choices": choices, "mask": field.mask or ""}
    return FieldForm(formdata=None, data=field._asdict() | own).of_kind(field.kind, is_new=False)


@area.route("/fields/<int:field_id>", permission="custom_fields.manage", methods=["POST"], endpoint="change_field")
def change(field_id: int) -> ResponseReturnValue:
    """Save a field."""
    field = _field(field_id)
    form, preset = FieldForm().of_kind(field.kind, is_new=False), _preset(field, request.form)
    if form.validate() and (preset is None or preset.validate()):
        values = form.values() | ({"preset": preset.values().get(field.key)} if preset is not None else {})
        try:
            run_command(change_field, field_id, values, version=shown_version(form))
            flash_done(_("Field %(name)s saved", name=field.name(language())))
            return see_other("settings.fields", type=field.record_type)
        except DomainError as error:
            if error.code == "not_found":
                raise
            if not merge(form, error, lambda: _filled(_field(field_id)), "custom_field", field_id):
                _apply(form, error)
            if preset is not None and (fault := error.fields.get("preset")):
                add_error(preset, preset[field.key], sentence(fault.code, fault.data))
    return _page(form, field.record_type, field.kind, field, preset), 422


@area.route("/fields/<int:field_id>/archive", permission="custom_fields.manage", methods=["POST"])
def archive(field_id: int) -> ResponseReturnValue:
    """Take a field out of use."""
    field = _field(field_id)
    run_command(archive_field, field_id)
    undo = url_for("settings.restore", field_id=field_id)
    flash_done(_("Field %(name)s archived", name=field.name(language())), undo)
    return see_other("settings.fields", type=field.record_type)


@area.route("/fields/<int:field_id>/restore", permission="custom_fields.manage", methods=["POST"])
def restore(field_id: int) -> ResponseReturnValue:
    """Bring a field back with its values."""
    field = _field(field_id)
    run_command(restore_field, field_id)
    flash_done(_("Field %(name)s is in use again", name=field.name(language())))
    return see_other("settings.fields", type=field.record_type)


@area.route("/fields/<int:field_id>/move", permission="custom_fields.manage", methods=["POST"])
def move(field_id: int) -> ResponseReturnValue:
    """Move a field one place up or down."""
    field = _field(field_id)
    others = [each.id for each in definitions().of(field.record_type)]
    if field.id in others:
        step = -1 if request.form.get("way") == "up" else 1
        run_command(move_field, field_id, max(others.index(field.id) + 1 + step, 1))
    return see_other("settings.fields", type=field.record_type)


def _preview(field: Field) -> Preview:
    """What archiving a field, or using it again, would do."""
    if field.is_active:
        return preview_command(archive_field, field.id)
    return preview_command(restore_field, field.id)


def _type(name: str | None) -> str:
    return name if name in RECORD_TYPES else next(iter(RECORD_TYPES))


def _field(field_id: int) -> Field:
    found = definitions().by_id(field_id)
    if found is None:
        raise NotFound("custom_field", field_id)
    return found


def _preset(field: Field, formdata: Any) -> CustomForm | None:
    """The input of what a new record has, of the kind of the field itself."""
    if field.kind in NO_PRESET:
        return None
    return preset_form(field, formdata, from_data(field, field.preset))


def _apply(form: FieldForm, error: DomainError) -> None:
    """Puts a refusal beside the fields: faults of choices come by the rows that were sent, in their order."""
    names = {"longest": "longest_text"}
    rows = [row.label.name.rsplit("-", 2)[1] for row in form.rows()] if "choices" in form else []
    fields = {}
    for name, fault in error.fields.items():
        if name == "preset":
            continue
        parts = name.split(".")
        if parts[0] == "choices" and len(parts) == 3 and int(parts[1]) < len(rows):
            numbers = [entry.name.rsplit("-", 1)[1] for entry in form.choices.entries]
            name = f"choices.{numbers.index(rows[int(parts[1])])}.{parts[2]}"
        fields[names.get(name, name)] = fault
    if fields or not error.fields:
        apply_errors(form, DomainError(error.code, fields=fields, **error.data))


def _page(
    form: FieldForm,
    record_type: str,
    kind: str,
    field: Field | None = None,
    preset: CustomForm | None = None,
    preview: Preview | None = None,
) -> str:
    if "choices" in form:
        for _spare in range(SPARE_ROWS):
            if len(form.choices.entries) < MOST_CHOICES:
                form.choices.append_entry()
    return render_template(
        "settings/field_form.html",
        form=form,
        record_type=record_type,
        types=OF_RECORD,
        kind=kind,
        kinds=KINDS,
        targets=TARGET_NAMES,
        field_shown=field,
        preset=preset[field.key] if preset is not None and field is not None else None,
        preview=preview,
        lines=effect_lines(preview.effects) if preview is not None else [],
        longest_text=LONGEST_TEXT,
        masks=MASKS,
    )
