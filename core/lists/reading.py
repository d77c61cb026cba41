"""What a list shows of its rows: a page, how many there are, their sums, all of them for a file, their ids. Groups are
made of the same (`core.lists.grouping`).

All are made of one query (`asked_for`), so a number and the rows it counts cannot differ. Counting stops at
MOST_COUNTED, and sooner where it is costly: beyond that a list says “more than”, and sums nothing until it is asked to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Select, func, literal, select

from core.errors import DomainError
from core.lists.conditions import conditions_of
from core.lists.source import Asked, Column, Source, row_type
from core.lists.state import State
from core.queries.paging import Page, Sorting, Window, fetch_page

MOST_COUNTED: Final = 1_000
MOST_WHERE_COSTLY: Final = 100
READ_AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class Count:
    """How many rows there are; `is_capped` when there are more than were counted. Sums by column, none when capped."""

    rows: int
    is_capped: bool = False
    sums: Mapping[str, Any] = field(default_factory=dict)


def asked_for(source: Source, state: State, asked: Asked, needs: Sequence[str] = ()) -> Select[Any]:
    """The rows that a state asks for, with nothing selected yet."""
    clauses, needed = conditions_of(source, state, asked)
    return source.query([*needs, *needed]).where(*clauses)


def order_of(source: Source, state: State, asked: Asked, default: str) -> tuple[str, Column]:
    """The order in force, as the address names it, and its column. One that is unknown, or masked for who asks, is the
    list's own, or that of words which very many rows hold."""
    columns = source.open_columns(asked)
    own = default
    if state.words and source.met_often is not None and source.met_often[0](state.words):
        own = source.met_often[1]
    for sort in (state.sort, own, default):
        column = columns.get(sort.removeprefix("-"))
        if column is not None and column.order is not None and column.is_clear(asked):
            return sort, column
    raise ValueError(f"list {source.name} has no order {default}")


def read_page(
    connection: Connection, source: Source, state: State, asked: Asked, names: Sequence[str], window: Window
) -> Page[Any]:
    """One page of rows with the fields of the columns named. The window's order is one of the list's."""
    columns = source.open_columns(asked)
    shown = [columns[name] for name in _with_also(columns, names)]
    sort, ordered = order_of(source, state, asked, window.sort)
    needs = [*ordered.needs, *(name for column in shown for name in column.needs)]
    fields = {"id": (source.identity, "")}
    for column in shown:
        fields |= {name: (value, column.mask) for name, value in column.fields().items()}
    query = asked_for(source, state, asked, needs).add_columns(
        *(value.label(name) for name, (value, _) in fields.items())
    )
    row = row_type(tuple((name, mask) for name, (_, mask) in fields.items()))
    sorting = Sorting(ordered.order, source.identity, sort.startswith("-"))
    return fetch_page(connection, query, row, sorting, replace(window, sort=sort, counted=False), asked.parameters)


def _with_also(columns: Mapping[str, Column], names: Sequence[str]) -> list[str]:
    """The columns named and what their cells show besides, each once."""
    found: dict[str, None] = {}
    for name in names:
        if name in columns:
            found[name] = None
            found |= dict.fromkeys(other for other in columns[name].also if other in columns)
    return list(found)


def most_counted(source: Source, state: State, asked: Asked) -> int:
    """How far the rows of a state are counted unless all of them are asked for: less far where each of them is looked
    for in another table too."""
    if source.always:
        return MOST_WHERE_COSTLY
    columns = source.open_columns(asked)
    named = (condition.column for demand in state.demands for condition in demand)
    is_slow = any(columns[name].is_slow for name in named if name in columns)
    return MOST_WHERE_COSTLY if is_slow else MOST_COUNTED


def count(
    connection: Connection,
    source: Source,
    state: State,
    asked: Asked,
    sums: Sequence[str] = (),
    tabs: Sequence[State] = (),
    beside: Sequence[tuple[Source, State]] = (),
    *,
    whole: bool = False,
) -> tuple[Count, list[Count]]:
    """How many rows a state asks for, with the sums of some columns, and how many each tab holds, those of the lists
    that stand beside it last: one statement.

    `whole` counts and sums all rows of the state, however many they are.
    """
    columns = source.open_columns(asked)
    added = [columns[name] for name in sums if name in columns and columns[name].sums and columns[name].is_clear(asked)]
    needs = [name for column in added for name in column.needs]
    chosen = asked_for(source, state, asked, needs).add_columns(
        literal(1).label("one"), *(column.value.label(column.name) for column in added)
    )
    most = None if whole else most_counted(source, state, asked)
    counted = (chosen if most is None else chosen.limit(most + 1)).subquery()
    totals = [func.count(), *(func.sum(counted.c[column.name]) for column in added)]
    every = [*((source, tab) for tab in tabs), *beside]
    held_by = [(rooted, tab, most_counted(rooted, tab, asked)) for rooted, tab in every]
    is_here = [rooted is source and tab.asks_like(state) for rooted, tab, _ in held_by]
    held = [
        select(func.count())
        .select_from(asked_for(rooted, tab, asked).add_columns(literal(1).label("one")).limit(limit + 1).subquery())
        .scalar_subquery()
        for (rooted, tab, limit), known in zip(held_by, is_here, strict=True)
        if not known
    ]
    [found] = connection.execute(select(*totals, *held).select_from(counted), asked.parameters).all()
    here, others = found[: len(totals)], iter(found[len(totals) :])
    counts = [
        _capped(here[0] if known else next(others), limit) for (*_, limit), known in zip(held_by, is_here, strict=True)
    ]
    if most is not None and here[0] > most:
        return Count(most, is_capped=True), counts
    sums_by_name = {column.name: value or Decimal(0) for column, value in zip(added, here[1:], strict=True)}
    return Count(here[0], False, sums_by_name), counts


def _capped(rows: int, most: int) -> Count:
    return Count(min(rows, most), rows > most)


def read_all(
    connection: Connection, source: Source, state: State, asked: Asked, names: Sequence[str], default: str, *, most: int
) -> Iterator[Any]:
    """All rows of a state in its order, a few thousand at a time. Raises `export_too_large` beyond `most`."""
    window = Window(default, limit=READ_AT_ONCE, counted=False)
    read = 0
    while True:
        page = read_page(connection, source, state, asked, names, window)
        read += len(page.rows)
        if read > most:
            raise DomainError("export_too_large", http_status=409, largest=most)
        yield from page.rows
        if page.next is None:
            return
        window = replace(window, after=page.next)


def matching(source: Source, state: State, asked: Asked, most: int) -> Select[Any]:
    """The ids that a state asks for, in order of id, at most `most`."""
    return asked_for(source, state, asked).add_columns(source.identity).order_by(source.identity).limit(most)
