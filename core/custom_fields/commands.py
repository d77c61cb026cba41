"""The definitions themselves: fields are added, changed, moved, archived and offered again.

Type, key, kind and target of a field stay as they were made, and so do the codes of its choices: values, imports, saved
views and calls of the API stand on them. Nothing is deleted; what is archived keeps its values and can come back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.audit import record
from core.custom_fields.definitions import Choice, Field
from core.custom_fields.kinds import check_value, from_data
from core.custom_fields.models import LONGEST_TEXT, NUMBER_PLACES, VALUE_TABLES, CustomChoice, CustomField, FieldKind
from core.custom_fields.records import RECORD_TYPES
from core.custom_fields.references import TARGETS
from core.errors import DomainError, FieldErrors, NotFound
from core.masks import KINDS
from core.money import LARGEST_AMOUNT
from core.needs import needs
from core.normalise import clean
from core.plan import Plan
from core.statements import statement

MOST_FIELDS = 50
"""Of one type of records, archived ones too."""
MOST_CHOICES = 100
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
CODE = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
# Names that mean something else beside custom fields in an answer, or are masked there wherever they stand.
RESERVED = frozenset({"id", "version", "masked", "phone", "email", "cost", "unit_cost", "value"})
LIMITS = {"label": 80, "label_zh": 80, "help": 200, "help_zh": 200}
BOUNDED = frozenset({FieldKind.NUMBER, FieldKind.MONEY})
CHOSEN = frozenset({FieldKind.CHOICE, FieldKind.CHOICES})
NO_PRESET = frozenset({FieldKind.REFERENCE})

# Also the lock under which definitions change: one after the other.
NEXT_VERSION = statement(
    "custom_fields.next_version",
    "UPDATE company SET custom_fields_version = custom_fields_version + 1",
    tables="company",
    scope="system",
)
_COUNTS = " + ".join(
    f"(SELECT count(DISTINCT record_id) FROM {table} WHERE field_id = %(field_id)s::bigint)"  # noqa: S608 (names of tables, no values)
    for table in VALUE_TABLES.split()
)
USES = statement("custom_fields.uses", f"SELECT {_COUNTS}", tables=VALUE_TABLES, scope="system")


@needs("custom_fields.manage")
def create_field(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Adds a field to a type of records, behind the others: record_type, key, label, label_zh (the label where left
    out), kind, and as far as they fit the kind choices (each with code, label, label_zh), target, smallest, largest,
    places, longest; is_required, help, help_zh, mask, preset.

    Raises InvalidInput beside the field, `too_many_fields`.
    """
    plan.fetch(NEXT_VERSION())
    errors = FieldErrors()
    record_type, kind = values.get("record_type"), values.get("kind")
    if record_type not in RECORD_TYPES:
        errors.add("record_type", "unknown_choice", choices=list(RECORD_TYPES))
    if kind not in list(FieldKind):
        errors.add("kind", "unknown_choice", choices=[str(each) for each in FieldKind])
    errors.raise_if_any()
    others = plan.session.scalars(select(CustomField).where(CustomField.record_type == record_type)).all()
    if len(others) >= MOST_FIELDS:
        raise DomainError("too_many_fields", limit=MOST_FIELDS, record_type=record_type)
    field = CustomField(
        record_type=record_type,
        kind=FieldKind(str(kind)),
        key=_key(values.get("key"), {other.key for other in others}, errors),
        target=_target(kind, values.get("target"), errors),
        position=max((other.position for other in others), default=0) + 1,
        is_required=False,
        created_at=plan.now,
    )
    choices = _set(plan, field, [], values, errors)
    errors.raise_if_any()
    plan.session.add(field)
    plan.session.flush()
    _add_choices(plan, field, choices)
    return _answer(field, choices)


