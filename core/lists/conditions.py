"""Conditions as SQL. One that cannot be read, or asks for what is masked, fits no row, never all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, DateTime, Numeric, and_, false, literal, not_, or_, true

from core.columns import read_id
from core.lists.kinds import PERIODS, VALUES, Kind
from core.lists.source import Asked, Column, Source
from core.lists.state import Condition, Demand, State

LARGEST_FIGURE: Final = Decimal(10) ** 20
MOST_DAYS: Final = 36_500
_LONGEST: Final = {"week": 7, "month": 31, "quarter": 92, "year": 366}
_RELATIVE: Final = re.compile(r"today(?:([+-])(\d{1,5}))?")


class Unreadable(ValueError):
    """A condition that says nothing to this list."""


def conditions_of(source: Source, state: State, asked: Asked) -> tuple[list[ColumnElement[bool]], list[str]]:
    """What a state demands as SQL, and the joins it needs."""
    columns = source.open_columns(asked)
    clauses: list[ColumnElement[bool]] = []
    needs: list[str] = []
    if state.words:
        clauses.append(source.matches(state.words))
        needs += source.words_need
    for alternatives in state.demands:
        clauses.append(or_(false(), *(_clause(columns, condition, asked) for condition in alternatives)))
        needs += [name for condition in alternatives for name in _needs(columns, condition)]
    return clauses, needs


def _needs(columns: Mapping[str, Column], condition: Condition) -> tuple[str, ...]:
    return columns[condition.column].needs if condition.column in columns else ()


def _clause(columns: Mapping[str, Column], condition: Condition, asked: Asked) -> ColumnElement[bool]:
    """A condition that says nothing to this list fits no row, so that a list never shows more than was asked for."""
    try:
        return clause(readable(columns, condition, asked), condition, asked)
    except Unreadable:
        return false()


def readable(columns: Mapping[str, Column], condition: Condition, asked: Asked) -> Column:
    """The column of a condition that can be asked. Raises Unreadable."""
    column = columns.get(condition.column)
    if column is None or not column.filters or not column.is_clear(asked):
        raise Unreadable(condition.column)
    least, most = VALUES.get(condition.operator, (1, 1))
    if condition.operator not in column.operators or not least <= len(condition.values) <= most:
        raise Unreadable(condition.operator)
    return column


def check(columns: Mapping[str, Column], demand: Demand, asked: Asked) -> None:
    """Raises Unreadable for a demand that fits no row because it says nothing."""
    if not demand:
        raise Unreadable
    for condition in demand:
        clause(readable(columns, condition, asked), condition, asked)


def clause(column: Column, condition: Condition, asked: Asked) -> ColumnElement[bool]:
    """A condition on a column as SQL. Raises Unreadable for values its kind does not have."""
    operator, values = condition.operator, condition.values
    if operator in column.conditions:
        return column.conditions[operator](*values)
    operand = column.operand
    if operator in ("filled", "empty"):
        is_empty = or_(operand.is_(None), operand == "") if column.kind is Kind.TEXT else operand.is_(None)
        return is_empty if operator == "empty" else not_(is_empty)
    if column.kind is Kind.FLAG:
        return operand if operator == "yes" else not_(operand)
    if column.kind is Kind.TEXT:
        return _text(operand, operator, _plain(values[0]))
    if column.is_chosen:
        return _chosen(column, operator, values, asked)
    if column.is_figure:
        return _figures(operand, operator, [figure_of(value) for value in values])
    return _dated(column, operator, values, asked)


def _plain(value: str) -> str:
    if "\0" in value:
        raise Unreadable(value)
    return value


def _text(operand: Any, operator: str, value: str) -> ColumnElement[bool]:
    if operator == "is":
        return operand == value
    if operator == "begins":
        return operand.istartswith(value, autoescape=True)
    found = operand.icontains(value, autoescape=True)
    return or_(operand.is_(None), not_(found)) if operator == "lacks" else found


def _chosen(column: Column, operator: str, values: Sequence[str], asked: Asked) -> ColumnElement[bool]:
    if operator == "has":
        return _text(column.label, "has", _plain(values[0]))
    operand = column.operand
    chosen = (
        [_identity(value, asked) for value in values] if column.kind is Kind.REFERENCE else list(map(_plain, values))
    )
    if operator == "in":
        return operand.in_(chosen)
    return or_(operand.is_(None), operand.not_in(chosen))


def _identity(value: str, asked: Asked) -> int:
    found = asked.user_id if value == "me" else read_id(value)
    if found is None:
        raise Unreadable(value)
    return found


def figure_of(value: str) -> Decimal:
    """The number a text says, with or without thousands separators. Raises Unreadable."""
    try:
        figure = Decimal(value.replace(",", "").replace("，", "").replace("−", "-").strip())
    except InvalidOperation as error:
        raise Unreadable(value) from error
    if not figure.is_finite() or abs(figure) > LARGEST_FIGURE or len(value) > 40:
        raise Unreadable(value)
    return figure


def _figures(operand: Any, operator: str, figures: Sequence[Decimal]) -> ColumnElement[bool]:
    bounds = [literal(figure, Numeric()) for figure in figures]
    comparisons: dict[str, Callable[[], Any]] = {
        "gt": lambda: operand > bounds[0],
        "ge": lambda: operand >= bounds[0],
        "lt": lambda: operand < bounds[0],
        "le": lambda: operand <= bounds[0],
        "eq": lambda: operand == bounds[0],
        "between": lambda: and_(operand >= bounds[0], operand <= bounds[1]),
    }
    return comparisons[operator]()


def _dated(column: Column, operator: str, values: Sequence[str], asked: Asked) -> ColumnElement[bool]:
    first, last = days_meant(operator, values, asked.today)
    operand, moments = column.operand, column.kind is Kind.MOMENT
    bounds = [true()]
    if first is not None:
        bounds.append(operand >= (_midnight(first, asked) if moments else literal(first, Date())))
    if last is not None:
        after = last + timedelta(days=1)
        bounds.append(operand < _midnight(after, asked) if moments else operand <= literal(last, Date()))
    return and_(*bounds)


def _midnight(day: date, asked: Asked) -> ColumnElement[datetime]:
    return literal(datetime.combine(day, time(), ZoneInfo(asked.time_zone)), DateTime(timezone=True))


def days_meant(operator: str, values: Sequence[str], today: date) -> tuple[date | None, date | None]:
    """The first and last day that a comparison of days lets through; None where it is open. Raises Unreadable."""
    if operator == "period":
        return _period(values[0], today)
    if operator in ("last", "next"):
        days = read_id(values[0])
        if days is None or days > MOST_DAYS:
            raise Unreadable(values[0])
        span = timedelta(days=days)
        return _shifted(today, -span, today) if operator == "last" else _shifted(today, timedelta(), today + span)
    days_named = [_day(value, today) for value in values]
    if operator == "on":
        return days_named[0], days_named[0]
    if operator == "between":
        return days_named[0], days_named[1]
    return (days_named[0], None) if operator == "since" else (None, days_named[0])


def _shifted(day: date, by: timedelta, last: date) -> tuple[date, date]:
    return day + by, last


def _day(value: str, today: date) -> date:
    relative = _RELATIVE.fullmatch(value)
    try:
        if relative:
            days = int(relative[2] or 0)
            return today + timedelta(days=-days if relative[1] == "-" else days)
        return date.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        raise Unreadable(value) from error


def _period(name: str, today: date) -> tuple[date, date]:
    if name not in PERIODS:
        raise Unreadable(name)
    if name in ("today", "yesterday"):
        day = today - timedelta(days=name == "yesterday")
        return day, day
    which, _, unit = name.partition("_")
    first = _begin(unit, today)
    if which == "last":
        last = first - timedelta(days=1)
        return _begin(unit, last), last
    return first, last_of(unit, first)


def last_of(unit: str, first: date) -> date:
    """The last day of the week, month, quarter or year that begins on a day."""
    return first if unit == "day" else _begin(unit, first + timedelta(days=_LONGEST[unit])) - timedelta(days=1)


def _begin(unit: str, day: date) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[unit]
    return date(day.year, month, 1)
