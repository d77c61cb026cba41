"""Which values fit a field, kind by kind: what a command is given becomes what is kept, or is refused beside it.

Values are plain: a text, a Decimal, a date, True or False, the code of a choice, a list of codes, the id of what is
referred to; None is nothing. Whether a reference may be seen is asked where it is written, for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core import database as db
from core.columns import LARGEST_ID
from core.custom_fields.definitions import NUMERIC, Field
from core.custom_fields.models import LONGEST_TEXT, NUMBER_PLACES, FieldKind
from core.errors import FieldErrors
from core.money import LARGEST_AMOUNT, MONEY_PLACES, is_finer, parse_decimal, places_of
from core.normalise import clean, fold

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
MOST_CHOSEN: Final = 100
LARGEST_KEY_BYTES: Final = 2000
LONGEST_NUMBER: Final = 40
Check = Callable[[Field, Any, FieldErrors, frozenset[str]], Any]


def check_value(field: Field, value: Any, errors: FieldErrors, before: Any = None) -> Any:
    """The value as it is kept; None for nothing. What is wrong is added beside the field. Of archived choices only
    those of `before` fit."""
    if value is None or value == "" or value == []:
        return None
    kept = frozenset([before] if isinstance(before, str) else before if isinstance(before, list) else ())
    return _CHECKS[FieldKind(field.kind)](field, value, errors, kept)


def from_data(field: Field, data: Any) -> Any:
    """The plain value of what stands in JSON: numbers and days are texts there. What is none stays as it is, to be
    refused."""
    if not isinstance(data, str):
        return data
    if field.kind in NUMERIC:
        number = parse_decimal(data.strip()) if data.isascii() and len(data) <= LONGEST_NUMBER else None
        return data if number is None else number
    if field.kind == FieldKind.DATE:
        try:
            return date.fromisoformat(data) if len(data) == len("2026-01-01") else data
        except ValueError:
            return data
    return data


def places_in(field: Field) -> int:
    """How many decimals a number of this field may have."""
    if field.kind == FieldKind.MONEY:
        return places_of(db.current().currency())
    return NUMBER_PLACES if field.places is None else field.places


def longest_in(field: Field) -> int:
    """How many characters a text of this field may have."""
    return field.longest or LONGEST_TEXT


def text_key(text: str) -> str:
    """What texts are compared and ordered by: without case, widths and accents, short enough for an index."""
    return fold(text).encode()[:LARGEST_KEY_BYTES].decode(errors="ignore")


def _text(field: Field, value: Any, errors: FieldErrors, _kept: frozenset[str]) -> str | None:
    if not isinstance(value, str):
        errors.add(field.column, "not_text")
        return None
    if "\0" in value:
        errors.add(field.column, "unreadable_character")
        return None
    text = clean(value)
    if text is not None and len(text) > longest_in(field):
        errors.add(field.column, "too_long", limit=longest_in(field))
    return text


def _number(field: Field, value: Any, errors: FieldErrors, _kept: frozenset[str]) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        errors.add(field.column, "not_a_number", text=str(value)[:40])
        return None
    number = Decimal(value)
    smallest, largest = field.smallest, field.largest
    if not number.is_finite() or abs(number) > LARGEST_AMOUNT:
        errors.add(field.column, "too_large", limit=LARGEST_AMOUNT)
    elif is_finer(number, places_in(field)):
        errors.add(field.column, "too_many_decimals", places=places_in(field))
    elif (smallest is not None and number < smallest) or (largest is not None and number > largest):
        errors.add(field.column, "beyond_bounds", smallest=smallest, largest=largest)
    else:
        return round(number, MONEY_PLACES) if field.kind == FieldKind.MONEY else plain_decimal(number)
    return None


def plain_decimal(number: Decimal) -> Decimal:
    """Without zeros at the end, and without an exponent, so that equal numbers look equal."""
    number = number.normalize()
    return number.quantize(Decimal(1)) if number.as_tuple().exponent > 0 else number + 0  # type: ignore[operator]


def _date(field: Field, value: Any, errors: FieldErrors, _kept: frozenset[str]) -> date | None:
    if type(value) is not date:
        errors.add(field.column, "not_a_date", text=str(value)[:40])
    elif not FIRST_DAY <= value <= LAST_DAY:
        errors.add(field.column, "day_beyond", first=FIRST_DAY, last=LAST_DAY)
    else:
        return value
    return None


def _choice(field: Field, value: Any, errors: FieldErrors, kept: frozenset[str]) -> str | None:
    choice = field.choice(value)
    if choice is None or not (choice.is_active or choice.code in kept):
        codes = [choice.code for choice in field.choices if choice.is_active]
        errors.add(field.column, "unknown_choice", choices=codes)
        return None
    return choice.code


def _choices(field: Field, value: Any, errors: FieldErrors, kept: frozenset[str]) -> list[str] | None:
    if not isinstance(value, list | tuple):
        errors.add(field.column, "not_a_list")
        return None
    if len(value) > MOST_CHOSEN:
        errors.add(field.column, "too_many", limit=MOST_CHOSEN)
        return None
    codes = {_choice(field, each, errors, kept) for each in value if each not in (None, "")}
    return [choice.code for choice in field.choices if choice.code in codes] or None


def _reference(field: Field, value: Any, errors: FieldErrors, _kept: frozenset[str]) -> int | None:
    if type(value) is int and 0 < value <= LARGEST_ID:
        return value
    errors.add(field.column, "not_an_id")
    return None


def _yes_no(field: Field, value: Any, errors: FieldErrors, _kept: frozenset[str]) -> bool | None:
    if type(value) is bool:
        return value
    errors.add(field.column, "not_a_flag")
    return None


_CHECKS: Final[dict[FieldKind, Check]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _number,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.REFERENCE: _reference,
    FieldKind.YES_NO: _yes_no,
}
