"""Fields that a company has added to its records, as fields that a file may fill.

A cell of one is read in the forms in which cells of declared fields are, and fits what forms let in
(`core.custom_fields.kinds`). What was read goes to the record's own command as its `custom`; whoever does not see a
field's values cannot bring any in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from core.custom_fields import definitions
from core.custom_fields.definitions import PREFIX, fields_of
from core.custom_fields.kinds import check_value, places_in
from core.custom_fields.models import FieldKind
from core.custom_fields.references import NAMED
from core.errors import FieldErrors
from core.imports.fields import READERS, Field, Unreadable, head_key, quoted
from core.normalise import fold

# What parts several choices, the surest first: a name may hold one of the others.
_BETWEEN: Final = tuple(map(re.compile, (r"[;；\n|]", "、", "[,，]")))
_READS: Final = {
    FieldKind.TEXT: "text",
    FieldKind.NUMBER: "number",
    FieldKind.MONEY: "number",
    FieldKind.DATE: "day",
    FieldKind.CHOICE: "choice",
    FieldKind.CHOICES: "choices",
    FieldKind.REFERENCE: "reference",
    FieldKind.YES_NO: "flag",
}


@dataclass(frozen=True)
class CompanyField(Field):
    """A field by the definition the company gave it."""

    custom: definitions.Field | None = None

    @property
    def own(self) -> definitions.Field:
        """Its definition."""
        if self.custom is None:
            raise RuntimeError("a company's field has its definition")
        return self.custom

    def label(self, language: str) -> str:
        return self.own.name(language)

    @property
    def names(self) -> list[str]:
        keys = (head_key(name) for name in (self.name, self.own.label_zh, self.own.label, self.own.key))
        return list(dict.fromkeys(key for key in keys if key))

    def read(self, text: str, unit: str = "") -> Any:
        """The plain value as commands take it; of a reference the text it is looked up by. Raises Unreadable."""
        if self.reads == "choice":
            value: Any = self._choice(text)
        elif self.reads == "choices":
            value = self._several(text)
        else:
            value = READERS[self.reads](self, text, unit)
        if self.look_up is not None:
            return value
        errors = FieldErrors()
        checked = check_value(self.own, value, errors)
        for fault in errors.found.values():
            raise Unreadable(fault.code, **fault.data)
        return checked

    def _choice(self, text: str) -> str:
        """The code of the one choice that goes by this name; names may differ by no more than a sign (A, A+)."""
        for key in (lambda name: fold(name).strip(), head_key):
            wanted = key(text)
            fitting = [code for code, names in self.choices.items() if wanted in (code, *map(key, names))]
            if len(fitting) == 1 and wanted:
                return fitting[0]
            if fitting and wanted:
                raise Unreadable("import_ambiguous", text=quoted(text))
        raise Unreadable("import_unknown_choice", text=quoted(text), choices=list(self.choices.values()))

    def _several(self, text: str) -> list[str]:
        parts = [text]
        for between in _BETWEEN:
            parts = [word for part in parts for word in ([part] if self._is_one(part) else between.split(part))]
        return [self._choice(part) for part in parts if part.strip()]

    def _is_one(self, text: str) -> bool:
        try:
            return bool(self._choice(text))
        except Unreadable:
            return False


def company_fields(record_type: str) -> list[Field]:
    """The fields in use of a type of records (its table's name), in their order."""
    return [_field(each) for each in fields_of(record_type)]


def _field(each: definitions.Field) -> Field:
    return CompanyField(
        name=each.column,
        zh=each.label_zh,
        en=each.label,
        reads=_READS[FieldKind(each.kind)],
        places=places_in(each) if each.kind in definitions.NUMERIC else 0,
        choices={choice.code: (choice.label_zh, choice.label) for choice in each.choices if choice.is_active},
        look_up=NAMED[each.target] if each.target else None,
        mask=each.mask or "",
        permission=f"{each.mask}.read" if each.mask else "",
        hint=(each.hint("zh"), each.hint("en")),
        needed_when_new=each.is_required and each.preset is None,
        custom=each,
    )


def custom_of(values: dict[str, Any]) -> dict[str, Any]:
    """Those of a row's values that are the company's own fields', as commands take them: by key."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in values.items()
        if name.startswith(PREFIX) and value is not None
    }
