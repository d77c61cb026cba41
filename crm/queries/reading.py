"""Reading for pages: registered statements in one round trip, and lists paged by key."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from psycopg import pq
from sqlalchemy import ColumnElement, Connection, String, cast, func, literal, select, tuple_

from core import database as db
from core import wire
from core.normalise import fold
from core.statements import Query, statement

T = TypeVar("T")
PAGE_SIZE = 50
LONGEST_SEARCH = 80
MOST_WORDS = 6


BEGIN_LOOK = statement("pages.begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", tables="", scope="system")


def fetch(connection: Connection, *queries: Query) -> list[list[Any]]:
    """Rows of each query, all sent in one round trip; begins one consistent look where none has begun."""
    driver = db.driver(connection)
    if driver.info.transaction_status == pq.TransactionStatus.IDLE:
        return wire.fetch(driver, [BEGIN_LOOK(), *queries], transaction=False)[1:]
    return wire.fetch(driver, queries, transaction=False)


def read(*queries: Query) -> list[list[Any]]:
    """The same on a connection of its own: one consistent look."""
    with db.current().reading() as connection:
        return fetch(connection, *queries)


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; `previous` and `next` are cursors, `total` counts the whole list where it was asked for."""

    rows: list[T]
    previous: str | None = None
    next: str | None = None
    total: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Sorting:
    """How a list is sorted: the column, and the id that makes the order total. Both must not be NULL."""

    value: ColumnElement[Any]
    identity: ColumnElement[int]
    descending: bool = False


def page_of(
    connection: Connection,
    chosen: Any,
    sorting: Sorting,
    make: Callable[..., T],
    *,
    after: str | None = None,
    before: str | None = None,
    size: int = PAGE_SIZE,
    total: int | None = None,
    note: str = "",
) -> Page[T]:
    """One page by key: rows beyond the cursor in the order of `sorting`; `make` gets the columns chosen.

    A cursor that cannot be read is taken for none.
    """
    backwards = bool(before) and not after
    cursor = _decode(before if backwards else after, sorting)
    ascending = sorting.descending == backwards
    key = tuple_(sorting.value, sorting.identity)
    found = chosen.add_columns(sorting.value.label("sort_value"), sorting.identity.label("sort_id"))
    if cursor is not None:
        bound = tuple_(literal(cursor[0], sorting.value.type), literal(cursor[1], sorting.identity.type))
        found = found.where(key > bound if ascending else key < bound)
    columns = (sorting.value, sorting.identity)
    found = found.order_by(*(column.asc() if ascending else column.desc() for column in columns)).limit(size + 1)
    rows: Sequence[Any] = connection.execute(found).all()
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows = rows[::-1]
    has_previous = more if backwards else cursor is not None
    has_next = cursor is not None if backwards else more
    return Page(
        [make(*row[:-2]) for row in rows],
        _encode(rows[0]) if rows and has_previous else None,
        _encode(rows[-1]) if rows and has_next else None,
        total,
        note,
    )


def _encode(row: Any) -> str:
    value = row.sort_value
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    return base64.urlsafe_b64encode(json.dumps([text, row.sort_id]).encode()).decode().rstrip("=")


def _decode(cursor: str | None, sorting: Sorting) -> tuple[Any, int] | None:
    if not cursor:
        return None
    try:
        text, identity = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return _typed(str(text), sorting.value.type.python_type), int(identity)
    except (ValueError, TypeError, binascii.Error, InvalidOperation):
        return None


def _typed(text: str, kind: type) -> Any:
    if kind in (date, datetime):
        return kind.fromisoformat(text)
    return kind(text) if kind in (int, Decimal) else text


def words_of(text: str) -> list[str]:
    """What to look for: the folded words of a search text."""
    return fold(text[:LONGEST_SEARCH]).split()[:MOST_WORDS]


def matches(column: Any, text: str) -> list[ColumnElement[bool]]:
    """Conditions: the column holds every word of the text (also pinyin, initials and digits, where it keeps them)."""
    return [cast(column, String).contains(word, autoescape=True) for word in words_of(text)]


def count_of(connection: Connection, chosen: Any) -> int:
    """How many rows a list has in all."""
    found: int = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
    return found
