"""Custom fields in lists: which columns a type of records has, and how its records are found, ordered and grouped by
them.

All of it is built for a query over the records themselves, which holds the predicate of the viewer: a condition only
says which of the rows that he sees are wanted. Each is made so that PostgreSQL can begin at the index of the values
(field, value, record) or at the record, whichever is fewer. A column that is masked for the reader finds, orders and
groups nothing, since that would tell what it holds.

    for column in columns_of("customer"): …                               columns to choose, filter, sort and group by
    query.where(custom_condition(field, "at_least", [100], Customer.id))  a filter
    read_values(connection, "customer", ids, keys)                        what a page shows (core.custom_fields.values)
    fetch_ordered(connection, query, fact, order_by(field, Customer.id, descending=True), window)      a page in order
    grouped(query, field, Customer.id)                                    the value of each row, to group and count by
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, select, true
from sqlalchemy.orm import aliased

from core.custom_fields.definitions import Choice, Field, fields_of
from core.custom_fields.kinds import text_key
from core.custom_fields.models import TABLES, CustomChoice, FieldKind
from core.masks import maker, shown_sums
from core.queries.paging import (
    AnySelect,
    Page,
    Sorting,
    Window,
    count_rows,
    read_cursor,
    read_rows,
    read_value,
    write_cursor,
)

Row = TypeVar("Row")
EMPTY, FILLED = "empty", "filled"
_ALWAYS: Final = (EMPTY, FILLED)
_ORDERED: Final = ("is", "at_least", "at_most", "between", *_ALWAYS)
_CHOSEN: Final = ("any_of", "none_of", *_ALWAYS)
OPERATORS: Final[dict[FieldKind, tuple[str, ...]]] = {
    FieldKind.TEXT: ("contains", "is", "starts", *_ALWAYS),
    FieldKind.NUMBER: _ORDERED,
    FieldKind.MONEY: _ORDERED,
    FieldKind.DATE: _ORDERED,
    FieldKind.CHOICE: _CHOSEN,
    FieldKind.CHOICES: ("any_of", "all_of", "none_of", *_ALWAYS),
    FieldKind.REFERENCE: _CHOSEN,
    FieldKind.YES_NO: ("is", *_ALWAYS),
}
"""What a field of each kind can be asked, the usual first."""
CHOSEN: Final = frozenset({FieldKind.CHOICE, FieldKind.CHOICES})
SORTED: Final = frozenset(FieldKind) - {FieldKind.CHOICES, FieldKind.REFERENCE}
GROUPED: Final = frozenset(FieldKind) - {FieldKind.CHOICES, FieldKind.TEXT}
SUMMED: Final = frozenset({FieldKind.NUMBER, FieldKind.MONEY})
_VALUE_COLUMNS: Final = {
    FieldKind.TEXT: "text_key",
    FieldKind.NUMBER: "number",
    FieldKind.MONEY: "number",
    FieldKind.DATE: "day",
    FieldKind.CHOICE: "choice_id",
    FieldKind.CHOICES: "choice_id",
    FieldKind.REFERENCE: "reference_id",
    FieldKind.YES_NO: "flag",
}


class Column(NamedTuple):
    """A column that a list may have. `operators` are what it can be filtered by; none where it is masked for the
    reader, who can neither sort nor group by it then."""

    name: str
    field: Field
    operators: tuple[str, ...]
    can_sort: bool
    can_group: bool
    can_sum: bool

    def label(self, language: str) -> str:
        return self.field.name(language)

    @property
    def choices(self) -> Sequence[Choice]:
        return self.field.choices


def columns_of(record_type: str) -> list[Column]:
    """The columns of a type of records, as the person of this call may use them. No statement of its own."""
    return [_column(field) for field in fields_of(record_type)]


def column_named(record_type: str, name: str) -> Column | None:
    """A column by its name (`custom.KEY`) or key."""
    return next((each for each in columns_of(record_type) if name in (each.name, each.field.key)), None)


def _column(field: Field) -> Column:
    kind, seen = FieldKind(field.kind), field.is_seen
    return Column(
        field.column, field, OPERATORS[kind] if seen else (), seen and kind in SORTED, seen and kind in GROUPED,
        seen and kind in SUMMED,
    )  # fmt: skip


# filters --------------------------------------------------------------------------------------------------------------
def custom_condition(field: Field, operator: str, values: Sequence[Any], identity: Any) -> ColumnElement[bool]:
    """Which records, whose id is the column `identity`, have in a field what is asked.

    `values` are plain, as `core.custom_fields.kinds` has them: a text; one number or day, two for `between` (None is
    open); codes of choices; ids; True or False. Where the field is masked for the reader, no record fits. Raises
    ValueError for what a field of its kind is not asked, or values that it cannot have.
    """
    kind = FieldKind(field.kind)
    if operator not in OPERATORS[kind]:
        raise ValueError(f"a field of kind {kind} is not asked {operator}")
    if not field.is_seen:
        return identity.is_(None)
    if operator in _ALWAYS:
        return _has(field, identity) if operator == FILLED else ~_has(field, identity)
    if operator == "none_of":
        return ~_has(field, identity, _is_one_of(field, values))
    if operator == "all_of":
        return and_(true(), *(_among(field, identity, _is_one_of(field, [value])) for value in values))
    return _among(field, identity, _TESTS[operator](field, values))


Test = Callable[[Any], ColumnElement[bool]]


def _values(field: Field) -> Any:
    """The table of a field's values, as it stands in a query once."""
    return aliased(TABLES[FieldKind(field.kind)])


