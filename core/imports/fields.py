"""A field of a kind: what its column is called in files, and how its cell is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final

from babel import Locale

from core.errors import FieldError
from core.normalise import clean, fold
from core.numbers import day_in_text, number_in
from core.statements import Statement

FRACTION: Final = "fraction"
_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_YES: Final = frozenset(("1", "true", "yes", "y", "t", "x", "是", "有", "√", "✓"))
_NO: Final = frozenset(("0", "false", "no", "n", "f", "否", "无", "×"))
_CHINA: Final = {"中国": "CN", "大陆": "CN", "台湾": "TW", "香港": "HK", "澳门": "MO"}
_OTHER_COUNTRIES: Final = {"uk": "GB", "usa": "US", "us": "US", "greatbritain": "GB", "korea": "KR", "russia": "RU"}
_LONGEST_QUOTE: Final = 40


class Unreadable(Exception):
    """A cell that is none of what its field takes."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.fault = FieldError(code, data)


def head_key(text: str) -> str:
    """A head without case, widths, signs and blanks, as heads are compared."""
    return _NOT_WORD.sub("", fold(text))


def quoted(text: str) -> str:
    """A cell as a reason quotes it."""
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


# readers of cells -----------------------------------------------------------------------------------------------------
Reader = Callable[["Field", str, str], Any]


def read_text(field: Field, text: str, unit: str) -> Any:
    return clean(text)


def read_number(field: Field, text: str, unit: str) -> Any:
    found = number_in(text)
    if found is None:
        raise Unreadable("not_a_number", text=quoted(text), guess=None)
    if found.normalize().as_tuple().exponent < -field.places:  # type: ignore[operator]  # a finite number
        raise Unreadable("too_many_decimals", places=field.places)
    if field.from_zero and found < 0:
        raise Unreadable("negative")
    return found


def read_percent(field: Field, text: str, unit: str) -> Any:
    """`10` and `10 %` are ten per cent; in a column of fractions 0.1 is."""
    bare = text.rstrip().rstrip("%％")
    found = number_in(bare)
    if found is None:
        raise Unreadable("not_a_number", text=quoted(text), guess=None)
    is_fraction = unit == FRACTION and bare == text.rstrip()
    return (found * 100 if is_fraction else found).quantize(Decimal("0.001")).normalize() + 0


def read_rate(field: Field, text: str, unit: str) -> Any:
    """A rate as it is kept: `13 %` and `13` are 0.13."""
    return (read_percent(field, text, unit) / 100).quantize(Decimal("0.0001"))


def read_day(field: Field, text: str, unit: str) -> Any:
    moment = _MOMENT.fullmatch(text)
    found = day_in_text(moment[1] if moment else text)
    if found is None and (parts := _DAY_MONTH.fullmatch(text)):
        found = _day_of(unit, *map(int, parts.groups()))
    if found is None:
        raise Unreadable("not_a_date", text=quoted(text))
    return found


def _day_of(unit: str, first: int, second: int, year: int) -> date | None:
    day, month = (second, first) if unit == "month_first" else (first, second)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_flag(field: Field, text: str, unit: str) -> Any:
    found = fold(text).strip()
    if found in _YES:
        return True
    if found in _NO:
        return False
    raise Unreadable("not_yes_or_no", text=quoted(text))


@cache
def countries() -> Mapping[str, str]:
    """ISO codes by what a country is called in English and Chinese, and by the code itself."""
    found: dict[str, str] = {}
    for language in ("en", "zh"):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found.setdefault(head_key(name), code)
                found[code.lower()] = code
    return {**found, **_OTHER_COUNTRIES, **_CHINA}


def read_country(field: Field, text: str, unit: str) -> Any:
    code = countries().get(head_key(text))
    if code is None:
        raise Unreadable("unknown_country", value=quoted(text))
    return code


def read_choice(field: Field, text: str, unit: str) -> Any:
    wanted = head_key(text)
    for value, names in field.choices.items():
        if wanted == head_key(value) or any(wanted == head_key(name) for name in names):
            return value
    raise Unreadable("import_unknown_choice", text=quoted(text), choices=[names for names in field.choices.values()])


READERS: Final[dict[str, Reader]] = {
    "text": read_text,
    "number": read_number,
    "percent": read_percent,
    "rate": read_rate,
    "day": read_day,
    "flag": read_flag,
    "country": read_country,
    "choice": read_choice,
    "reference": read_text,
}


