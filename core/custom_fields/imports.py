"""Custom fields in files: which columns a type of records may have there, and what a cell says.

    for column in importable("customer"): …        columns to map, by name or by label in either language
    read_cell(column.field, text)                  the plain value for `custom`, as the commands take it

What cannot be read is refused with the code and data of a field error, whose sentences pages and API have. A reference
is read by code or whole name, as somebody types it in a form: one look-up a cell, or, for many rows, one for each text
(`References`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from core.custom_fields.definitions import NUMERIC, Field, fields_of
from core.custom_fields.kinds import check_value
from core.custom_fields.models import FieldKind
from core.custom_fields.references import find_references
from core.errors import FieldError, FieldErrors
from core.money import parse_decimal
from core.normalise import fold

LONGEST_QUOTE: Final = 40
YES: Final = frozenset({"yes", "y", "true", "1", "是", "有", "√", "x"})
NO: Final = frozenset({"no", "n", "false", "0", "否", "无", "×"})
_PARTS: Final = re.compile(r"[;；\n|]")
_WORDS: Final = re.compile(r"[,、，]")
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?")


class Importable(NamedTuple):
    """A column that a file may have. `labels` are what its head may say."""

    name: str
    field: Field
    labels: tuple[str, ...]
    is_required: bool


class Unreadable(Exception):
    """A cell that is none of what its field takes; `fault` says why."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.fault = FieldError(code, data)


@dataclass
class References:
    """What texts refer to, each looked up once."""

    found: dict[tuple[str, str], int | FieldError] = field(default_factory=dict)

    def find(self, target: str, text: str) -> int:
        """The id of the one record that is meant, of those the person of the call sees. Raises Unreadable."""
        key = (target, text)
        if key not in self.found:
            matches = find_references(target, text)
            labels = [match.label for match in matches]
            code = "several_references" if matches else "reference_unknown"
            self.found[key] = matches[0].id if len(matches) == 1 else FieldError(code, {"found": labels})
        known = self.found[key]
        if isinstance(known, FieldError):
            raise Unreadable(known.code, **known.data)
        return known


def importable(record_type: str) -> list[Importable]:
    """The custom fields of a type that a file may bring: those whose values the person of the call sees."""
    return [
        Importable(each.column, each, (each.label, each.label_zh, each.key), each.is_required)
        for each in fields_of(record_type)
        if each.is_seen
    ]


def read_cell(each: Field, cell: Any, references: References | None = None) -> Any:
    """The plain value of a cell: of a text, or of what a spreadsheet keeps as number, day or truth. None for an empty
    one. Raises Unreadable."""
    text = cell.strip() if isinstance(cell, str) else cell
    if text is None or text == "":
        return None
    value = _READERS[FieldKind(each.kind)](each, text, references or References())
    errors = FieldErrors()
    checked = check_value(each, value, errors)
    for fault in errors.found.values():
        raise Unreadable(fault.code, **fault.data)
    return checked


def _text(_each: Field, cell: Any, _references: References) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a spreadsheet keeps what looks like a number as one
    return str(cell)


def _number(_each: Field, cell: Any, _references: References) -> Decimal:
    text = unicodedata.normalize("NFKC", str(cell)).replace(" ", "").lstrip("¥￥$€")
    plain = text.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text) else text
    number = None if isinstance(cell, bool) or len(plain) > LONGEST_QUOTE else parse_decimal(plain)
    if number is None:
        raise Unreadable("not_a_number", text=str(cell)[:LONGEST_QUOTE])
    return number


def _date(_each: Field, cell: Any, _references: References) -> date:
    if isinstance(cell, date):
        return date(cell.year, cell.month, cell.day)
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", str(cell)))
    try:
        if match is not None:
            return date(*map(int, match.groups()))
    except ValueError:
        pass
    raise Unreadable("not_a_date", text=str(cell)[:LONGEST_QUOTE])


def _choice(each: Field, cell: Any, references: References) -> str:
    """By code, or by its name in either language."""
    wanted = fold(_text(each, cell, references))
    for choice in each.choices:
        if choice.is_active and wanted in (choice.code, fold(choice.label), fold(choice.label_zh)):
            return choice.code
    raise Unreadable("unknown_choice", choices=[choice.label for choice in each.choices if choice.is_active])


def _choices(each: Field, cell: Any, references: References) -> list[str]:
    """Names between semicolons or lines, or commas; a name may hold a comma itself."""
    codes: list[str] = []
    for part in _split(_PARTS, _text(each, cell, references)):
        try:
            codes.append(_choice(each, part, references))
        except Unreadable:
            codes += [_choice(each, word, references) for word in _split(_WORDS, part)]
    return codes


def _split(between: re.Pattern[str], text: str) -> list[str]:
    return [part.strip() for part in between.split(text) if part.strip()]


def _reference(each: Field, cell: Any, references: References) -> int:
    return references.find(each.target or "", _text(each, cell, references))


def _yes_no(each: Field, cell: Any, references: References) -> bool:
    if isinstance(cell, bool):
        return cell
    text = fold(_text(each, cell, references))
    if text not in YES | NO:
        raise Unreadable("not_yes_or_no", text=str(cell)[:LONGEST_QUOTE])
    return text in YES


_READERS: Final = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _number,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.REFERENCE: _reference,
    FieldKind.YES_NO: _yes_no,
}


def written(each: Field, data: Any, language: str, label: str | None = None) -> Any:
    """A plain value as a cell of a file: numbers and days as such, choices by name, a reference by its `label`; what
    `read_cell` reads back."""
    if data is None or each.kind in (*NUMERIC, FieldKind.DATE, FieldKind.TEXT):
        return data
    if each.kind == FieldKind.REFERENCE:
        return label
    if isinstance(data, bool):
        return ("是" if data else "否") if language == "zh" else ("yes" if data else "no")
    codes = data if isinstance(data, list) else [data]
    return "; ".join(choice.name(language) for choice in each.choices if choice.code in codes)