def _among(field: Field, identity: Any, test: Test) -> ColumnElement[bool]:
    value = _values(field)
    of_field = () if FieldKind(field.kind) in CHOSEN else (value.field_id == field.id,)
    return identity.in_(select(value.record_id).where(*of_field, test(value)))


def _has(field: Field, identity: Any, test: Test = lambda value: true()) -> ColumnElement[bool]:
    value = _values(field)
    return exists().where(value.record_id == identity, value.field_id == field.id, test(value))


def _is_one_of(field: Field, values: Sequence[Any]) -> Test:
    if field.kind == FieldKind.REFERENCE:
        ids = [int(value) for value in values]
        return lambda value: value.reference_id.in_(ids)
    known = [choice.id for choice in field.choices if choice.code in values]
    return lambda value: value.choice_id.in_(known)


def _equals(field: Field, values: Sequence[Any]) -> Test:
    [wanted] = values
    column = _VALUE_COLUMNS[FieldKind(field.kind)]
    wanted = text_key(wanted) if field.kind == FieldKind.TEXT else wanted
    return lambda value: getattr(value, column) == wanted


def _contains(_field: Field, values: Sequence[Any]) -> Test:
    words = text_key(values[0]).split()
    return lambda value: and_(true(), *(value.text_key.contains(word, autoescape=True) for word in words))


def _starts(_field: Field, values: Sequence[Any]) -> Test:
    """As a range, which the index answers whatever the text is."""
    first = text_key(values[0])
    return lambda value: and_(value.text_key >= first, value.text_key < first + chr(0x10FFFF))


def _between(field: Field, values: Sequence[Any]) -> Test:
    smallest, largest = values
    column = _VALUE_COLUMNS[FieldKind(field.kind)]

    def test(value: Any) -> ColumnElement[bool]:
        bounds = [getattr(value, column) >= smallest] if smallest is not None else []
        bounds += [getattr(value, column) <= largest] if largest is not None else []
        return and_(true(), *bounds)

    return test


_TESTS: Final[dict[str, Callable[[Field, Sequence[Any]], Test]]] = {
    "is": _equals,
    "contains": _contains,
    "starts": _starts,
    "at_least": lambda field, values: _between(field, [values[0], None]),
    "at_most": lambda field, values: _between(field, [None, values[0]]),
    "between": _between,
    "any_of": _is_one_of,
}


# columns and groups ---------------------------------------------------------------------------------------------------
def custom_column(field: Field, identity: Any) -> ColumnElement[Any]:
    """The plain value of a record whose id is `identity`, as a column of a query: of choices the codes in an array, of
    a reference the id. For a few rows; pages show `read_values`. NULL where the field is masked for the reader."""
    value, kind = _values(field), FieldKind(field.kind)
    own = and_(value.record_id == identity, value.field_id == field.id, true() if field.is_seen else false())
    if kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        code: Any = CustomChoice.code
        code = func.array_agg(code) if kind == FieldKind.CHOICES else code
        return select(code).join(value, value.choice_id == CustomChoice.id).where(own).scalar_subquery()
    column = value.text if kind == FieldKind.TEXT else getattr(value, _VALUE_COLUMNS[kind])
    return select(column).where(own).scalar_subquery()


class Grouped(NamedTuple):
    """A query with the value of each of its rows beside it. A choice is its id (`Field.choice_of`)."""

    query: AnySelect
    column: ColumnElement[Any]


