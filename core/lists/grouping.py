"""Rows of a list by what they share: by one column, or by two, the second within the first, each with its sums.

Groups are made of the same query as the page (`core.lists.reading.asked_for`), in one statement. Those of the first
level are made of all that is within them, so that their sums are whole however many groups of the second are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Date, Select, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import array

from core.lists.kinds import Kind
from core.lists.reading import asked_for
from core.lists.references import REFERENCES, Reference
from core.lists.source import Asked, Column, Source
from core.lists.state import State

MOST_GROUPS: Final = 200
MOST_WITHIN: Final = 1_000
"""How many groups of the second level are shown: shared evenly among those of the first."""
LEAST_WITHIN: Final = 5
"""How many of the second level each of the first shows at least, where it has so many."""
UNITS: Final = ("day", "week", "month", "quarter", "year")
"""What days are grouped by."""
_FIRST: Final[ColumnElement[Any]] = literal_column("1")
"""The first column of a result by its place: an expression with parameters, written twice, would be two."""
_SECOND: Final[ColumnElement[Any]] = literal_column("2")


@dataclass(frozen=True)
class Group:
    """Rows that share a value: the value as conditions name it (None: empty), how it is called where the database says
    so, how many rows, their sums by column. `within`: its groups of the second level, of which there are `held`."""

    value: Any
    label: Any
    rows: int
    sums: dict[str, Any]
    within: tuple[Group, ...] = ()
    held: int = 0

    @property
    def left_out(self) -> int:
        """How many of its groups are not shown."""
        return self.held - len(self.within)


class Level(NamedTuple):
    """A column that rows are grouped by and, of days, by which unit."""

    column: Column
    unit: str = ""


def levels_of(source: Source, state: State, asked: Asked) -> tuple[Level, ...]:
    """What rows are grouped by, the outer level first; without what this list cannot be grouped by for who asks."""
    found = [level for name in state.levels if (level := _level(source, name, asked)) is not None]
    return tuple({(level.column.name, level.unit): level for level in found}.values())


def _level(source: Source, text: str, asked: Asked) -> Level | None:
    name, _, unit = text.partition(".")
    column = source.open_columns(asked).get(name)
    if column is None or not column.groups or not column.is_clear(asked):
        return None
    if column.is_dated:
        return Level(column, unit if unit in UNITS else "month")
    return Level(column) if not unit else None


def read_groups(
    connection: Connection,
    source: Source,
    state: State,
    asked: Asked,
    sums: Sequence[str],
    *,
    largest: str = "",
    most: int = MOST_GROUPS,
    most_within: int | None = MOST_WITHIN,
) -> tuple[list[Group], bool]:
    """The groups of a state that names one or two levels, and whether there are more than the `most` that are shown.
    They stand in the order of their column where it has one, days the latest first, others the largest first: by rows,
    or by the sum of the column named `largest`. Without `most_within`, `most` bounds those of the second level."""
    levels = levels_of(source, state, asked)
    if not levels:
        return [], False
    columns = source.open_columns(asked)
    added = [columns[name] for name in sums if name in columns and columns[name].sums and columns[name].is_clear(asked)]
    if len(levels) == 1:
        query = _single(source, state, asked, levels[0], added, largest, most)
        found = connection.execute(query, asked.parameters).all()
        return [Group(row[0], row[1], row[2], _sums(added, row[3:])) for row in found[:most]], len(found) > most
    query = _pairs(source, state, asked, levels, added, largest, most, most_within)
    found = connection.execute(query, asked.parameters).all()
    groups = list(_nested(found, added))
    return groups[:most], (len(groups) if most_within else len(found)) > most


def _sums(added: Sequence[Column], totals: Sequence[Any]) -> dict[str, Any]:
    return {one.name: total or Decimal(0) for one, total in zip(added, totals, strict=True)}


def _nested(found: Sequence[Any], added: Sequence[Column]) -> Iterator[Group]:
    width = len(added)
    for _place, rows in groupby(found, key=lambda row: row[0]):
        pairs = [tuple(row) for row in rows]
        value, label, number, held, *totals = pairs[0][1 : 5 + width]
        inner = (pair[5 + width :] for pair in pairs)
        within = tuple(Group(each[0], each[1], each[2], _sums(added, each[3:])) for each in inner)
        yield Group(value, label, number, _sums(added, totals), within, held)


def _single(
    source: Source, state: State, asked: Asked, level: Level, added: Sequence[Column], largest: str, most: int
) -> Select[Any]:
    column, unit = level
    names = _names_of_groups(source, column)
    needs = [*(column.needs if names is None else ()), *(name for one in added for name in one.needs)]
    value = _grouped(column, unit, asked)
    label = value if column.label is None or names is not None else func.max(column.label)
    order = _order_of_groups(column, unit, next((one.value for one in added if one.name == largest), None))
    query = (
        asked_for(source, state, asked, needs)
        .add_columns(value.label("value"), label.label("label"), func.count().label("rows"))
        .add_columns(*(func.sum(one.value).label(f"sum_{one.name}") for one in added))
        .group_by(_FIRST)
        .order_by(*order)
        .limit(most + 1)
    )
    return query if names is None else _named(query, order, names)


def _names_of_groups(source: Source, column: Column) -> Reference | None:
    """What calls the groups by name once they are made: then no row is joined for its name."""
    is_own = getattr(column.value, "class_", None) is source.root
    return REFERENCES.get(column.refers) if column.label is not None and column.rank is None and is_own else None


def _named(query: Select[Any], order: Sequence[ColumnElement[Any]], names: Reference) -> Select[Any]:
    """Groups in their order with the names of what they stand for."""
    value = query.selected_columns[0]
    place = func.row_number().over(order_by=[value if part is _FIRST else part for part in order])
    groups, called = query.add_columns(place.label("place")).subquery(), names.query().subquery()
    identity, label = called.c
    shown = [groups.c.value, label, *list(groups.c)[2:-1]]
    return select(*shown).outerjoin_from(groups, called, identity == groups.c.value).order_by(groups.c.place)


def _order_of_groups(column: Column, unit: str, summed: Any) -> list[ColumnElement[Any]]:
    if unit:
        return [_FIRST.desc().nulls_last()]
    if summed is not None:
        return [func.sum(summed).desc().nulls_last(), _FIRST]
    return [func.count().desc() if column.rank is None else func.min(column.rank), _FIRST]


def _grouped(column: Column, unit: str, asked: Asked) -> ColumnElement[Any]:
    if not unit:
        value: ColumnElement[Any] = column.value
        return value
    day = func.timezone(asked.time_zone, column.value) if column.kind is Kind.MOMENT else column.value
    return cast(func.date_trunc(unit, day), Date)


def _pairs(
    source: Source,
    state: State,
    asked: Asked,
    levels: Sequence[Level],
    added: Sequence[Column],
    largest: str,
    most: int,
    most_within: int | None,
) -> Select[Any]:
    """Groups of the second level in their order, each with what that of the first level adds up to."""
    names = [_names_of_groups(source, level.column) for level in levels]
    pair = _paired(source, state, asked, levels, names, added)
    whole = _whole(pair, levels[0], added, largest, most)
    placed = _placed(pair, whole, levels[1], largest if f"sum_{largest}" in pair.c else "")
    joined: Any = placed
    labels = []
    for number, named in enumerate(names):
        if named is None:
            labels.append(placed.c.get(f"label{number}", placed.c[f"value{number}"]))
        else:
            identity, label = named.query().subquery(f"called{number}").c
            joined = joined.outerjoin(identity.table, identity == placed.c[f"value{number}"])
            labels.append(label)
    outer = [placed.c.place, placed.c.value0, labels[0], placed.c.rows_of_all, placed.c.held]
    outer += [placed.c[f"all_{one.name}"] for one in added]
    inner = [placed.c.value1, labels[1], placed.c.rows, *(placed.c[f"sum_{one.name}"] for one in added)]
    query = select(*outer, *inner).select_from(joined).order_by(placed.c.place, placed.c.place_within)
    if most_within is None:
        return query.limit(most + 1)
    groups = select(func.least(func.max(whole.c.place), most)).scalar_subquery()
    share = func.greatest(most_within // cast(groups, BigInteger), LEAST_WITHIN)
    return query.where(placed.c.place_within <= share)


def _paired(
    source: Source,
    state: State,
    asked: Asked,
    levels: Sequence[Level],
    names: Sequence[Reference | None],
    added: Sequence[Column],
) -> Any:
    """One row for each pair of values, with its sums; the names that are not looked up afterwards; ranks."""
    needs = [name for one in added for name in one.needs]
    shown = [_grouped(*level, asked).label(f"value{number}") for number, level in enumerate(levels)]
    for number, (column, _unit) in enumerate(levels):
        if names[number] is None:
            needs += column.needs
            shown += [func.max(column.label).label(f"label{number}")] if column.label is not None else []
        shown += [func.min(column.rank).label(f"rank{number}")] if column.rank is not None else []
    shown += [func.count().label("rows"), *(func.sum(one.value).label(f"sum_{one.name}") for one in added)]
    return asked_for(source, state, asked, needs).add_columns(*shown).group_by(_FIRST, _SECOND).cte("pair")


def _whole(pair: Any, level: Level, added: Sequence[Column], largest: str, most: int) -> Any:
    """Groups of the first level with their place, one more than are shown: of most pairs nothing else is needed."""
    rank = func.min(pair.c.rank0) if "rank0" in pair.c else None
    summed = func.sum(pair.c[f"sum_{largest}"]) if f"sum_{largest}" in pair.c else None
    rows = cast(func.sum(pair.c.rows), BigInteger)
    place = func.row_number().over(order_by=_order_of_pairs(level, pair.c.value0, rows, rank, summed)).label("place")
    shown = [pair.c.value0, rows.label("rows_of_all"), func.count().label("held"), place]
    shown += [func.sum(pair.c[f"sum_{one.name}"]).label(f"all_{one.name}") for one in added]
    shown += [func.max(pair.c.label0).label("label0")] if "label0" in pair.c else []
    return select(*shown).group_by(pair.c.value0).order_by(place).limit(most + 1).cte("whole")


def _placed(pair: Any, whole: Any, level: Level, largest: str) -> Any:
    """The pairs of those groups with their place within them. Values are compared as arrays, in which what is empty
    equals what is empty, so that they can be hashed."""
    summed = pair.c[f"sum_{largest}"] if largest else None
    order = _order_of_pairs(level, pair.c.value1, pair.c.rows, pair.c.get("rank1"), summed)
    within = func.row_number().over(partition_by=whole.c.place, order_by=order).label("place_within")
    own = [column for column in pair.c if column.name not in whole.c]
    same = array([pair.c.value0]) == array([whole.c.value0])
    return select(*whole.c, *own, within).join_from(whole, pair, same).subquery("placed")


def _order_of_pairs(level: Level, value: Any, rows: Any, rank: Any, summed: Any) -> list[ColumnElement[Any]]:
    if level.unit:
        return [value.desc().nulls_last()]
    if summed is not None:
        return [summed.desc().nulls_last(), value]
    return [rows.desc() if rank is None else rank, value]
