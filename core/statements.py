"""Registered SQL: the only raw statements that may reach a table, each saying what it touches and how it is scoped.

Text is fixed at import and parameters are sent as untyped text, so that every statement is prepared once per connection
and keeps one plan, whatever the values. Rows come back as the fact class named at registration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import repeat
from operator import is_
from typing import Any, Literal

import psycopg

from core import masks
from core import scope as rows

Scope = Literal["scoped", "by_root", "system"]
REGISTRY: dict[str, Statement] = {}
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")


@dataclass(frozen=True)
class Statement:
    """One SQL text with named parameters, the tables it touches and how rows are kept to what the actor may see.

    `scoped`: carries the actor's predicate itself; `by_root`: reaches only ids of a root that was loaded with the
    predicate; `system`: for jobs and checks, or tables that are not scoped by row.
    """

    name: str
    text: str
    tables: frozenset[str]
    scope: Scope
    fact: Callable[..., Any] | None = None
    native: bytes = field(init=False, repr=False)
    parameter_names: tuple[str, ...] = field(init=False, repr=False)
    is_viewed: bool = field(init=False, repr=False)
    is_sensitive: bool = field(init=False, repr=False)
    seen_kinds: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        native, names = to_native(self.text)
        object.__setattr__(self, "native", native)
        object.__setattr__(self, "parameter_names", names)
        object.__setattr__(self, "is_viewed", not set(rows.PARAMETERS).isdisjoint(names))
        object.__setattr__(self, "is_sensitive", bool(masks.sensitive_fields(self.fact)))
        object.__setattr__(self, "seen_kinds", tuple(kind for kind in masks.KINDS if f"sees_{kind}" in names))
        if self.is_viewed != (self.scope == "scoped"):
            raise ValueError(f"statement {self.name}: `scoped` is one that holds the viewer's predicate, no other")

    def __call__(self, **parameters: Any) -> Query:
        """With its parameters; those of the predicate come from the viewer of this call, and so does `sees_phones` or
        another kind of `core.masks`."""
        if self.is_viewed:
            parameters.update(rows.current_viewer().parameters)
        for kind in self.seen_kinds:
            parameters[f"sees_{kind}"] = masks.sees(kind)
        return Query(self, [to_bytes(parameters[name]) for name in self.parameter_names])

    def make_row(self, values: Sequence[Any]) -> Any:
        return values if self.fact is None else self.fact(*values)

    def row_maker(self) -> Callable[[Sequence[Any]], Any]:
        """What makes facts of rows in this call; it costs nothing where no field is masked."""
        if not self.is_sensitive or self.fact is None:
            return self.make_row
        make = masks.maker(self.fact)
        return self.make_row if make is self.fact else lambda values: make(*values)


@dataclass(frozen=True)
class Query:
    """A statement with its parameters, ready to be sent."""

    statement: Statement
    parameters: Sequence[bytes | None]

    def sent(self) -> tuple[bytes, Sequence[bytes | None]]:
        return self.statement.native, self.parameters


def statement(name: str, text: str, *, tables: str, scope: Scope, fact: Any = None) -> Statement:
    """Registers a statement under a unique name. `tables` is a space separated list of what it touches.

    The text of a `scoped` one says `visible(alias)` for each table whose rows the viewer may or may not see.
    """
    if name in REGISTRY:
        raise ValueError(f"statement {name} is registered twice")
    text = " ".join(text.split())
    text = rows.expand(text) if scope == "scoped" else text
    REGISTRY[name] = found = Statement(name, text, frozenset(tables.split()), scope, fact)
    return found


def to_native(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The server's own form of a text (`$1`, …) and the names of its parameters in order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _PARAMETER.sub(number, text).encode(), tuple(names)


def to_bytes(value: Any) -> bytes | None:
    """PostgreSQL's text form of a parameter; None stays NULL, a sequence becomes an array literal.

    Raises psycopg.DataError for a text with NUL: libpq would silently end it there.
    """
    if value is None:
        return None
    sent = to_text(value).encode()
    if b"\0" in sent:
        raise psycopg.DataError("a text with NUL")
    return sent


def to_text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str(value.value) if isinstance(value, Enum) else value
    if isinstance(value, list | tuple | set | frozenset):
        return array_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def array_text(values: Iterable[Any]) -> str:
    """A one-dimensional array literal; every element quoted but NULL, which is valid for every type.

    Raises psycopg.DataError for a text with NUL among texts.
    """
    told = list(values)
    try:
        joined = "\0".join(told)
    except TypeError:  # others than texts among them
        return _mixed_array_text(told)
    if not told:
        return "{}"
    if joined.count("\0") >= len(told):
        raise psycopg.DataError("a text with NUL")
    return '{"' + _escaped(joined).replace("\0", '","') + '"}'


def _mixed_array_text(values: Sequence[Any]) -> str:
    return "{" + ",".join(["NULL" if value is None else f'"{_escaped(to_text(value))}"' for value in values]) + "}"


def plain_array_text(values: Sequence[Any]) -> str:
    """An array literal of numbers, days or moments, whose text needs no quotes."""
    if len(values) > 1 and all(map(is_, values, repeat(values[0]))):  # a moment, a default: written once
        return "{" + ",".join([_plain(values[0])] * len(values)) + "}"
    return "{" + ",".join(map(_plain, values)) + "}"


def _plain(value: Any) -> str:
    return "NULL" if value is None else str(value) if type(value) is int else to_text(value)


def _escaped(text: str) -> str:
    if "\\" in text or '"' in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text
