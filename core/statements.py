"""Registered SQL: the only raw statements that may reach a table, each saying what it touches and how it is scoped.

Text is fixed at import and parameters are sent as untyped text, so that every statement is prepared once per connection
and keeps one plan, whatever the values. Rows come back as the fact class named at registration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

from psycopg.rows import args_row, tuple_row

Scope = Literal["scoped", "by_root", "system"]
REGISTRY: dict[str, Statement] = {}


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
    fact: Any = None

    def __call__(self, **parameters: Any) -> Query:
        return Query(self, {name: to_text(value) for name, value in parameters.items()})

    @property
    def row_factory(self) -> Any:
        return tuple_row if self.fact is None else args_row(self.fact)


@dataclass(frozen=True)
class Query:
    """A statement with its parameters, ready to be sent."""

    statement: Statement
    parameters: Mapping[str, str | None]


def statement(name: str, text: str, *, tables: str, scope: Scope, fact: Any = None) -> Statement:
    """Registers a statement under a unique name. `tables` is a space separated list of what it touches."""
    if name in REGISTRY:
        raise ValueError(f"statement {name} is registered twice")
    REGISTRY[name] = found = Statement(name, " ".join(text.split()), frozenset(tables.split()), scope, fact)
    return found


def to_text(value: Any) -> str | None:
    """PostgreSQL's text form of a parameter; None stays NULL, a sequence becomes an array literal."""
    if value is None or (isinstance(value, str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return array_text(value)
    return str(value)


def array_text(values: Any) -> str:
    """A one-dimensional array literal; every element quoted but NULL, which is always valid."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    text = to_text(value)
    if text is None:
        return "NULL"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