@dataclass(frozen=True)
class Field:
    """A field that a column may fill.

    `zh` and `en` are what it is called, other names behind it separated by `|`. `reads` names how a cell is read
    (`READERS`). `choices` maps a value to its (Chinese, English) names. `look_up` finds what a reference means: a
    statement that answers (text, id) for `texts`. `is_many` marks what each row of a record has for itself (an order's
    lines). `mask` is the kind its values are masked as (`core.masks`), `permission` what setting it needs.
    `needed_when_new` marks what a new record must have, and one that is there may go without; `from_zero` a number that
    is never below zero.
    """

    name: str
    zh: str
    en: str
    reads: str = "text"
    required: bool = False
    places: int = 4
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    look_up: Statement | None = None
    is_many: bool = False
    mask: str = ""
    permission: str = ""
    hint: tuple[str, str] = ("", "")
    needed_when_new: bool = False
    from_zero: bool = False

    def label(self, language: str) -> str:
        """What the field is called."""
        return (self.zh if language == "zh" else self.en).split("|")[0]

    @property
    def names(self) -> list[str]:
        """All heads it goes by, compared without case and signs; the best first."""
        found = [self.name, *self.zh.split("|"), *self.en.split("|")]
        return list(dict.fromkeys(head_key(name) for name in found))

    def read(self, text: str, unit: str = "") -> Any:
        """The value of a cell that is not empty. Raises Unreadable."""
        return READERS[self.reads](self, text, unit)


def text(name: str, zh: str, en: str, **more: Any) -> Field:
    return Field(name, zh, en, **more)


def number(name: str, zh: str, en: str, **more: Any) -> Field:
    return Field(name, zh, en, "number", **more)


def reference(name: str, zh: str, en: str, look_up: Statement, **more: Any) -> Field:
    return Field(name, zh, en, "reference", look_up=look_up, **more)


# guessing -------------------------------------------------------------------------------------------------------------
EXACT, PART = 100, 10


def guess_mapping(fields: Sequence[Field], heads: Sequence[str]) -> dict[str, int]:
    """Of each field the column that its heads are most like: the same words first, then words within words. A column
    fills one field."""
    keys = [head_key(head) for head in heads]
    scored = [
        (score, -place, -column, wanted.name, column)
        for place, wanted in enumerate(fields)
        for column, key in enumerate(keys)
        if key and (score := _likeness(wanted.names, key))
    ]
    found: dict[str, int] = {}
    for _score, _place, _column, name, column in sorted(scored, reverse=True):
        if name not in found and column not in found.values():
            found[name] = column
    return found


def _likeness(names: Sequence[str], key: str) -> int:
    if key in names:
        return EXACT - names.index(key)
    longest = max((len(name) for name in names if len(name) >= 2 and name in key and not name.isascii()), default=0)
    return PART + longest if longest else 0


def guess_head_row(fields: Sequence[Field], lines: Sequence[Sequence[str | None]]) -> int:
    """The line (from 1) that reads like heads: the one with most words the fields go by; else the first with as many
    filled cells as the lines below it have. Bank exports have lines of their own before it."""
    known = {name for wanted in fields for name in wanted.names}
    scores = [sum(head_key(cell) in known for cell in line if cell) for line in lines]
    if scores and max(scores) >= min(2, len(fields)):
        return scores.index(max(scores)) + 1
    widths = [sum(1 for cell in line if cell) for line in lines]
    most = max(widths, default=0)
    return next((row for row, width in enumerate(widths, start=1) if width and width >= most), 1)


def guess_units(
    fields: Sequence[Field], mapping: Mapping[str, int], samples: Sequence[Sequence[str | None]]
) -> dict[str, str]:
    """How the cells of a column are meant where they can be meant in two ways: percentages that are all between 0 and
    1 are fractions; of `3/18/2026` the first is the month where the second is no month."""
    units: dict[str, str] = {}
    for wanted in fields:
        column = mapping.get(wanted.name)
        cells = [] if column is None else [row[column] for row in samples if column < len(row) and row[column]]
        if wanted.reads in ("percent", "rate") and cells:
            values = [number_in(str(cell)) for cell in cells]
            if all(value is not None and 0 <= value <= 1 for value in values):
                units[wanted.name] = FRACTION
        if wanted.reads == "day":
            parts = [found for cell in cells if (found := _DAY_MONTH.fullmatch(str(cell)))]
            if parts and all(int(part[1]) <= 12 for part in parts) and any(int(part[2]) > 12 for part in parts):
                units[wanted.name] = "month_first"
    return units
