"""The commands that a request can carry out: by name, with the permission they need, from arguments kept as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import FieldError, InvalidInput
from core.plan import Plan

Arguments = Mapping[str, Any]
Run = Callable[[Plan, Arguments], dict[str, Any]]


@dataclass(frozen=True)
class Action:
    """A command as a request keeps it: run from JSON arguments by whoever has the permission."""

    name: str
    permission: str
    run: Run


ACTIONS: dict[str, Action] = {}


def action(name: str, permission: str) -> Callable[[Run], Run]:
    """Registers `run(plan, arguments)`, which calls the command."""

    def register(run: Run) -> Run:
        if name in ACTIONS:
            raise ValueError(f"the action {name} is registered twice")
        ACTIONS[name] = Action(name, permission, run)
        return run

    return register


def action_of(name: str) -> Action:
    """Raises InvalidInput for a name that is none."""
    if name not in ACTIONS:
        raise InvalidInput({"action": FieldError("unknown_choice", {"choices": sorted(ACTIONS)})})
    return ACTIONS[name]
