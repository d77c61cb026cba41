"""The part of a form that the company has added: a field for each custom field in use, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

from flask import request
from flask_babel import gettext
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.form import BaseForm
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput

from core.custom_fields.definitions import NUMERIC, Field, fields_of
from core.custom_fields.kinds import FIRST_DAY, LAST_DAY, from_data, longest_in, places_in
from core.custom_fields.models import FieldKind
from core.custom_fields.references import OFFER, find_references, offered_references
from core.custom_fields.values import Value
from core.errors import FieldError
from core.masks import is_masked
from core.money import LARGEST_AMOUNT
from web.filters import plain, plain_money
from web.forms import AmountField, DayField, LineForm, Required, fault_of, options
from web.i18n import language
from web.sentences import sentence

LONGEST_LINE: Final = 200
"""From which length on a text is written into several lines."""


class NumberField(AmountField):
    """A number with as many decimals as its field allows."""

    largest = LARGEST_AMOUNT

    def _written(self, value: Decimal | None) -> str:
        return str(value) if is_masked(value) else plain(value)


class MoneyField(AmountField):
    """An amount in the company's currency."""

    def _written(self, value: Decimal | None) -> str:
        return plain_money(value, self.places)


class AnyDayField(DayField):
    """A day that is no document's: a birthday, or when a contract ends."""

    def _fault_of_day(self, day: date) -> FieldError | None:
        fits = FIRST_DAY <= day <= LAST_DAY
        return None if fits else FieldError("day_beyond", {"first": FIRST_DAY, "last": LAST_DAY})


