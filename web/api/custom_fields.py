"""Custom fields: their definitions, and `custom` in the bodies and answers of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from flask import g

from core.custom_fields.commands import archive_field, change_field, create_field, move_field, restore_field
from core.custom_fields.definitions import Field as Definition
from core.custom_fields.definitions import definitions, fields_of
from core.custom_fields.kinds import FIRST_DAY, LAST_DAY, longest_in
from core.custom_fields.models import FieldKind
from core.custom_fields.records import RECORD_TYPES
from core.custom_fields.references import TARGETS
from core.custom_fields.values import as_custom, values_of
from core.errors import FieldErrors
from core.masks import KINDS, Masked
from core.money import LARGEST_AMOUNT
from web.api.fields import (
    Answered,
    Body,
    Choice,
    Field,
    Flag,
    Id,
    Integer,
    Many,
    Number,
    Schema,
    Text,
    Words,
    shown,
)
from web.api.operation import PAGING, Call, operation


# in bodies ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AnyNumber(Number):
    """A number of a custom field; how many decimals it may have, the command says."""

    places: ClassVar[int] = 6
    largest: ClassVar[Decimal] = LARGEST_AMOUNT


@dataclass(frozen=True)
class AnyDay(Field):
    """A date that is no document's, YYYY-MM-DD."""

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        try:
            day = date.fromisoformat(value) if type(value) is str and len(value) == len("2026-01-01") else None
        except ValueError:
            day = None
        if day is None:
            errors.add(name, "not_a_date", text=shown(value))
        elif not FIRST_DAY <= day <= LAST_DAY:
            errors.add(name, "day_beyond", first=FIRST_DAY, last=LAST_DAY)
        return day

    def schema(self) -> Schema:
        return {"type": "string", "format": "date"}


def _spec(definition: Definition) -> Field:
    """How a value of a custom field is read and described."""
    label = definition.label
    match FieldKind(definition.kind):
        case FieldKind.TEXT:
            return Text(limit=longest_in(definition), help=label)
        case FieldKind.NUMBER | FieldKind.MONEY:
            return AnyNumber(help=label)
        case FieldKind.DATE:
            return AnyDay(help=label)
        case FieldKind.CHOICE:
            return Choice(choices=tuple(choice.code for choice in definition.choices), help=label)
        case FieldKind.CHOICES:
            return Words(help=label)
        case FieldKind.REFERENCE:
            return Id(help=f"{label}: the id of a {definition.target}")
        case FieldKind.YES_NO:
            return Flag(nullable=True, help=label)


@dataclass(frozen=True)
class Custom(Field):
    """The custom fields of a record, by key; those that are left out stay as they are."""

    nullable: bool = False
    help: str = "The company's own fields, by key."
    record_type: str = ""

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is not dict:
            errors.add(name, "not_an_object")
            return {}
        return _body(self.record_type).parse(value, errors, f"{name}.")

    def schema(self) -> Schema:
        if not _is_told():
            return {"type": "object"}
        return _body(self.record_type).schema()


def _body(record_type: str) -> Body:
    return Body(**{field.key: _spec(field) for field in fields_of(record_type)})


def _is_told() -> bool:
    """Whether the caller may know what a company keeps of its records: the description of the API is public."""
    return getattr(g, "actor", None) is not None


# in answers -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class CustomAnswer(Answered):
    """`custom` in an answer: every field in use, null where there is nothing or where it is masked for the caller."""

    record_type: str

    def schema(self) -> Schema:
        if not _is_told():
            return {"type": "object"}
        properties = {field.key: _spec(field).described() for field in fields_of(self.record_type)}
        return {"type": "object", "properties": properties}

    def shown(self, answered: Any) -> Any:
        """What a command answered, with masks for the caller of now."""
        if not isinstance(answered, Mapping):
            return answered
        hidden = {field.key: field.mask for field in fields_of(self.record_type) if not field.is_seen and field.mask}
        return {
            name: Masked(hidden[name]) if name in hidden and value is not None else value
            for name, value in answered.items()
        }


