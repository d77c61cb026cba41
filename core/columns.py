"""What the columns of a table can hold, asked before a row is sent: the one place where lengths and sizes are known.

`check_row` stands where records are made (the plan's writes and the session's flush), so that pages, API and import
meet the same bounds; `longest_texts` gives the same bounds to forms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Numeric, SmallInteger, String, Table, event
from sqlalchemy.orm import Session

from core.errors import FieldError, FieldErrors, InvalidInput

LARGEST_ID = 2**63 - 1
_INTEGERS = {SmallInteger: 2**15 - 1, BigInteger: LARGEST_ID, Integer: 2**31 - 1}
Check = Callable[[Any], FieldError | None]


def read_id(text: object) -> int | None:
    """The id that a text says: ASCII digits, above zero, not above the largest the database holds. None else."""
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST_ID)):
        return None
    value = int(text)
    return value if 0 < value <= LARGEST_ID else None


def field_of(name: str) -> str:
    """What people call the field a column is filled from: a normalised key is made of the text it is named after."""
    return name.removesuffix("_key").removeprefix("cancel_")


def longest_texts(model: Any) -> dict[str, int]:
    """The most characters of each text column of a model that has a limit."""
    columns = model.__table__.c
    texts = [column for column in columns if isinstance(column.type, String) and column.type.length]
    return {column.name: column.type.length for column in texts}


@cache
def _limits(model: Any) -> tuple[tuple[str, int], ...]:
    return tuple(longest_texts(model).items())


def check_texts(errors: FieldErrors, model: Any, values: Mapping[str, Any]) -> None:
    """Adds `too_long` for every text that its column could not hold, beside the field it came from."""
    for name, limit in _limits(model):
        text = values.get(name)
        if isinstance(text, str) and len(text) > limit:
            errors.add(field_of(name), "too_long", limit=limit)


def check_row(table: Table, values: Mapping[str, Any]) -> None:
    """Raises InvalidInput naming every value that its column could not hold."""
    checks, lengths = _checks(table), _lengths(table)
    faults: dict[str, FieldError] = {}
    for name, value in values.items():
        if type(value) is str and len(value) <= lengths.get(name, -1) and "\0" not in value:
            continue
        check = checks.get(name)
        if check is not None and value is not None and (fault := check(value)) is not None:
            faults.setdefault(field_of(name), fault)
    if faults:
        raise InvalidInput(faults)


@cache
def _checks(table: Table) -> dict[str, Check]:
    found = {column.name: _check_of(column.type) for column in table.c}
    return {name: check for name, check in found.items() if check is not None}


@cache
def _lengths(table: Table) -> dict[str, int]:
    """The most characters of each column of text."""
    return {column.name: column.type.length or sys.maxsize for column in table.c if isinstance(column.type, String)}


def _check_of(kind: Any) -> Check | None:
    if isinstance(kind, String):
        return _text_check(kind.length)
    if isinstance(kind, Numeric) and kind.precision is not None:
        return _number_check(Decimal(10) ** (kind.precision - (kind.scale or 0)))
    for type_, largest in _INTEGERS.items():
        if isinstance(kind, type_):
            return _number_check(Decimal(largest + 1))
    return None


def _text_check(limit: int | None) -> Check:
    def check(value: Any) -> FieldError | None:
        if type(value) is not str:
            return None
        if limit is not None and len(value) > limit:
            return FieldError("too_long", {"limit": limit})
        return FieldError("unreadable_character") if "\0" in value else None

    return check


def _number_check(bound: Decimal) -> Check:
    whole = int(bound)

    def check(value: Any) -> FieldError | None:
        if type(value) is int and -whole < value < whole:  # most are ids, and comparing with a Decimal takes its time
            return None
        if isinstance(value, Decimal | int) and not -bound < value < bound:
            return FieldError("figure_too_large")
        return None

    return check


@event.listens_for(Session, "before_flush")
def _check_edited(session: Session, _context: Any, _instances: Any) -> None:
    for instance in (*session.new, *session.dirty):
        columns = instance.__table__.c
        check_row(instance.__table__, {name: value for name, value in vars(instance).items() if name in columns})
