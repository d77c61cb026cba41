"""What a call takes: fields declared once, used to read JSON strictly and to describe it (OpenAPI).

Only the form is checked here (a number is a number, a date is a date, nothing unknown); what a value may mean is the
command's to say. Numbers arrive as strings or as JSON numbers; their digits are kept as they were written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from core.clock import is_document_day, now
from core.columns import LARGEST_ID, read_id
from core.errors import FieldErrors
from core.masks import BankDetail, Cost, Email, Margin, Phone, sensitive_part
from core.money import LARGEST_AMOUNT, LARGEST_PRICE, LARGEST_QUANTITY, parse_decimal

LONGEST_NUMBER = 40
MOST_ITEMS = 1000
Schema = dict[str, Any]
Parse = Callable[[Any, str, FieldErrors], Any]


class JsonNumber(str):
    """A JSON number with a fraction, an exponent or without finite value, as it was written."""


@dataclass(frozen=True)
class Field:
    """A named value of a body or a query. `required`: must be there and not null; `nullable`: null clears it."""

    required: bool = False
    nullable: bool = True
    help: str = ""

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        """The value in the domain's type; a fault is added to `errors` under `name`."""
        raise NotImplementedError

    def schema(self) -> Schema:
        raise NotImplementedError

    def described(self) -> Schema:
        """The schema with null and help where they apply."""
        schema = self.schema()
        if self.nullable and not self.required and "type" in schema:
            schema["type"] = [schema["type"], "null"]
        if self.help:
            schema["description"] = self.help
        return schema


@dataclass(frozen=True)
class Id(Field):
    """An id: a whole number, or its digits as a string."""

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        value = read_id(value) if type(value) is str else value
        if type(value) is int and 0 < value <= LARGEST_ID:
            return value
        errors.add(name, "not_an_id")
        return None

    def schema(self) -> Schema:
        return {"type": "integer", "format": "int64", "minimum": 1}


@dataclass(frozen=True)
class Text(Field):
    """Text of at most `limit` characters, without control characters."""

    limit: int = 200

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is not str:
            errors.add(name, "not_text")
        elif len(value) > self.limit:
            errors.add(name, "too_long", limit=self.limit)
        elif not value.isprintable() and any(map(_unreadable, value)):
            errors.add(name, "unreadable_character")
        else:
            return value
        return None

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.limit}


def _unreadable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t"


@dataclass(frozen=True)
class Choice(Field):
    """One of a few words."""

    choices: tuple[str, ...] = ()

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is str and value in self.choices:
            return value
        errors.add(name, "unknown_choice", choices=list(self.choices))
        return None

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.choices)}

    def described(self) -> Schema:
        schema = super().described()
        if isinstance(schema["type"], list):
            schema["enum"] = [*schema["enum"], None]
        return schema


@dataclass(frozen=True)
class Flag(Field):
    """True or false; in a query the words."""

    nullable: bool = False

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is bool:
            return value
        if value in ("true", "1", "false", "0"):
            return value in ("true", "1")
        errors.add(name, "not_a_flag")
        return None

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Integer(Field):
    """A whole number within bounds."""

    smallest: int = 0
    largest: int = 2**31 - 1

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 19:
            value = int(value)
        if type(value) is not int:
            errors.add(name, "not_a_number", text=shown(value))
        elif not self.smallest <= value <= self.largest:
            errors.add(name, "out_of_range", smallest=self.smallest, largest=self.largest)
        else:
            return value
        return None

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.smallest, "maximum": self.largest}


@dataclass(frozen=True)
class Number(Field):
    """An exact decimal number: at most `places` decimals, not beyond `largest` in either direction."""

    places: ClassVar[int] = 2
    largest: ClassVar[Decimal] = LARGEST_AMOUNT
    unit: ClassVar[str] = "amount"

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        text = value if isinstance(value, str) else str(value) if type(value) is int else None
        number = parse_decimal(text.strip()) if text and len(text) <= LONGEST_NUMBER and text.isascii() else None
        if number is None:
            too_long = text is not None and len(text) > LONGEST_NUMBER
            errors.add(name, "not_a_number" if not too_long else "too_large", text=shown(value), limit=self.largest)
        elif abs(number) > self.largest:
            errors.add(name, "too_large", limit=self.largest)
        elif -number.as_tuple().exponent > self.places and number != round(number, self.places):  # type: ignore[operator]
            errors.add(name, "too_many_decimals", places=self.places)
        else:
            return number
        return None

    def schema(self) -> Schema:
        return {"type": "string", "format": "decimal", "examples": [str(Decimal(1).scaleb(-self.places) * 1250)]}


def shown(value: Any) -> str:
    return str(value)[:LONGEST_NUMBER].encode("utf-8", "replace").decode()


@dataclass(frozen=True)
class Amount(Number):
    """Money with two decimals."""


@dataclass(frozen=True)
class Quantity(Number):
    """A quantity with three decimals."""

    places: ClassVar[int] = 3
    largest: ClassVar[Decimal] = LARGEST_QUANTITY


@dataclass(frozen=True)
class Price(Number):
    """A price or cost per unit, net of tax, with four decimals."""

    places: ClassVar[int] = 4
    largest: ClassVar[Decimal] = LARGEST_PRICE


@dataclass(frozen=True)
class Percent(Number):
    """A percentage: "10" is 10 %."""

    places: ClassVar[int] = 3
    largest: ClassVar[Decimal] = Decimal(100)


@dataclass(frozen=True)
class Rate(Number):
    """A rate: "0.13" is 13 %."""

    places: ClassVar[int] = 4
    largest: ClassVar[Decimal] = Decimal(10)