def grouped(query: AnySelect, field: Field, identity: Any) -> Grouped:
    """The query with each row's value joined on, NULL where there is none, to group, count and sum by. Raises
    ValueError for a field that groups nothing: one that is masked for the reader, a text, one of several choices."""
    if not field.is_seen or FieldKind(field.kind) not in GROUPED:
        raise ValueError(f"{field.column} groups nothing")
    value = _values(field)
    joined = query.outerjoin(value, and_(value.record_id == identity, value.field_id == field.id))
    return Grouped(joined, getattr(value, _VALUE_COLUMNS[FieldKind(field.kind)]))


# order ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Stretch:
    """A part of an ordered list, whose rows stand together: those of a choice, those with a value, those without."""

    condition: ColumnElement[bool]
    by: ColumnElement[Any]
    identity: Any
    descending: bool = False

    @property
    def sorting(self) -> Sorting:
        return Sorting(self.by, self.identity, self.descending)


@dataclass(frozen=True)
class Order:
    """An order by a field: stretch after stretch, within each by value and id. Those without a value come last."""

    stretches: tuple[Stretch, ...]


def order_by(field: Field, identity: Any, *, descending: bool = False) -> Order:
    """The order of records by a field: texts, numbers and days by value, choices in the order they are offered in, yes
    before no. Raises ValueError for a field that orders nothing."""
    kind = FieldKind(field.kind)
    if not field.is_seen or kind not in SORTED:
        raise ValueError(f"{field.column} orders nothing")
    if kind == FieldKind.CHOICE:
        tests = [_is_one_of(field, [choice.code]) for choice in field.choices]
    elif kind == FieldKind.YES_NO:
        tests = [_equals(field, [flag]) for flag in (True, False)]
    else:
        value = _values(field)
        own = and_(value.record_id == identity, value.field_id == field.id)
        column = getattr(value, _VALUE_COLUMNS[kind])
        present = Stretch(own, column, value.record_id, descending)
        return Order((present, _empties(field, identity)))
    ways = [Stretch(_among(field, identity, test), identity, identity) for test in tests]
    return Order((*(reversed(ways) if descending else ways), _empties(field, identity)))


def _empties(field: Field, identity: Any) -> Stretch:
    return Stretch(~_has(field, identity), identity, identity)


def fetch_ordered(
    connection: Connection,
    query: AnySelect,
    fact: Callable[..., Row],
    order: Order,
    window: Window,
    *,
    sums: Sequence[str] = (),
) -> Page[Row]:
    """One page of `query` in this order, as `core.queries.paging.fetch_page` answers one.

    A statement counts, and one reads each stretch that the page reaches into: mostly one in all.
    """
    counted = count_rows(connection, query, sums) if window.counted else (None,) * (len(sums) + 1)
    backwards = bool(window.before) and not window.after
    at, position = _place(window.before if backwards else window.after, order)
    backwards = backwards and position is not None
    found, more = _walk(connection, query, order, at, position, backwards, window.limit)
    earlier = more if backwards else position is not None
    later = backwards or more
    make = maker(fact)
    return Page(
        [make(*row[:-2]) for _, row in found],
        _cursor(found[0]) if found and earlier else None,
        _cursor(found[-1]) if found and later else None,
        counted[0],
        sums=shown_sums(fact, {name: counted[index] or 0 for index, name in enumerate(sums, start=1)}),
    )


def _walk(
    connection: Connection,
    query: AnySelect,
    order: Order,
    at: int,
    position: tuple[Any, ...] | None,
    backwards: bool,
    limit: int,
) -> tuple[list[tuple[int, Any]], bool]:
    """Rows with the number of their stretch, from a place on; and whether there are more."""
    found: list[tuple[int, Any]] = []
    numbers = range(at, -1, -1) if backwards else range(at, len(order.stretches))
    for number in numbers:
        stretch = order.stretches[number]
        rows, _ = read_rows(
            connection, query.where(stretch.condition), stretch.sorting, position, backwards, limit + 1 - len(found)
        )
        rows = list(rows)[::-1] if backwards else list(rows)
        found += [(number, row) for row in rows]
        position = None
        if len(found) > limit:
            break
    shown = found[:limit]
    return shown[::-1] if backwards else shown, len(found) > limit


def _cursor(found: tuple[int, Any]) -> str:
    number, row = found
    return write_cursor([number, *row[-2:]])


def _place(cursor: str | None, order: Order) -> tuple[int, tuple[Any, ...] | None]:
    """The stretch and the place in it that a cursor stands for; the beginning for one that cannot be read."""
    if not cursor:
        return 0, None
    try:
        number, value, identity = read_cursor(cursor, (int, str, int))
        kind = order.stretches[number].by.type.python_type
        return number, (read_value(value, kind), identity)
    except (ValueError, IndexError, TypeError, ArithmeticError):
        return 0, None
