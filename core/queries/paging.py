"""Keyset paging: one page of a list, by its sort values and the id, with cursors that hold while rows come and go.

Pages choose their order and go both ways (`fetch_page`, over a SQLAlchemy query); lists of the API go forward over a
registered statement per set of filters (`Listing`), so that each is prepared once and planned for itself.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

from core.errors import FieldErrors
from core.masks import hides_column, maker, shown_sums
from core.queries.reading import read
from core.statements import Statement, statement

PAGE_SIZE = 50
LARGEST_ID = 2**63 - 1
LARGEST_POWER = 40
"""Beyond every amount, quantity and rate there is: a cursor with such a number was never ours."""
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


# cursors --------------------------------------------------------------------------------------------------------------
def write_cursor(values: Iterable[Any]) -> str:
    """Where to go on: a row's sort values, the id last."""
    texts = [value.isoformat() if isinstance(value, date | datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts, ensure_ascii=False).encode()).decode().rstrip("=")


def read_cursor(cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The values of a cursor by their types. Raises ValueError for a text that is none."""
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(read_value(text, kind) for text, kind in zip(texts, kinds, strict=True))
    except (ValueError, TypeError, InvalidOperation, RecursionError) as error:
        raise ValueError("not a cursor") from error


def read_value(text: Any, kind: type) -> Any:
    if not isinstance(text, str):
        raise TypeError(text)
    if kind in (date, datetime):
        return kind.fromisoformat(text)
    if kind is int:
        number = int(text)
        if not 0 <= number <= LARGEST_ID:
            raise ValueError(text)
        return number
    if kind is Decimal:
        amount = Decimal(text)
        if not amount.is_finite() or abs(amount.adjusted()) > LARGEST_POWER or len(text) > LARGEST_POWER:
            raise ValueError(text)
        return amount
    if "\x00" in text:
        raise ValueError(text)
    text.encode()
    return text


# lists of pages -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Sorting:
    """The value rows are ordered by (never NULL) and the id that decides between equals."""

    value: ColumnElement[Any]
    identity: ColumnElement[Any]
    descending: bool = False


@dataclass(frozen=True)
class Window:
    """What the reader asked for: an order by name (`-` in front: descending), and a cursor of one side at most.

    Where `counted` is false, nobody is told how many rows there are in all.
    """

    sort: str = ""
    after: str | None = None
    before: str | None = None
    limit: int = PAGE_SIZE
    counted: bool = True

    def sorting(self, columns: Mapping[str, Any], identity: Any) -> Sorting:
        """The order among those a list knows by name; its first one where the name is none of them."""
        name = self.sort.removeprefix("-")
        value = columns[name] if name in columns else next(iter(columns.values()))
        return Sorting(value, identity, self.sort.startswith("-"))


def fetch_page(
    connection: Connection,
    query: AnySelect,
    fact: Callable[..., Row],
    sorting: Sorting,
    window: Window,
    parameters: Mapping[str, Any] | None = None,
    *,
    sums: Sequence[str] = (),
) -> Page[Row]:
    """One page of `query`, whose columns are the arguments of `fact`.

    A column that is masked for the reader orders nothing: rows then stand by id. Two statements: one counts (and adds
    up the columns named in `sums`), one reads the page; `parameters` are those of the query's own expressions. An
    unreadable cursor starts at the beginning.
    """
    if hides_column(fact, getattr(sorting.value, "key", None)):
        sorting = Sorting(sorting.identity, sorting.identity, sorting.descending)
    count_row = count_rows(connection, query, sums, parameters) if window.counted else (None,) * (len(sums) + 1)
    backwards = bool(window.before) and not window.after
    cursor = _position(window.before if backwards else window.after, sorting)
    backwards = backwards and cursor is not None
    found, more = read_rows(connection, query, sorting, cursor, backwards, window.limit, parameters)
    earlier = more if backwards else cursor is not None
    later = backwards or more
    make = maker(fact)
    return Page(
        [make(*row[:-2]) for row in found],
        write_cursor(found[0][-2:]) if found and earlier else None,
        write_cursor(found[-1][-2:]) if found and later else None,
        count_row[0],
        sums=shown_sums(fact, {name: count_row[index] or 0 for index, name in enumerate(sums, start=1)}),
    )


def count_rows(
    connection: Connection, query: AnySelect, sums: Sequence[str], parameters: Mapping[str, Any] | None = None
) -> Sequence[Any]:
    counted = query.order_by(None).subquery()
    totals = [func.sum(counted.c[name]).label(name) for name in sums]
    return connection.execute(select(func.count(), *totals).select_from(counted), parameters).one()


def _position(cursor: str | None, sorting: Sorting) -> tuple[Any, ...] | None:
    try:
        return read_cursor(cursor, (sorting.value.type.python_type, int)) if cursor else None
    except ValueError:
        return None


def read_rows(
    connection: Connection,
    query: AnySelect,
    sorting: Sorting,
    cursor: tuple[Any, ...] | None,
    backwards: bool,
    limit: int,
    parameters: Mapping[str, Any] | None = None,
) -> tuple[Sequence[Any], bool]:
    """Rows beyond the cursor in the list's own order, sort value and id behind each; and whether there are more."""
    ends = (sorting.value, sorting.identity)
    descending = sorting.descending != backwards
    if cursor is not None:
        here = tuple_(*ends)
        there = tuple_(*(literal(value, end.type) for value, end in zip(cursor, ends, strict=True)))
        query = query.where(here < there if descending else here > there)
    query = query.add_columns(sorting.value.label("sort_value"), sorting.identity.label("sort_id"))
    query = query.order_by(None).order_by(*(end.desc() if descending else end.asc() for end in ends))
    found: Sequence[Any] = connection.execute(query.limit(limit + 1), parameters).all()
    shown = found[:limit]
    return shown[::-1] if backwards else shown, len(found) > limit


# lists of the API -----------------------------------------------------------------------------------------------------
class Key(NamedTuple):
    """One part of a list's order: the fact's field, the SQL expression, its type (bigint, date, timestamptz, text)."""

    field: str
    expression: str
    type: str


ID = Key("id", "row.id", "bigint")
_KINDS = {"bigint": int, "date": date, "timestamptz": datetime, "text": str}
_lock = threading.Lock()


@dataclass(frozen=True)
class Listing:
    """A list: `select` up to its joins, filters as name → predicate over `%(name)s`, and the keys it is ordered by.

    The keys together are unique, the last one being the id. `scoped_by` is the alias whose rows are scoped, as in
    `visible(…)`; none where the list's tables are not, or where `select` or `where` itself says what is visible.
    """

    name: str
    select: str
    tables: str
    fact: Any
    filters: Mapping[str, str] = field(default_factory=dict)
    where: str = "true"
    keys: Sequence[Key] = (ID,)
    descending: bool = True
    scoped_by: str = ""
    _statements: dict[tuple[str, ...], Statement] = field(default_factory=dict)

    def page(
        self, filters: Mapping[str, Any], cursor: str | None = None, limit: int | None = None, **parameters: Any
    ) -> Page[Any]:
        """One page of rows that fit all filters that are not None. Raises InvalidInput for a cursor that is none."""
        chosen = {name: filters[name] for name in self.filters if filters.get(name) is not None}
        after = self._position(cursor) if cursor else ()
        wanted = min(limit or PAGE_SIZE, PAGE_SIZE)
        query = self._statement(tuple(chosen), bool(after))(
            **chosen, **parameters, **{f"after_{n}": value for n, value in enumerate(after)}, limit=wanted + 1
        )
        [rows] = read(query)
        shown = rows[:wanted]
        last = [getattr(shown[-1], key.field) for key in self.keys] if len(rows) > wanted else []
        return Page(shown, next=write_cursor(last) if last else None)

    def _statement(self, chosen: tuple[str, ...], has_cursor: bool) -> Statement:
        shape = (*chosen, "after") if has_cursor else chosen
        with _lock:
            if shape not in self._statements:
                text = self._text(chosen, has_cursor)
                self._statements[shape] = statement(
                    f"{self.name}[{','.join(shape)}]", text, tables=self.tables,
                    scope="scoped" if "visible(" in text else "system", fact=self.fact,
                )  # fmt: skip
            return self._statements[shape]

    def _text(self, chosen: tuple[str, ...], has_cursor: bool) -> str:
        predicates = [self.where, *(f"({self.filters[name]})" for name in chosen)]
        if self.scoped_by:
            predicates.append(f"visible({self.scoped_by})")
        if has_cursor:
            columns = ", ".join(key.expression for key in self.keys)
            values = ", ".join(f"%(after_{n})s::{key.type}" for n, key in enumerate(self.keys))
            predicates.append(f"({columns}) {'<' if self.descending else '>'} ({values})")
        order = ", ".join(f"{key.expression} {'DESC' if self.descending else 'ASC'}" for key in self.keys)
        return f"{self.select} WHERE {' AND '.join(predicates)} ORDER BY {order} LIMIT %(limit)s::int"

    def _position(self, cursor: str) -> tuple[Any, ...]:
        try:
            return read_cursor(cursor, [_KINDS[key.type] for key in self.keys])
        except ValueError:
            errors = FieldErrors()
            errors.add("cursor", "bad_cursor")
            errors.raise_if_any()
            raise
