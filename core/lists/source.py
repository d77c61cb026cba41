"""Where a list's rows come from and what each of its columns is, said once for pages, exports, groups and bulk work."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Date, DateTime, Select, bindparam, select

from core.lists.kinds import CHOSEN, DATED, FIGURES, OPERATORS, Kind
from core.masks import Sensitive, sees

TODAY: ColumnElement[date] = bindparam("today", type_=Date())
"""The company's calendar day, in expressions of columns."""
MIDNIGHT: ColumnElement[datetime] = bindparam("midnight", type_=DateTime(timezone=True))
"""When the company's calendar day began."""
ME: ColumnElement[int] = bindparam("me", type_=BigInteger())
"""The person who asks."""


@dataclass(frozen=True)
class Asked:
    """Who asks, and when: what conditions like “mine” and “overdue” depend on."""

    today: date
    user_id: int | None
    permissions: Container[str]
    time_zone: str
    chinese: bool = False
    _columns: dict[str, dict[str, Column]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def midnight(self) -> datetime:
        """When the company's calendar day began."""
        return datetime.combine(self.today, time(), ZoneInfo(self.time_zone))

    @property
    def parameters(self) -> dict[str, Any]:
        return {"today": self.today, "midnight": self.midnight, "me": self.user_id, "chinese": self.chinese}


@dataclass(frozen=True)
class Join:
    """A table beside the root, joined only where a column that needs it is asked for. `on` is made for each query where
    it depends on who asks."""

    target: Any
    on: ColumnElement[bool] | Callable[[], ColumnElement[bool]]
    is_outer: bool = False

    @property
    def condition(self) -> ColumnElement[bool]:
        return self.on() if callable(self.on) else self.on


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a list can show and ask for under a name.

    `value` is what is shown and compared; of a reference it is the id, `label` its text and `refers` the kind of record
    (a name of `core.lists.references`). `compared` is what conditions look at where that is cheaper, `order` the value
    rows are ordered by, which is never NULL (None: rows are not ordered by it). `needs` names joins, `also` further
    columns that its cell shows. A column of a `mask` kind is shown as a mask to who may not see it, and then neither
    compared, ordered, grouped nor summed; one with a `permission` does not exist without it.
    """

    name: str
    kind: Kind
    value: Any
    label: Any = None
    refers: str = ""
    compared: Any = None
    order: Any = None
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    mask: str = ""
    permission: str = ""
    sums: bool = False
    groups: bool = False
    rank: Any = None
    """The value its groups stand in the order of, where that is not how many rows they hold."""
    filters: bool = True
    is_slow: bool = False
    """Whether a condition on it looks into other tables row by row, so that less is counted."""
    custom_field: Any = None
    """The custom field it shows, of a column that the company has added itself."""
    conditions: Mapping[str, Callable[..., ColumnElement[bool]]] = field(default_factory=dict)
    """Comparisons of this column by operator that are made otherwise than those of its kind, from the values."""

    @property
    def operators(self) -> tuple[str, ...]:
        return OPERATORS[self.kind]

    @property
    def operand(self) -> Any:
        return self.value if self.compared is None else self.compared

    @property
    def is_figure(self) -> bool:
        return self.kind in FIGURES

    @property
    def is_dated(self) -> bool:
        return self.kind in DATED

    @property
    def is_chosen(self) -> bool:
        return self.kind in CHOSEN

    def is_open(self, asked: Asked) -> bool:
        """Whether it exists for who asks."""
        return not self.permission or self.permission in asked.permissions

    def is_clear(self, asked: Asked) -> bool:
        """Whether rows may be chosen and ordered by it: it exists for who asks and is not masked for him."""
        return self.is_open(asked) and (not self.mask or sees(self.mask))

    def fields(self) -> dict[str, Any]:
        """What it adds to a row, by name: a reference both its id and its label."""
        if self.label is None:
            return {self.name: self.value}
        return {f"{self.name}_id": self.value, self.name: self.label}


@dataclass(frozen=True)
class Source:
    """Rows of one kind of record: `root` with what is always so (`where`, as long as rows are kept to the viewer), the
    joins that columns need, and `matches`, the condition of the words that somebody looks for.

    `added` answers the columns that the company has added itself.
    """

    name: str
    root: Any
    identity: Any
    where: Callable[[], Sequence[ColumnElement[bool]]]
    joins: Mapping[str, Join]
    columns: Mapping[str, Column]
    matches: Callable[[str], ColumnElement[bool]]
    words_need: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    """Joins that `where` itself needs."""
    added: Callable[[Asked], Mapping[str, Column]] | None = None
    met_often: tuple[Callable[[str], bool], str] | None = None
    """Which words very many rows hold, and the order in which some are met soonest: rows found by them stand in it,
    unless another one is asked for."""

    def open_columns(self, asked: Asked) -> dict[str, Column]:
        """The columns that exist for who asks, the company's own ones last."""
        if self.name not in asked._columns:
            known = dict(self.columns) | (dict(self.added(asked)) if self.added else {})
            asked._columns[self.name] = {name: column for name, column in known.items() if column.is_open(asked)}
        return asked._columns[self.name]

    def query(self, needs: Sequence[str]) -> Select[Any]:
        """The rows, with nothing selected yet; joined with what is needed."""
        query = select().select_from(self.root)
        wanted = {*needs, *self.always}
        for name, join in self.joins.items():
            if name in wanted:
                query = query.join(join.target, join.condition, isouter=join.is_outer)
        return query.where(*self.where())


def columns_of(*columns: Column) -> dict[str, Column]:
    """Columns by name, in their order."""
    return {column.name: column for column in columns}


@cache
def row_type(fields: tuple[tuple[str, str], ...]) -> Any:
    """The class of a list's rows with these fields (name, kind of mask): a tuple whose sensitive fields are declared as
    facts declare them, so that rows are masked by the one mechanism."""
    from collections import namedtuple  # the fields are known at run time only

    made = namedtuple("ListRow", [name for name, _ in fields])  # type: ignore[misc]
    made.__annotations__ = {name: Annotated[Any, Sensitive(mask)] if mask else Any for name, mask in fields}
    return made
