"""Groups of a list as the page and the file show them: what they are called, and the address of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flask_babel import gettext as _

from core.lists.conditions import last_of
from core.lists.grouping import UNITS, Group, Level
from core.lists.kinds import Kind
from core.lists.source import Asked, Column
from core.lists.state import Demand, State, demand
from web.lists.asking import Asking, head_of
from web.lists.declared import Head, ListPage
from web.lists.words import UNIT_WORDS, figure


@dataclass(frozen=True)
class GroupRow:
    """A group with the link to its rows; what is `within` it and, where not all of that is shown, the link to it."""

    label: Any
    url: str
    group: Group
    within: Sequence[GroupRow] = ()
    more_url: str = ""


class Choice(NamedTuple):
    """A level that can be chosen."""

    label: str
    url: str
    is_now: bool


@dataclass(frozen=True)
class GroupChoices:
    """What rows can be grouped by, and within that by what else; the addresses that take both or the second away."""

    first: Sequence[Choice]
    then: Sequence[Choice]
    none_url: str
    single_url: str


def group_rows(wished: Asking, groups: Sequence[Group], levels: Sequence[Level]) -> list[GroupRow]:
    """Groups as they are called, each with the address of its rows: those of the second level by both conditions."""
    return [_group_row(wished, wished.state, group, levels) for group in groups]


def _group_row(wished: Asking, state: State, group: Group, levels: Sequence[Level]) -> GroupRow:
    condition, label = group_named(wished.page, group, levels[0])
    narrowed = state.asking(condition)
    within = [_group_row(wished, narrowed, inner, levels[1:]) for inner in group.within]
    more = wished.address(replace(narrowed, group=code_of(levels[1]))) if group.left_out else ""
    return GroupRow(label, wished.address(replace(narrowed, group="")), group, within, more)


def group_named(page: ListPage, group: Group, level: Level) -> tuple[Demand, Any]:
    """The demand that a group's rows fit, and what the group is called."""
    column, unit = level
    words = head_of(page, column.name, column).words or {}
    if group.value is None or group.value == "":
        return demand(column.name, "empty"), ""
    if unit:
        return demand(column.name, "between", group.value, last_of(unit, group.value)), period_words(group.value, unit)
    if column.kind is Kind.FLAG:
        return demand(column.name, "yes" if group.value else "no"), group.value
    if column.is_chosen:
        label = words.get(group.value, group.label) if column.kind is Kind.CHOICE else group.label
        return demand(column.name, "in", getattr(group.value, "value", group.value)), label
    if column.is_figure:
        return demand(column.name, "eq", group.value), figure(column, group.value)
    return demand(column.name, "is", group.value), group.label


def group_text(label: Any) -> str:
    """What a group is called, as a text."""
    if isinstance(label, bool):
        return _("Yes") if label else _("No")
    return str(label or _("None"))


def period_words(first: Any, unit: str) -> str:
    """The name of a day, week, month, quarter or year by its first day."""
    if unit == "year":
        return f"{first:%Y}"
    if unit == "quarter":
        return f"{first:%Y} Q{(first.month - 1) // 3 + 1}"
    if unit == "month":
        return f"{first:%Y-%m}"
    return f"{first:%G-W%V}" if unit == "week" else f"{first:%Y-%m-%d}"


def code_of(level: Level) -> str:
    """A level as an address names it."""
    return f"{level.column.name}.{level.unit}" if level.unit else level.column.name


def level_label(page: ListPage, level: Level) -> str:
    """How a level is called where it stands alone: days with their unit."""
    label = str(head_of(page, level.column.name, level.column).label)
    return f"{label} {UNIT_WORDS[level.unit]}" if level.unit else label


def group_choices(
    wished: Asking, heads: Mapping[str, Head], columns: Mapping[str, Column], levels: Sequence[Level], who: Asked
) -> GroupChoices | None:
    """What rows can be grouped by; None where by nothing. The second level is offered once there is a first."""
    offered = [
        Level(columns[name], unit)
        for name in heads
        if columns[name].groups and columns[name].is_clear(who)
        for unit in (UNITS[2:] if columns[name].is_dated else ("",))
    ]
    if not offered:
        return None
    now = [code_of(level) for level in levels]

    def choice(level: Level, place: int) -> Choice:
        code = code_of(level)
        codes = [*now[:place], code, *(other for other in now[place + 1 :] if other != code)]
        address = wished.address(replace(wished.state, group=",".join(codes)))
        return Choice(level_label(wished.page, level), address, now[place : place + 1] == [code])

    return GroupChoices(
        [choice(level, 0) for level in offered],
        [choice(level, 1) for level in offered if code_of(level) != now[0]] if now else [],
        wished.address(replace(wished.state, group="")),
        wished.address(replace(wished.state, group=now[0])) if len(now) > 1 else "",
    )
