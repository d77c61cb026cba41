"""The lines of a preview: what a command would do, in words, from `plan.effects`.

Each area registers its kinds with `@effect_for("reserve")`; the function takes the effect's data and
answers an `EffectLine`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One consequence: icon, sentence, the number at the right, a smaller note, a tone (`ok warn bad info vio mute` or
    none).
    """

    icon: str
    text: str
    amount: str = ""
    note: str = ""
    tone: str = ""


Line = Callable[[Mapping[str, Any]], EffectLine]

_REGISTRY: Final[dict[str, Line]] = {}
_GENERAL: Final[dict[str, Line]] = {}


def effect_for(*kinds: str) -> Callable[[Line], Line]:
    """Register a function as the line of these kinds of effect. Raises ValueError for a kind that has one already."""

    def register(function: Line) -> Line:
        for kind in kinds:
            if kind in _REGISTRY and _REGISTRY[kind].__module__ != function.__module__:
                raise ValueError(f"the effect {kind!r} has two lines")
            _REGISTRY[kind] = function
        return function

    return register


def general_effect_for(*kinds: str) -> Callable[[Line], Line]:
    """Register the line of kinds that commands of several areas bring; one of an area's own goes first."""

    def register(function: Line) -> Line:
        for kind in kinds:
            _GENERAL.setdefault(kind, function)
        return function

    return register


def registered_effects() -> frozenset[str]:
    """All kinds that have a line of their own."""
    return frozenset(_REGISTRY) | frozenset(_GENERAL)


def effect_lines(effects: Iterable[Any]) -> list[EffectLine]:
    """The lines of a preview; an unregistered kind still stands there by its name."""
    return [_line(effect.kind, effect.data) for effect in effects]


def _line(kind: str, data: Mapping[str, Any]) -> EffectLine:
    function = _REGISTRY.get(kind) or _GENERAL.get(kind)
    return function(data) if function else EffectLine("go", _("Do: %(kind)s", kind=kind.replace("_", " ")))