@needs("custom_fields.manage")
def change_field(plan: Plan, field_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes the fields given; `choices`, where given, are all there are to be, in their order: one whose code is left
    out is archived. A tighter bound is for what is written from now on.

    Locks the field. Raises NotFound, `edit_conflict`, InvalidInput beside the field.
    """
    field = _locked(plan, field_id)
    if version is not None and version != field.version:
        raise DomainError("edit_conflict", version=field.version)
    errors = FieldErrors()
    for name in ("record_type", "key", "kind", "target"):
        if name in values and values[name] != getattr(field, name):
            errors.add(name, "fixed_once_made")
    before = _choices_of(plan, field.id)
    after = _set(plan, field, before, values, errors)
    errors.raise_if_any()
    if "choices" in values:
        _change_choices(plan, field, before, after)
    plan.session.flush()
    return _answer(field, after)


@needs("custom_fields.manage")
def archive_field(plan: Plan, field_id: int) -> dict[str, Any]:
    """Takes a field out of forms, record pages, lists, exports and calls; the values stay, and come back with it.

    Locks the field. Raises NotFound. The preview says how many records have a value.
    """
    return _switch(plan, field_id, is_active=False)


@needs("custom_fields.manage")
def restore_field(plan: Plan, field_id: int) -> dict[str, Any]:
    """Brings an archived field back with its values. Locks the field. Raises NotFound."""
    return _switch(plan, field_id, is_active=True)


@needs("custom_fields.manage")
def move_field(plan: Plan, field_id: int, position: int) -> dict[str, Any]:
    """Moves a field to a place among those of its type that are in use, counted from 1; beyond the last it is the last.

    Locks the fields of the type. Raises NotFound.
    """
    field = _locked(plan, field_id)
    of_type = select(CustomField).where(CustomField.record_type == field.record_type).with_for_update()
    ordered = of_type.order_by(CustomField.is_active.desc(), CustomField.position, CustomField.id)
    others = [each for each in plan.session.scalars(ordered) if each.id != field.id]
    others.insert(max(position, 1) - 1, field)
    for place, each in enumerate(others, start=1):
        if each.position != place:
            each.position = place
    plan.session.flush()
    return {"id": field.id, "key": field.key, "position": field.position}


def _switch(plan: Plan, field_id: int, *, is_active: bool) -> dict[str, Any]:
    field = _locked(plan, field_id)
    [[(uses,)]] = plan.fetch(USES(field_id=field.id))
    effect = "custom_field_restored" if is_active else "custom_field_archived"
    data = {"label": field.label, "label_zh": field.label_zh, "record_type": field.record_type}
    plan.effect(effect, **data)
    plan.effect("custom_values_kept", records=uses)
    field.is_active = is_active
    plan.session.flush()
    return _answer(field, _choices_of(plan, field.id)) | {"records": uses}


def _locked(plan: Plan, field_id: int) -> CustomField:
    plan.fetch(NEXT_VERSION())
    field = plan.session.get(CustomField, field_id, with_for_update=True, populate_existing=True)
    if field is None:
        raise NotFound("custom_field", field_id)
    return field


def _answer(field: CustomField, choices: Sequence[CustomChoice]) -> dict[str, Any]:
    names = ("id", "record_type", "key", "label", "label_zh", "kind", "is_required", "is_active", "position", "version")
    offered = [{"code": choice.code, "is_active": choice.is_active} for choice in choices]
    return {name: getattr(field, name) for name in names} | {"choices": offered}


def _key(given: Any, taken: set[str], errors: FieldErrors) -> str:
    key = clean(given) or ""
    if not key:
        errors.add("key", "required")
    elif not KEY.fullmatch(key):
        errors.add("key", "not_a_key")
    elif key in RESERVED:
        errors.add("key", "reserved_key")
    elif key in taken:
        errors.add("key", "duplicate_field_key")
    return key


def _target(kind: Any, given: Any, errors: FieldErrors) -> str | None:
    if kind != FieldKind.REFERENCE:
        return None
    if given not in TARGETS:
        errors.add("target", "unknown_choice", choices=list(TARGETS))
        return None
    return str(given)


def _set(
    plan: Plan, field: CustomField, before: Sequence[CustomChoice], values: Mapping[str, Any], errors: FieldErrors
) -> list[CustomChoice]:
    """Takes over what may change, as far as it fits the kind. Answers the choices in their new order, new ones without
    an id."""
    _set_texts(field, values, errors)
    if values.get("is_required") is not None:
        field.is_required = bool(values["is_required"])
    if "mask" in values:
        field.mask = values["mask"] or None
        if field.mask is not None and field.mask not in KINDS:
            errors.add("mask", "unknown_choice", choices=list(KINDS))
    _set_bounds(field, values, errors)
    choices = list(before)
    if field.kind in CHOSEN and ("choices" in values or not before):
        choices = _wanted_choices(before, values.get("choices") or [], errors)
    if "preset" in values:
        _set_preset(field, choices, values["preset"], errors)
    return choices


def _set_texts(field: CustomField, values: Mapping[str, Any], errors: FieldErrors) -> None:
    texts = {name: clean(values.get(name, getattr(field, name))) for name in LIMITS}
    texts["label_zh"] = texts["label_zh"] or texts["label"]
    if not texts["label"]:
        errors.add("label", "required")
    for name, limit in LIMITS.items():
        if len(texts[name] or "") > limit:
            errors.add(name, "too_long", limit=limit)
        elif getattr(field, name) != texts[name]:
            setattr(field, name, texts[name])


def _set_bounds(field: CustomField, values: Mapping[str, Any], errors: FieldErrors) -> None:
    if field.kind in BOUNDED:
        for name in ("smallest", "largest"):
            if name in values:
                bound = values[name]
                if bound is not None and abs(bound) > LARGEST_AMOUNT:
                    errors.add(name, "too_large", limit=LARGEST_AMOUNT)
                else:
                    setattr(field, name, bound)
        if field.smallest is not None and field.largest is not None and field.smallest > field.largest:
            errors.add("largest", "below_smallest")
    for name, kind, smallest, largest in (
        ("places", FieldKind.NUMBER, 0, NUMBER_PLACES),
        ("longest", FieldKind.TEXT, 1, LONGEST_TEXT),
    ):
        if name in values and field.kind == kind:
            bound = values[name]
            if bound is not None and not smallest <= bound <= largest:
                errors.add(name, "out_of_range", smallest=smallest, largest=largest)
            else:
                setattr(field, name, bound)


def _set_preset(field: CustomField, choices: Sequence[CustomChoice], given: Any, errors: FieldErrors) -> None:
    """What a new record has, checked like a value and kept as data."""
    if field.kind in NO_PRESET:
        return
    offered = [Choice(each.id or 0, each.code, each.label, each.label_zh, each.is_active) for each in choices]
    shape = Field._make(offered if name == "choices" else getattr(field, name, None) for name in Field._fields)
    faults = FieldErrors()
    value = check_value(shape, from_data(shape, given), faults)
    for fault in faults.found.values():
        errors.add("preset", fault.code, **fault.data)
    kept = format(value, "f") if isinstance(value, Decimal) else value.isoformat() if isinstance(value, date) else value
    if field.preset != kept:
        field.preset = kept


# choices --------------------------------------------------------------------------------------------------------------
def _choices_of(plan: Plan, field_id: int) -> list[CustomChoice]:
    found = select(CustomChoice).where(CustomChoice.field_id == field_id)
    return list(plan.session.scalars(found.order_by(CustomChoice.position, CustomChoice.id)))


def _wanted_choices(
    before: Sequence[CustomChoice], given: Sequence[Mapping[str, Any]], errors: FieldErrors
) -> list[CustomChoice]:
    """The choices as they are to be, those left out archived behind the others. Nothing is changed where one does not
    fit."""
    if not given:
        errors.add("choices", "required")
    if len(given) > MOST_CHOICES:
        errors.add("choices", "too_many", limit=MOST_CHOICES)
        return list(before)
    known = {choice.code: choice for choice in before}
    wanted: list[CustomChoice] = []
    for index, row in enumerate(given):
        code, label = clean(row.get("code")) or "", clean(row.get("label"))
        label_zh = clean(row.get("label_zh")) or label
        _check_choice(f"choices.{index}", code, label, label_zh, {each.code for each in wanted}, errors)
        is_active = row.get("is_active") is not False
        old = known.get(code)
        made = CustomChoice(code=code, label=label or "", label_zh=label_zh or "", is_active=is_active)
        made.id = old.id if old is not None else None  # type: ignore[assignment]
        wanted.append(made)
    codes = {choice.code for choice in wanted}
    for gone in (choice for choice in before if choice.code not in codes):
        kept = CustomChoice(code=gone.code, label=gone.label, label_zh=gone.label_zh, is_active=False)
        kept.id = gone.id
        wanted.append(kept)
    return wanted


def _check_choice(
    place: str, code: str, label: str | None, label_zh: str | None, taken: set[str], errors: FieldErrors
) -> None:
    if not label:
        errors.add(f"{place}.label", "required")
    for name, text in (("label", label), ("label_zh", label_zh)):
        if len(text or "") > LIMITS["label"]:
            errors.add(f"{place}.{name}", "too_long", limit=LIMITS["label"])
    if not code:
        errors.add(f"{place}.code", "required")
    elif not CODE.fullmatch(code):
        errors.add(f"{place}.code", "not_a_code")
    elif code in taken:
        errors.add(f"{place}.code", "duplicate_code")


def _add_choices(plan: Plan, field: CustomField, choices: Sequence[CustomChoice]) -> None:
    for position, choice in enumerate(choices, start=1):
        choice.field_id, choice.position = field.id, position
        plan.session.add(choice)
    plan.session.flush()
    if choices:
        _record_choices(plan, field, [], choices)


def _change_choices(
    plan: Plan, field: CustomField, before: Sequence[CustomChoice], after: Sequence[CustomChoice]
) -> None:
    told, wanted = [_told(choice) for choice in before], [_told(choice) for choice in after]
    if told == wanted:
        return
    known: dict[Any, CustomChoice] = {choice.id: choice for choice in before}
    for position, choice in enumerate(after, start=1):
        row = known.get(choice.id) or choice
        row.label, row.label_zh, row.is_active = choice.label, choice.label_zh, choice.is_active
        row.field_id, row.position = field.id, position
        plan.session.add(row)
    field.version = field.version + 1
    record(
        plan, "custom_field.choices_changed", "custom_field", field.id, label=field.audit_label,
        changes={"choices": [told, wanted]},
    )  # fmt: skip


def _record_choices(
    plan: Plan, field: CustomField, before: Sequence[CustomChoice], after: Sequence[CustomChoice]
) -> None:
    changes = {"choices": [[_told(choice) for choice in before], [_told(choice) for choice in after]]}
    record(plan, "custom_field.choices_changed", "custom_field", field.id, label=field.audit_label, changes=changes)


def _told(choice: CustomChoice) -> dict[str, Any]:
    """What a choice says, as it is compared and recorded."""
    told = {"code": choice.code, "label": choice.label, "label_zh": choice.label_zh}
    return told if choice.is_active else told | {"is_active": False}
