"""What references in lists point to: how the records a condition names are called, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Connection, Select, bindparam, case

CHINESE = bindparam("chinese", type_=Boolean())
MOST_OPTIONS = 300


@dataclass(frozen=True)
class Reference:
    """A kind of record: `query` selects (id, label), `few` says that all of them can be offered in a choice."""

    query: Callable[[], Select[*tuple[Any, ...]]]
    identity: Any
    label: Any
    few: bool = True
    current: Callable[[], Any] | None = None
    """Which of them are offered; all where none is said."""


REFERENCES: dict[str, Reference] = {}


def refer(name: str, reference: Reference) -> None:
    """Registers a kind of record under the name that columns refer to."""
    if name in REFERENCES:
        raise ValueError(f"reference {name} is registered twice")
    REFERENCES[name] = reference


def labels(connection: Connection, name: str, ids: Iterable[int], parameters: dict[str, Any]) -> dict[int, str]:
    """What records are called, by id; one that the viewer does not see is left out."""
    reference = REFERENCES[name]
    query = reference.query().where(reference.identity.in_(sorted(set(ids))))
    return {identity: label for identity, label in connection.execute(query, parameters).all()}


def options(connection: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[int, str]]:
    """What a condition can name, in the order of their labels; none where there are too many to offer."""
    reference = REFERENCES[name]
    if not reference.few:
        return []
    query = reference.query().order_by(reference.label, reference.identity).limit(MOST_OPTIONS)
    if reference.current is not None:
        query = query.where(reference.current())
    return [(identity, label) for identity, label in connection.execute(query, parameters).all()]


def in_language(english: Any, chinese: Any) -> Any:
    """A label in the language of who asks."""
    return case((CHINESE, chinese), else_=english)