def with_custom(record_type: str, items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records as they are answered, with their custom fields: one statement for all, none where there are no fields."""
    found = list(items)
    values = values_of(record_type, [item["id"] for item in found])
    return [{**item, "custom": as_custom(record_type, values.get(item["id"]))} for item in found]


def page_with_custom(record_type: str, page: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a page of a list."""
    return {**page, "items": with_custom(record_type, page["items"])}


# definitions ----------------------------------------------------------------------------------------------------------
CHOICE = Body(
    code=Text(required=True, limit=40), label=Text(required=True, limit=80), label_zh=Text(limit=80), is_active=Flag()
)
VALUES: dict[str, Field] = {
    "label_zh": Text(limit=80),
    "help": Text(limit=200),
    "help_zh": Text(limit=200),
    "is_required": Flag(),
    "mask": Choice(choices=KINDS, help="Who sees values of this kind sees the field; null: everybody."),
    "choices": Many(item=CHOICE, help="All there are to be, in order; one that is left out is archived."),
    "smallest": AnyNumber(),
    "largest": AnyNumber(),
    "places": Integer(largest=6, help="Decimals of a number."),
    "longest": Integer(smallest=1, largest=500, help="Characters of a text."),
    "preset": Text(limit=500, help="What a new record has: a text, number, date, code, or true and false."),
}
SHAPE = {
    "id": int, "record_type": str, "key": str, "label": str, "label_zh": str, "kind": str, "target": str | None,
    "mask": str | None, "help": str | None, "help_zh": str | None, "is_required": bool, "preset": object,
    "smallest": Decimal | None, "largest": Decimal | None, "places": int | None, "longest": int | None,
    "position": int, "is_active": bool, "version": int,
    "choices": [{"code": str, "label": str, "label_zh": str, "is_active": bool}],
}  # fmt: skip
SAVED = {
    name: SHAPE[name] for name in ("id", "record_type", "key", "label", "label_zh", "kind", "is_active", "version")
}
RECORD_TYPE = Text(limit=40, help="customer, contact, opportunity, product or supplier.")
FLAGS = {"true": True, "false": False}


def _shape(field: Definition) -> dict[str, Any]:
    choices = [
        {"code": each.code, "label": each.label, "label_zh": each.label_zh, "is_active": each.is_active}
        for each in field.choices
    ]
    return {**field._asdict(), "choices": choices}


def _values(call: Call) -> dict[str, Any]:
    """The body, with a preset as it is kept: of yes and no it is no text, of several choices a list."""
    values = dict(call.body)
    if isinstance(preset := values.get("preset"), str):
        values["preset"] = FLAGS.get(preset, preset) if values.get("kind", "yes_no") == "yes_no" else preset
        if values.get("kind") == "choices":
            values["preset"] = [part.strip() for part in preset.split(",") if part.strip()]
    return values


@operation(
    "GET", "/custom-fields", "home.read", summary="The company's own fields of its records, archived ones last",
    query=Body(record_type=RECORD_TYPE) | PAGING, answer=[SHAPE],
)  # fmt: skip
def list_custom_fields(call: Call) -> Any:
    wanted = call.query.get("record_type")
    readable = {name for name, declared in RECORD_TYPES.items() if call.actor.may(declared.read)}
    found = [field for field in definitions() if field.record_type in readable and wanted in (None, field.record_type)]
    return {"items": [_shape(field) for field in found], "next_cursor": None}


@operation(
    "POST", "/custom-fields", "custom_fields.manage", summary="Add a field to a type of records", status=201,
    body=Body(
        record_type=Text(required=True, limit=40, help=RECORD_TYPE.help), key=Text(required=True, limit=40),
        label=Text(required=True, limit=80), kind=Choice(required=True, choices=tuple(FieldKind)),
        target=Choice(choices=tuple(TARGETS), help="What a reference points to."), **VALUES,
    ),
    answer=SAVED, refusals=("too_many_fields",),
)  # fmt: skip
def create_custom_field(call: Call) -> Any:
    return call.run(create_field, _values(call))


@operation(
    "PATCH", "/custom-fields/{field_id}", "custom_fields.manage",
    summary="Change a custom field; its type, key, kind and target stay",
    body=Body(label=Text(nullable=False, limit=80), **VALUES, version=Integer(smallest=1)), answer=SAVED,
    refusals=("edit_conflict",),
)  # fmt: skip
def change_custom_field(call: Call, field_id: int) -> Any:
    field = definitions().by_id(field_id)
    values = _values(call) if field is None else _values_of_kind(call, field)
    version = values.pop("version", None)
    return call.run(change_field, field_id, values, version=version)


def _values_of_kind(call: Call, field: Definition) -> dict[str, Any]:
    call.body["kind"] = field.kind
    values = _values(call)
    del call.body["kind"], values["kind"]
    return values


@operation(
    "POST", "/custom-fields/{field_id}/archive", "custom_fields.manage", body=Body(), answer=SAVED | {"records": int},
    summary="Take a custom field out of forms, pages, lists and calls; its values stay", previewable=True,
)  # fmt: skip
def archive_custom_field(call: Call, field_id: int) -> Any:
    return call.run(archive_field, field_id)


@operation(
    "POST", "/custom-fields/{field_id}/restore", "custom_fields.manage", body=Body(), answer=SAVED | {"records": int},
    summary="Bring an archived custom field back with its values", previewable=True,
)  # fmt: skip
def restore_custom_field(call: Call, field_id: int) -> Any:
    return call.run(restore_field, field_id)


@operation(
    "POST", "/custom-fields/{field_id}/move", "custom_fields.manage", summary="Move a custom field among the others",
    body=Body(position=Integer(required=True, smallest=1, largest=1000)),
    answer={"id": int, "key": str, "position": int},
)  # fmt: skip
def move_custom_field(call: Call, field_id: int) -> Any:
    return call.run(move_field, field_id, call.body["position"])