class YesNoField(SelectField):
    """Yes, no, or not said. `data` is True, False or None."""

    def __init__(self, label: Any = None, validators: Any = None, **named: Any) -> None:
        super().__init__(label, validators, validate_choice=False, **named)
        self.choices = options((("yes", gettext("Yes")), ("no", gettext("No"))), "—")

    def process_data(self, value: Any) -> None:
        self.data = {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else value


class SeveralField(SelectMultipleField):
    """Boxes to tick. A hidden empty value says that it was sent with none of them."""

    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """Which choices there are, the command knows."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = [value for value in valuelist if value]


class ReferenceField(StringField):
    """A record by its code or name. `reference` is the id of what is meant; what is not one record is refused."""

    reference: int | None = None

    def __init__(self, label: Any = None, validators: Any = None, target: str = "", **named: Any) -> None:
        self.target = target
        super().__init__(label, validators, **named)

    def pre_validate(self, form: Any) -> None:
        self.reference = None
        text = (self.data or "").strip() if isinstance(self.data, str) else ""
        if not text or "•" in text or fault_of(text, None):
            return
        found = find_references(self.target, text)
        if len(found) != 1:
            code = "several_references" if found else "reference_unknown"
            raise ValidationError(sentence(code, {"found": [match.label for match in found]}))
        self.reference = found[0].id


class CustomForm(LineForm):
    """The custom fields of a record, as its form holds them: by key, never as attributes, so that a company may choose
    any key. `made` are the fields of WTForms, set for each request."""

    fields: ClassVar[tuple[Field, ...]] = ()
    made: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, formdata: Any = None, prefix: str = "", **named: Any) -> None:
        BaseForm.__init__(self, self.made, prefix=prefix, meta=self._wtforms_meta())
        self.process(formdata, data=named.get("given"))

    def values(self) -> dict[str, Any]:
        """The values by key, as a command takes them: of the fields that were sent."""
        return {each.key: _value_in(each, self[each.key]) for each in self.fields if self[each.key].raw_data}


def _value_in(field: Field, shown: Any) -> Any:
    """What was chosen. Nothing chosen is None, which also leaves what is there and cannot be seen; only of a text
    nothing is the empty one."""
    if field.kind == FieldKind.REFERENCE:
        return shown.reference
    if field.kind == FieldKind.YES_NO:
        return {"yes": True, "no": False}.get(shown.data)
    return shown.data if field.kind == FieldKind.TEXT else shown.data or None if _is_chosen(field) else shown.data


def _is_chosen(field: Field) -> bool:
    return field.kind in (FieldKind.CHOICE, FieldKind.CHOICES)


def custom_form(record_type: str, values: Mapping[str, Any]) -> type[CustomForm] | None:
    """A form with a field for each custom field of a type that is in use; None where there are none. `values` are those
    the form is filled with, so that a choice that was archived since can stay."""
    fields = tuple(fields_of(record_type))
    if not fields:
        return None
    made = {field.key: _made(field, values.get(field.key)) for field in fields}
    return type("CustomFormOfType", (CustomForm,), {"fields": fields, "made": made})


def _made(field: Field, value: Any) -> Any:
    """The field of WTForms; a new record begins with the preset."""
    named: dict[str, Any] = {
        "label": field.name(language()),
        "description": field.hint(language()),
        "default": from_data(field, field.preset),
        "validators": [Required()] if field.is_required else [],
    }
    return _MAKERS[FieldKind(field.kind)](field, named, value)


def _text(field: Field, named: Any, _value: Any) -> Any:
    made = TextAreaField if field.longest is not None and field.longest > LONGEST_LINE else StringField
    return made(render_kw={"maxlength": longest_in(field)}, **named)


def _number(field: Field, named: Any, _value: Any) -> Any:
    made = MoneyField if field.kind == FieldKind.MONEY else NumberField
    return made(places=places_in(field), kind=field.mask, render_kw={}, **named)


def _date(_field: Field, named: Any, _value: Any) -> Any:
    return AnyDayField(**named)


def _choice(field: Field, named: Any, value: Any) -> Any:
    return SelectField(choices=options(_choices(field, value), "—"), validate_choice=False, **named)


def _several(field: Field, named: Any, value: Any) -> Any:
    return SeveralField(choices=options(_choices(field, value)), **named)


def _reference(field: Field, named: Any, _value: Any) -> Any:
    known = {"list": f"known-{field.target}"} if field.target in OFFER else {}
    return ReferenceField(target=field.target or "", render_kw={"autocomplete": "off", **known}, **named)


def _yes_no(_field: Field, named: Any, _value: Any) -> Any:
    return YesNoField(**named)


def _choices(field: Field, value: Any) -> list[tuple[str, str]]:
    """What is offered: what is in use, and what the record has, or was sent again, although it is archived."""
    own = [*(value if isinstance(value, list) else [value]), *request.form.getlist(f"custom-{field.key}")]
    offered = [choice for choice in field.choices if choice.is_active or choice.code in own]
    return [(choice.code, choice.name(language())) for choice in offered]


_MAKERS: Final[dict[FieldKind, Callable[..., Any]]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _number,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _several,
    FieldKind.REFERENCE: _reference,
    FieldKind.YES_NO: _yes_no,
}


def filled(record_type: str, values: Mapping[str, Value] | None) -> dict[str, Any]:
    """What a form is filled with, of what was read of a record: a mask where the reader sees none of it, of a reference
    what it is called, nothing where it has nothing."""
    values = values or {}
    return {field.key: _filled(field, values.get(field.key)) for field in fields_of(record_type)}


def _filled(field: Field, value: Value | None) -> Any:
    if value is None:
        return None
    if is_masked(value.data):
        return value.data if field.kind in (*NUMERIC, FieldKind.TEXT, FieldKind.REFERENCE) else None
    return value.label if field.kind == FieldKind.REFERENCE else value.data


def known_references(form: CustomForm) -> dict[str, list[str]]:
    """What is offered while somebody types, by target, of a form with custom fields."""
    return offered_references(field.target for field in form.fields if field.target)


def preset_form(field: Field, formdata: Any, value: Any) -> CustomForm:
    """A form with one field of a custom field's kind, for what a new record is to have in it; nothing is needed."""
    alone = field._replace(is_required=False, preset=None)
    made = {"fields": (alone,), "made": {field.key: _made(alone, value)}}
    form: CustomForm = type("PresetForm", (CustomForm,), made)(formdata, prefix="preset-", given={field.key: value})
    return form
