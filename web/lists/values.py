"""A value for a field of a list: the control it is typed in, and what was typed as the column holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import Connection

from core.columns import read_id
from core.lists.conditions import Unreadable, figure_of
from core.lists.edits import EDITINGS, Editing
from core.lists.kinds import Kind
from core.lists.references import options
from core.lists.source import Asked, Column
from web.lists.asking import asked, head_of
from web.lists.declared import Head, ListPage
from web.permissions import may


@dataclass(frozen=True)
class Control:
    """What a value is typed in: choices where there are some, else a field of the column's kind."""

    column: Column
    head: Head
    field: str
    choices: Sequence[tuple[str, str]]
    is_required: bool
    most: int | None


class BadValue(ValueError):
    """What was typed is none of the column's values; the text says what would be."""


def editable(page: ListPage, who: Asked) -> dict[str, Column]:
    """The columns of a list that who asks may edit in place, by name."""
    editing = EDITINGS.get(page.name)
    if editing is None or not may(editing.permission) or getattr(g.actor, "read_only", False):
        return {}
    columns = page.source.open_columns(who)
    return {
        name: columns[name]
        for name in editing.fields
        if name in columns and columns[name].is_clear(who) and (name not in editing.also or may(editing.also[name]))
    }


def control_of(connection: Connection, page: ListPage, name: str) -> Control | None:
    """The control of a column; None for one that who asks may not edit."""
    who = asked()
    column = editable(page, who).get(name)
    if column is None:
        return None
    editing: Editing = EDITINGS[page.name]
    field = editing.fields[name]
    stored = editing.model.__table__.c[field]
    head = head_of(page, name, column)
    choices: list[tuple[str, str]] = []
    if column.kind is Kind.CHOICE:
        choices = [(code, str(label)) for code, label in (head.words or {}).items()]
    elif column.kind is Kind.REFERENCE:
        choices = [(str(identity), label) for identity, label in options(connection, column.refers, who.parameters)]
    elif column.kind is Kind.FLAG:
        choices = [("yes", _("Yes")), ("", _("No"))]
    if choices and stored.nullable:
        choices = [("", _("None")), *choices]
    most = getattr(stored.type, "length", None)
    return Control(column, head, field, choices, not stored.nullable, most)


def typed(control: Control, text: str) -> Any:
    """What was typed, as the column holds it; nothing typed is None. Raises BadValue."""
    text = text.strip()
    kind = control.column.kind
    if kind is Kind.FLAG:
        return text == "yes"
    if not text:
        if control.is_required:
            raise BadValue(_("Fill this in."))
        return None
    if control.choices and text not in dict(control.choices):
        raise BadValue(_("Choose one of those offered."))
    if kind is Kind.REFERENCE:
        return read_id(text)
    if control.column.is_figure:
        return _figure(text)
    if kind is Kind.DAY:
        return _day(text)
    if control.most and len(text) > control.most:
        raise BadValue(_("At most %(limit)s characters.", limit=control.most))
    return text


def _figure(text: str) -> Decimal:
    try:
        return figure_of(text)
    except Unreadable as error:
        raise BadValue(_("“%(text)s” is not a number.", text=text)) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadValue(_("“%(text)s” is not a day. Write it as 2026-03-31.", text=text)) from error


def as_typed(value: Any) -> str:
    """A value as its control shows it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    return format(value, "f") if isinstance(value, Decimal) else str(getattr(value, "value", value))


def in_words(control: Control, value: Any) -> str:
    """A value in words, for questions and for what was done."""
    text = as_typed(value)
    return dict(control.choices).get(text, text) or _("None")


def chosen_columns(page: ListPage, who: Asked) -> Mapping[str, str]:
    """The columns that can be edited with what they are called."""
    return {name: str(head_of(page, name, column).label) for name, column in editable(page, who).items()}