@dataclass(frozen=True)
class Day(Field):
    """A date, YYYY-MM-DD."""

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is str and len(value) == len("2026-01-01") and value.isascii():
            try:
                day = date.fromisoformat(value)
            except ValueError:
                pass
            else:
                if is_document_day(day, now().date()):
                    return day
                errors.add(name, "day_out_of_range")
                return None
        errors.add(name, "not_a_date", text=shown(value))
        return None

    def schema(self) -> Schema:
        return {"type": "string", "format": "date"}


class Body:
    """A JSON object: its fields by name. Anything else in it is refused by name."""

    def __init__(self, **fields: Field) -> None:
        self.fields = fields
        self.required = frozenset(name for name, spec in fields.items() if spec.required)

    def parse(self, data: Any, errors: FieldErrors, prefix: str = "") -> dict[str, Any]:
        """The fields that are there; what is wrong with any of them is added to `errors`."""
        if type(data) is not dict:
            errors.add(prefix.rstrip("."), "not_an_object")
            return {}
        found: dict[str, Any] = {}
        for name, value in data.items():
            spec = self.fields.get(name)
            if spec is None:
                errors.add(prefix + shown(name), "unknown_field")
            elif value is not None:
                found[name] = spec.parse(value, prefix + name, errors)
            elif spec.required or not spec.nullable:
                errors.add(prefix + name, "required")
            else:
                found[name] = None
        for name in self.required - data.keys():
            errors.add(prefix + name, "required")
        return found

    def schema(self) -> Schema:
        schema: Schema = {
            "type": "object",
            "properties": {name: spec.described() for name, spec in self.fields.items()},
            "additionalProperties": False,
        }
        if self.required:
            schema["required"] = [name for name in self.fields if name in self.required]
        return schema

    def __or__(self, other: Body) -> Body:
        return Body(**self.fields, **other.fields)


@dataclass(frozen=True)
class Many(Field):
    """A list of objects; each becomes what `make` makes of its fields that are not null."""

    item: Body = field(default_factory=Body)
    make: Callable[..., Any] = dict

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is not list:
            errors.add(name, "not_a_list")
            return None
        if len(value) > MOST_ITEMS:
            errors.add(name, "too_many", limit=MOST_ITEMS)
            return None
        faults = len(errors.found)
        items = [self.item.parse(each, errors, f"{name}.{index}.") for index, each in enumerate(value)]
        if len(errors.found) > faults:
            return None
        return [self.make(**{key: each for key, each in item.items() if each is not None}) for item in items]

    def schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema(), "maxItems": MOST_ITEMS}


@dataclass(frozen=True)
class Ids(Field):
    """A list of ids."""

    each: ClassVar[Id] = Id()

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is not list:
            errors.add(name, "not_a_list")
            return None
        if len(value) > MOST_ITEMS:
            errors.add(name, "too_many", limit=MOST_ITEMS)
            return None
        return [self.each.parse(each, f"{name}.{index}", errors) for index, each in enumerate(value)]

    def schema(self) -> Schema:
        return {"type": "array", "items": self.each.schema(), "maxItems": MOST_ITEMS}


@dataclass(frozen=True)
class Words(Field):
    """A list of short texts, such as codes."""

    word: ClassVar[Text] = Text(limit=60)

    def parse(self, value: Any, name: str, errors: FieldErrors) -> Any:
        if type(value) is not list:
            errors.add(name, "not_a_list")
            return None
        if len(value) > MOST_ITEMS:
            errors.add(name, "too_many", limit=MOST_ITEMS)
            return None
        return [self.word.parse(each, f"{name}.{index}", errors) for index, each in enumerate(value)]

    def schema(self) -> Schema:
        return {"type": "array", "items": self.word.schema(), "maxItems": MOST_ITEMS}


class Answered:
    """A part of an answer that is described, and masked in what a command answered, when it is asked for."""

    def schema(self) -> Schema:
        raise NotImplementedError

    def shown(self, answered: Any) -> Any:
        """What a command answered, as the caller of now may see it."""
        raise NotImplementedError


def schema_of(shape: Any) -> Schema:
    """The schema of an answer, from a plain description: types, `{name: shape}`, `[shape]`, `shape | None`."""
    if isinstance(shape, Answered):
        return shape.schema()
    if isinstance(shape, Mapping):
        properties = {name: schema_of(part) for name, part in shape.items()}
        if any(sensitive_part(part) for part in shape.values()):
            properties["masked"] = MASKED_SCHEMA
        return {"type": "object", "properties": properties}
    if isinstance(shape, Sequence) and not isinstance(shape, str):
        return {"type": "array", "items": schema_of(shape[0]) if shape else {}}
    return dict(_TYPES.get(shape, {"type": "string"}))


MASKED_SCHEMA: Schema = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Names of what is masked for the caller and null for that; not there where nothing is.",
}
_MASKABLE: Schema = {"type": ["string", "null"], "description": "Null and named in `masked` where it is masked."}
_TYPES: dict[Any, Schema] = {
    **{kept: _MASKABLE for kept in (Phone, Phone | None, Email, Email | None, BankDetail, BankDetail | None)},
    **{kept: {**_MASKABLE, "format": "decimal"} for kept in (Cost, Cost | None, Margin, Margin | None)},
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    Decimal: {"type": "string", "format": "decimal"},
    date: {"type": "string", "format": "date"},
    int | None: {"type": ["integer", "null"]},
    str | None: {"type": ["string", "null"]},
    Decimal | None: {"type": ["string", "null"], "format": "decimal"},
    date | None: {"type": ["string", "null"], "format": "date"},
    object: {},
}
