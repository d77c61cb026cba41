"""Which columns a list shows, and in what order: the boxes of the chooser, whose order is that of the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import request
from werkzeug import Response
from werkzeug.utils import redirect

from core.lists.source import Column
from web.lists.asking import Asking, headed, shown_columns

CHOOSING: Final = "columns"
"""The parameter by which a list opens with its chooser open."""
_STEPS: Final = {"up": -1, "down": 1}


@dataclass(frozen=True)
class Choice:
    """A column as the chooser offers it."""

    name: str
    label: str
    is_shown: bool


@dataclass(frozen=True)
class Chooser:
    """The first column, which always stands first; the others, those shown in their order; the address with the columns
    of the view, where others are shown."""

    first: Choice
    choices: Sequence[Choice]
    own_url: str
    is_open: bool


def column_choices(wished: Asking, columns: Mapping[str, Column], shown: Sequence[str]) -> Chooser:
    """The chooser of a list that shows the columns named."""
    heads = headed(wished.page, columns)
    names = [*shown, *(name for name in heads if name not in shown)]
    choices = [Choice(name, str(heads[name].label), name in shown) for name in names]
    own = replace(wished.state, columns=wished.base.columns)
    url = wished.address(own) if wished.state.columns != wished.base.columns else ""
    return Chooser(choices[0], choices[1:], url, CHOOSING in request.args)


def moved_address(wished: Asking, columns: Mapping[str, Column]) -> Response:
    """Where the list stands with the columns that are ticked, one of them a place further: how a column is moved
    without a script."""
    first, *others = shown_columns(wished, columns)
    step, _colon, name = request.args["move"].partition(":")
    place = others.index(name) + _STEPS[step] if step in _STEPS and name in others else -1
    if 0 <= place < len(others):
        others.remove(name)
        others.insert(place, name)
    address = wished.address(replace(wished.state, columns=(first, *others)), **{CHOOSING: "yes"})
    return redirect(f"{address}#col-{name}" if name in others else address, 303)
