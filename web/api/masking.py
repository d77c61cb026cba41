"""Masks in the answers of the API: null where a value is masked for the caller, its name in `masked` beside it.

Rows come masked already (`core.masks`); what a command answered is kept as it was, for a repeat by its key, and masked
here each time it is answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.command import Result
from core.encoding import dump_json
from core.masks import COSTS, EMAILS, PHONES, as_data, sees, sees_all, sensitive_part, shown_part
from web.api.fields import Answered

ANSWERED: Final[Mapping[str, str]] = {
    "phone": PHONES,
    "email": EMAILS,
    "cost": COSTS,
    "unit_cost": COSTS,
    "value": COSTS,
}
"""What these names mean in the answer of every command; an operation's own shape says what else is sensitive there."""


def names_in(shape: Any) -> dict[str, str]:
    """Kinds by name of all that a shape says is sensitive."""
    names: dict[str, str] = {}
    if isinstance(shape, Mapping):
        for name, part in shape.items():
            declared = sensitive_part(part)
            names |= {name: declared.kind} if declared is not None else names_in(part)
    elif isinstance(shape, Sequence) and not isinstance(shape, str):
        for part in shape:
            names |= names_in(part)
    return names


def answer_text(answer: Any) -> str:
    """The JSON text of what a handler read."""
    return dump_json(answer if sees_all() else as_data(answer))


def result_text(result: Result, names: Mapping[str, str], parts: Mapping[str, Answered] | None = None) -> str:
    """The JSON text of what a command answered, now or at the first call with its key. `parts` of it are masked as they
    themselves say."""
    hidden = {name: kind for name, kind in names.items() if not sees(kind)}
    covered = {} if sees_all() else parts or {}
    if not any(f'"{name}":' in result.text for name in (*hidden, *covered)):
        return result.text
    data = {name: covered[name].shown(part) if name in covered else part for name, part in result.data.items()}
    return dump_json(as_data(shown_part("", data, hidden)))
