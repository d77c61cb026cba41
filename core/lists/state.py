"""What somebody asks of a list, and how it is written in an address: words, conditions, order, columns, grouping.

A condition is `column:operator:value,value`; conditions parted by `;` are alternatives, and each parameter `f` is a
further demand. Values are percent-encoded, so that the three signs part nothing else. Saved views keep the same text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlencode

LONGEST_WORDS: Final = 200
LONGEST_DEMAND: Final = 4000
MOST_DEMANDS: Final = 20
MOST_ALTERNATIVES: Final = 10
MOST_LEVELS: Final = 2
LONGEST_GROUP: Final = 160
PARAMETERS: Final = ("q", "f", "sort", "group", "cols")
"""The parameters that make up a state; each one in an address replaces that part of what its view has saved."""


@dataclass(frozen=True)
class Condition:
    """One comparison: the column by name, the operator, the values as texts."""

    column: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        values = ",".join(quote(value, safe="") for value in self.values)
        return f"{self.column}:{self.operator}" + (f":{values}" if self.values else "")


Demand = tuple[Condition, ...]
"""Alternatives: a row fits when one of them does."""


@dataclass(frozen=True)
class State:
    """What is asked for: rows that hold all `words` and fit all `demands`, in an order (`-` in front: descending), with
    these columns, or grouped by one of them, or by two, parted by a comma. Empty parts leave it to the list."""

    words: str = ""
    demands: tuple[Demand, ...] = ()
    sort: str = ""
    columns: tuple[str, ...] = ()
    group: str = ""

    @classmethod
    def read(cls, parameters: Mapping[str, Sequence[str]]) -> State:
        """The state that parameters of an address name; what is too long or too much is cut off."""
        return cls(
            words=_first(parameters, "q").strip()[:LONGEST_WORDS],
            demands=tuple(read_demand(text) for text in parameters.get("f", ())[:MOST_DEMANDS] if text),
            sort=_first(parameters, "sort")[:80],
            columns=tuple(name for name in _first(parameters, "cols")[:LONGEST_DEMAND].split(",") if name),
            group=_first(parameters, "group")[:LONGEST_GROUP],
        )

    @classmethod
    def of_text(cls, text: str) -> State:
        """The state a saved view keeps."""
        return cls.read(parse_qs(text))

    @property
    def levels(self) -> tuple[str, ...]:
        """What rows are grouped by, the outer level first."""
        return tuple(dict.fromkeys(name for name in self.group.split(",") if name))[:MOST_LEVELS]

    def asks_like(self, other: State) -> bool:
        """Whether both ask for the same rows, in whatever order and columns."""
        return (self.words, self.demands) == (other.words, other.demands)

    def parameters(self) -> dict[str, list[str]]:
        """The same as parameters of an address; what is left to the list is not named."""
        named = {
            "q": [self.words],
            "f": [write_demand(demand) for demand in self.demands],
            "sort": [self.sort],
            "group": [self.group],
            "cols": [",".join(self.columns)],
        }
        return {name: [text for text in texts if text] for name, texts in named.items() if any(texts)}

    def text(self) -> str:
        """The same as a saved view keeps it."""
        return urlencode(self.parameters(), doseq=True)

    def asking(self, *demands: Demand | Condition) -> State:
        """The same with more demands."""
        added = tuple((demand,) if isinstance(demand, Condition) else demand for demand in demands)
        return replace(self, demands=self.demands + added)


def _first(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(parameters.get(name, ())), "")


def read_demand(text: str) -> Demand:
    """The alternatives a text names; what is no condition becomes one that no list knows, so that it fits no row."""
    parts = text[:LONGEST_DEMAND].split(";")[:MOST_ALTERNATIVES]
    return tuple(_read_condition(part) for part in parts)


def _read_condition(text: str) -> Condition:
    column, _, rest = text.partition(":")
    operator, has_values, values = rest.partition(":")
    return Condition(
        unquote(column), unquote(operator), tuple(unquote(value) for value in values.split(",")) if has_values else ()
    )


def write_demand(demand: Demand) -> str:
    """A demand as a parameter of an address."""
    return ";".join(str(condition) for condition in demand)


def demand(column: str, operator: str, *values: object) -> Demand:
    """A demand of one condition."""
    return (Condition(column, operator, tuple(str(value) for value in values)),)
