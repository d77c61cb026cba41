"""Numbers of several lists at once: how many rows each of some states asks for, and what they add up to.

Each is made of the same query as the list's own page, so that whoever opens it finds the rows that were counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Subquery, func, literal, select, true

from core.lists.reading import Count, asked_for, most_counted
from core.lists.source import Asked, Source
from core.lists.state import State


class Wanted(NamedTuple):
    """The rows whose number is wanted, with the columns to add up. All are counted if `whole`, else as far as a list
    counts; then nothing is added up."""

    source: Source
    state: State
    sums: tuple[str, ...] = ()
    whole: bool = True


def count_each(connection: Connection, wanted: Sequence[Wanted], asked: Asked) -> list[Count]:
    """How many rows each asks for, with their sums, in their order: one statement, however many they are. A column
    that is masked for who asks, or does not exist for him, is not added up."""
    if not wanted:
        return []
    parts = [_counted(one, asked).subquery(f"figure_{place}") for place, one in enumerate(wanted)]
    joined: Any = parts[0]
    for part in parts[1:]:
        joined = joined.join(part, true())
    query = select(*(column for part in parts for column in part.c)).select_from(joined)
    [row] = connection.execute(query, asked.parameters).all()
    values = iter(row)
    return [_count(one, part, [next(values) for _ in part.c], asked) for one, part in zip(wanted, parts, strict=True)]


def _counted(one: Wanted, asked: Asked) -> Select[Any]:
    columns = one.source.open_columns(asked)
    added = [
        columns[name]
        for name in one.sums
        if one.whole and name in columns and columns[name].sums and columns[name].is_clear(asked)
    ]
    needs = [name for column in added for name in column.needs]
    rows = asked_for(one.source, one.state, asked, needs).add_columns(
        literal(1).label("one"), *(column.value.label(column.name) for column in added)
    )
    if not one.whole:
        rows = rows.limit(most_counted(one.source, one.state, asked) + 1)
    found = rows.subquery()
    totals: list[Any] = [func.count().label("row_count")]
    totals += [func.sum(found.c[column.name]).label(column.name) for column in added]
    return select(*totals).select_from(found)


def _count(one: Wanted, part: Subquery, values: Sequence[Any], asked: Asked) -> Count:
    rows, *totals = values
    most = None if one.whole else most_counted(one.source, one.state, asked)
    if most is not None and rows > most:
        return Count(most, is_capped=True)
    names = list(part.c.keys())[1:]
    return Count(rows, False, {name: total or Decimal(0) for name, total in zip(names, totals, strict=True)})
