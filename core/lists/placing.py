"""Where a record stands among the rows of a list: its neighbours, and the page of the list that it is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, literal, select, tuple_, union_all

from core.lists.reading import asked_for, order_of
from core.lists.source import Asked, Column, Source
from core.lists.state import State
from core.queries.paging import PAGE_SIZE, write_cursor

MOST_PLACED: Final = 100
"""How far the rows before and behind a record are counted."""


@dataclass(frozen=True)
class Place:
    """Where a record stands: the ids of the rows beside it (None at an end); how many rows it is from the beginning and
    how many there are, None where it is none of them or further in than is counted; `is_capped` where there are more;
    and the cursor behind which its page of the list begins, None for the first page."""

    previous: int | None
    next: int | None
    number: int | None = None
    total: int | None = None
    is_capped: bool = False
    page_after: str | None = None


def read_place(
    connection: Connection, source: Source, state: State, asked: Asked, default: str, record_id: int
) -> Place:
    """Where a record stands in a state of a list: one statement. One that does not fit the state (any more) stands
    where its order puts it, between the rows that do. Of a record there is none of, nothing is known."""
    sort, ordered = order_of(source, state, asked, default)
    descending = sort.startswith("-")
    ends = (ordered.order, source.identity)
    here, there = tuple_(*ends), tuple_(_order_of(source, ordered, record_id), literal(record_id, source.identity.type))
    rows = asked_for(source, state, asked, ordered.needs)
    sides = (
        ("before", rows.where(here > there if descending else here < there), not descending),
        ("behind", rows.where(here < there if descending else here > there), descending),
        ("here", rows.where(source.identity == record_id), False),
    )
    # A part with a limit stays in its order: such parts are read one after the other, never side by side.
    parts = (_part(name, query, ends, backwards) for name, query, backwards in sides)
    found = connection.execute(union_all(*parts), asked.parameters).all()
    before, behind, fits = ([row[1:] for row in found if row[0] == name] for name, _, _ in sides)
    number = len(before) + 1 if fits and len(before) <= MOST_PLACED else None
    return Place(
        previous=before[0][1] if before else None,
        next=behind[0][1] if behind else None,
        number=number,
        total=number and number + min(len(behind), MOST_PLACED),
        is_capped=len(behind) > MOST_PLACED,
        page_after=_page_after(before),
    )


def _order_of(source: Source, ordered: Column, record_id: int) -> ColumnElement[Any]:
    """The value by which a record stands in the order, also of one that is none of the rows any more. It is compared
    only, never shown."""
    joined = Source(
        name=source.name,
        root=source.root,
        identity=source.identity,
        where=lambda: (source.identity == record_id,),
        joins=source.joins,
        columns=source.columns,
        matches=source.matches,
    )
    return joined.query(ordered.needs).add_columns(ordered.order).correlate(None).scalar_subquery()


def _part(name: str, query: Select[Any], ends: Sequence[Any], backwards: bool) -> Select[Any]:
    """One side of a record, the nearest row first."""
    value, identity = ends
    nearest = query.add_columns(value.label("sort_value"), identity.label("sort_id"))
    nearest = nearest.order_by(*(end.desc() if backwards else end.asc() for end in ends)).limit(MOST_PLACED + 1)
    rows = nearest.subquery()
    return select(literal(name), rows.c.sort_value, rows.c.sort_id)


def _page_after(before: Sequence[Sequence[Any]]) -> str | None:
    """The cursor of the page with the row behind these (the nearest first): as it was paged from the beginning where
    that is known, else with the row in the middle."""
    count = len(before)
    if count < PAGE_SIZE:
        return None
    far = count - count // PAGE_SIZE * PAGE_SIZE if count <= MOST_PLACED else PAGE_SIZE // 2 - 1
    return write_cursor(before[far])
