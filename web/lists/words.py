"""Conditions in words: how operators, periods and values are called in chips and forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _now
from flask_babel import lazy_gettext as _
from flask_babel import ngettext

from core.columns import read_id
from core.lists.conditions import Unreadable, days_meant
from core.lists.kinds import Kind
from core.lists.source import Column
from core.lists.state import Condition
from web.filters import day, money, price, quantity, today
from web.lists.declared import Head

_TEXTS: Final = {
    "has": _("contains"),
    "lacks": _("does not contain"),
    "is": _("is"),
    "begins": _("begins with"),
}
_CHOSEN: Final = {"in": _("is any of"), "out": _("is none of"), "has": _("contains")}
_FIGURES: Final = {
    "gt": _("more than"),
    "ge": _("at least"),
    "lt": _("less than"),
    "le": _("at most"),
    "eq": _("equals"),
    "between": _("between"),
}
_DAYS: Final = {
    "on": _("on"),
    "since": _("from"),
    "until": _("until"),
    "between": _("between"),
    "last": _("in the last days"),
    "next": _("in the next days"),
    "period": _("in"),
}
_EITHER: Final = {"filled": _("is filled in"), "empty": _("is empty")}
_FLAGS: Final = {"yes": _("yes"), "no": _("no")}
PERIOD_WORDS: Final = {
    "today": _("today"),
    "yesterday": _("yesterday"),
    "this_week": _("this week"),
    "last_week": _("last week"),
    "this_month": _("this month"),
    "last_month": _("last month"),
    "this_quarter": _("this quarter"),
    "last_quarter": _("last quarter"),
    "this_year": _("this year"),
    "last_year": _("last year"),
}
UNIT_WORDS: Final = {
    "day": _("by day"),
    "week": _("by week"),
    "month": _("by month"),
    "quarter": _("by quarter"),
    "year": _("by year"),
}


def operator_words(column: Column) -> dict[str, Any]:
    """The operators of a column with what they are called, in their order."""
    if column.is_figure:
        words: Mapping[str, Any] = _FIGURES
    elif column.is_dated:
        words = _DAYS
    elif column.is_chosen:
        words = _CHOSEN
    else:
        words = _FLAGS if column.kind is Kind.FLAG else _TEXTS
    return {operator: words.get(operator) or _EITHER[operator] for operator in column.operators}


def figure(column: Column, value: Any) -> str:
    """A figure as its kind is written."""
    if column.kind is Kind.MONEY:
        return money(value)
    return price(value) if column.kind is Kind.PRICE else quantity(value)


def value_words(column: Column, head: Head, condition: Condition, labels: Mapping[tuple[str, int], str]) -> str:
    """The values of a condition in words; `labels` are those of references by kind and id."""
    values = condition.values
    if not values:
        return ""
    if column.is_chosen and condition.operator in ("in", "out"):
        return _now(", ").join(_chosen(column, head, value, labels) for value in values)
    if column.is_dated:
        return _days(condition)
    return _now(" and ").join(values) if condition.operator == "between" else _now(", ").join(values)


def _chosen(column: Column, head: Head, value: str, labels: Mapping[tuple[str, int], str]) -> str:
    if column.kind is Kind.CHOICE:
        return str((head.words or {}).get(value, value))
    if value == "me":
        return _now("Me")
    return labels.get((column.refers, read_id(value) or 0), value)


def _days(condition: Condition) -> str:
    first = condition.values[0]
    if condition.operator == "period":
        return str(PERIOD_WORDS.get(first, first))
    if condition.operator in ("last", "next"):
        count = read_id(first)
        return ngettext("%(num)s day", "%(num)s days", count) if count else first
    try:
        days = [found for found in days_meant(condition.operator, condition.values, today()) if found is not None]
    except Unreadable:
        return _now(", ").join(condition.values)
    return _now(" and ").join(dict.fromkeys(day(found) for found in days))
