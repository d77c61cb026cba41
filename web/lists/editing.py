"""The form of one condition, and what it makes of the address it is sent from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from core.columns import read_id
from core.lists.conditions import Unreadable, check
from core.lists.kinds import Kind
from core.lists.references import options
from core.lists.source import Asked, Column
from core.lists.state import Condition, Demand
from web.lists.asking import Asking, head_of
from web.lists.declared import Head
from web.lists.words import PERIOD_WORDS, operator_words

NEW = "new"


@dataclass(frozen=True)
class Editor:
    """The form of a condition: which demand it is about (`place`, or NEW), what stands there, what can be chosen."""

    place: str
    is_either: bool
    column: Column
    head: Head
    condition: Condition
    operators: Mapping[str, Any]
    choices: Sequence[tuple[str, str]]
    periods: Mapping[str, Any]
    error: str = ""


def editor_of(
    connection: Connection,
    wished: Asking,
    columns: Mapping[str, Column],
    who: Asked,
    named: Mapping[tuple[str, int], str],
) -> Editor | None:
    """The form the address asks for; None where it names no column or demand there is."""
    place, is_either = request.args["edit"], "either" in request.args
    standing = _standing(wished, place)
    condition = standing[-1] if standing and not is_either else Condition("", "")
    name = request.args.get("column") or condition.column or (standing[-1].column if standing else "")
    column = columns.get(name)
    if column is None or not column.filters or not column.is_clear(who):
        return None
    head = head_of(wished.page, name, column)
    if head is None:
        return None
    if condition.column != name:
        condition = Condition(name, column.operators[0])
    sent = "apply" in request.args or "failed" in request.args
    return Editor(
        place,
        is_either,
        column,
        head,
        sent_condition(column) if sent else condition,
        operator_words(column),
        _choices(connection, column, head, who, condition, named),
        PERIOD_WORDS,
        _("This cannot be looked for. Fill in what the comparison needs.") if "failed" in request.args else "",
    )


def _standing(wished: Asking, place: str) -> Demand:
    number = read_id(place) if place != "0" else 0
    demands = wished.state.demands
    return demands[number] if number is not None and number < len(demands) else ()


def _choices(
    connection: Connection,
    column: Column,
    head: Head,
    who: Asked,
    condition: Condition,
    named: Mapping[tuple[str, int], str],
) -> list[tuple[str, str]]:
    if column.kind is Kind.CHOICE:
        return [(code, str(label)) for code, label in (head.words or {}).items()]
    if column.kind is not Kind.REFERENCE:
        return []
    found = [(str(identity), label) for identity, label in options(connection, column.refers, who.parameters)]
    standing = [
        (value, named[(column.refers, identity)])
        for value in condition.values
        if (identity := read_id(value)) is not None and (column.refers, identity) in named
    ]
    me = [("me", _("Me"))] if column.refers == "user" else []
    return me + [choice for choice in standing if choice not in found] + found


def sent_condition(column: Column) -> Condition:
    """The condition that the form's fields say: which of them count depends on the operator."""
    operator = request.args.get("op", column.operators[0])
    operator = operator if operator in column.operators else column.operators[0]
    if operator in ("filled", "empty", "yes", "no"):
        return Condition(column.name, operator)
    if column.is_chosen and operator != "has":
        return Condition(column.name, operator, tuple(request.args.getlist("choice")))
    names = {"last": ("days",), "next": ("days",), "period": ("period",), "between": ("value", "value2")}
    fields = names.get(operator, ("value",))
    return Condition(column.name, operator, tuple(request.args.get(name, "").strip() for name in fields))


def edited_address(connection: Connection, wished: Asking, who: Asked) -> Response:
    """Where the list stands with the condition that was sent in it; back at the form where it says nothing."""
    columns = wished.page.source.open_columns(who)
    column = columns.get(request.args.get("column", ""))
    place = request.args.get("edit", NEW)
    if column is None:
        return redirect(wished.address(), 303)
    condition = sent_condition(column)
    try:
        if any(value == "" for value in condition.values):
            raise Unreadable(column.name)
        check(columns, (condition,), who)
    except Unreadable:
        sent: dict[str, Any] = {name: request.args.get(name) for name in ("op", "value", "value2", "days", "period")}
        either = "yes" if "either" in request.args else None
        return redirect(wished.address(edit=place, column=column.name, failed="yes", either=either, **sent), 303)
    demands, standing = wished.state.demands, _standing(wished, place)
    if not standing:
        changed = (*demands, (condition,))
    else:
        number = int(place)
        alternatives = (*standing, condition) if "either" in request.args else (*standing[:-1], condition)
        changed = (*demands[:number], alternatives, *demands[number + 1 :])
    return redirect(wished.address(replace(wished.state, demands=changed)), 303)
