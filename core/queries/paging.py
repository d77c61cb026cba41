"""Keyset paging: one page of a list, by (sort value, id), with cursors that stay right while rows come and go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Text, cast, func, select, tuple_

from core.normalise import fold

PAGE_SIZE = 50
Row = TypeVar("Row")
AnySelect = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page and the cursors to its neighbours (None at an end). `total` counts all pages' rows, `sums` adds
    them up by name."""

    rows: list[Row]
    previous: str | None = None
    next: str | None = None
    total: int | None = None
    note: str = ""
    sums: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Window:
    """What the reader asked for: an order by name (`-` in front: descending), and a cursor of one side at most."""

    sort: str = ""
    after: str | None = None
    before: str | None = None
    limit: int = PAGE_SIZE


@dataclass(frozen=True)
class Sorting:
    """The value rows are ordered by (never NULL) and the id that decides between equals."""

    value: ColumnElement[Any]
    identity: ColumnElement[Any]
    descending: bool = False


def fetch_page(
    connection: Connection,
    query: AnySelect,
    fact: Callable[..., Row],
    sorting: Sorting,
    window: Window,
    *,
    sums: Sequence[str] = (),
) -> Page[Row]:
    """One page of `query`, whose columns are the arguments of `fact` and whose first column is the id.

    Two statements: one counts (and adds up the columns named in `sums`), one reads the page. An
    unreadable cursor starts at the beginning.
    """
    counted = query.order_by(None).subquery()
    totals = [func.sum(counted.c[name]).label(name) for name in sums]
    count_row = connection.execute(select(func.count(), *totals).select_from(counted)).one()
    backwards = window.before is not None
    descending = sorting.descending != backwards
    cursor = _read(window.before if backwards else window.after)
    if cursor is not None:
        here = tuple_(sorting.value, sorting.identity)
        there = tuple_(cast(cursor[0], sorting.value.type), cast(cursor[1], BigInteger))
        query = query.where(here < there if descending else here > there)
    ends = (sorting.value.desc(), sorting.identity.desc()) if descending else (sorting.value, sorting.identity)
    query = query.add_columns(cast(sorting.value, Text)).order_by(None).order_by(*ends).limit(window.limit + 1)
    found = list(connection.execute(query))
    more = len(found) > window.limit
    found = found[: window.limit]
    if backwards:
        found.reverse()
    earlier = more if backwards else cursor is not None
    later = cursor is not None if backwards else more
    return Page(
        [fact(*row[:-1]) for row in found],
        _write(found[0]) if found and earlier else None,
        _write(found[-1]) if found and later else None,
        count_row[0],
        sums={name: count_row[index] or 0 for index, name in enumerate(sums, start=1)},
    )


def _write(row: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([row[-1], row[0]]).encode()).decode().rstrip("=")


def _read(text: str | None) -> tuple[str, int] | None:
    if not text:
        return None
    try:
        value, identity = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return str(value), int(identity)
    except (ValueError, TypeError):
        return None


def words_match(column: Any, text: str | None) -> list[ColumnElement[bool]]:
    """Conditions under which every word of `text` occurs in a search text."""
    return [column.contains(word, autoescape=True) for word in fold(text or "").split()[:8]]
