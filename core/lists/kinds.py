"""What a column holds, and which comparisons that allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    REFERENCE = "reference"
    MONEY = "money"
    PRICE = "price"
    QUANTITY = "quantity"
    NUMBER = "number"
    PERCENT = "percent"
    DAY = "day"
    MOMENT = "moment"
    FLAG = "flag"


FIGURES: Final = frozenset((Kind.MONEY, Kind.PRICE, Kind.QUANTITY, Kind.NUMBER, Kind.PERCENT))
DATED: Final = frozenset((Kind.DAY, Kind.MOMENT))
CHOSEN: Final = frozenset((Kind.CHOICE, Kind.REFERENCE))

_EITHER = ("filled", "empty")
_TEXT = ("has", "lacks", "is", "begins", *_EITHER)
_CHOICE = ("in", "out", *_EITHER)
_FIGURES = ("gt", "ge", "lt", "le", "eq", "between", *_EITHER)
_DATED = ("on", "since", "until", "between", "last", "next", "period", *_EITHER)

OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TEXT: _TEXT,
    Kind.CHOICE: _CHOICE,
    Kind.REFERENCE: ("in", "out", "has", *_EITHER),
    **dict.fromkeys(FIGURES, _FIGURES),
    **dict.fromkeys(DATED, _DATED),
    Kind.FLAG: ("yes", "no"),
}
"""The comparisons of each kind by name, the usual one first. `last` and `next` take a number of days, `period` one of
PERIODS; `on`, `since`, `until` and `between` include the days they name."""

VALUES: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(("filled", "empty", "yes", "no"), (0, 0)),
    **dict.fromkeys(("in", "out"), (1, 100)),
    "between": (2, 2),
}
"""How many values a comparison takes, at least and at most; one where it is not named."""

PERIODS: Final = (
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
)
