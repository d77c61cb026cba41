"""What a command needs of its actor: declared where the command stands, and held by `run` whoever calls it.

The permission of a route or an API operation is the first wall; this is the second, so that a route that runs the
wrong command, or a new entry point that forgets to ask, still does nothing its actor may not do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from core.context import SYSTEM, Actor
from core.errors import PermissionDenied
from core.permissions import PERMISSIONS

Command = TypeVar("Command", bound=Callable[..., Any])

# Of each command the permissions of which one is enough; None for anybody, none at all for the system alone.
NEEDED: Final[dict[Callable[..., Any], frozenset[str] | None]] = {}


class UndeclaredCommand(RuntimeError):
    """A command that does not say what it needs. It runs for nobody."""


def needs(*permissions: str) -> Callable[[Command], Command]:
    """Declares that the actor of a command has one of these permissions. Raises ValueError for an unknown one."""
    unknown = set(permissions) - PERMISSIONS.keys()
    if unknown or not permissions:
        raise ValueError(f"no such permission: {sorted(unknown)}")

    def declare(command: Command) -> Command:
        NEEDED[command] = frozenset(permissions)
        return command

    return declare


def for_anybody(command: Command) -> Command:
    """Declares a command about nobody but its actor, who needs no permission for it."""
    NEEDED[command] = None
    return command


def for_the_system(command: Command) -> Command:
    """Declares a command that no person runs: the worker, the command line, signing in, the first run."""
    NEEDED[command] = frozenset()
    return command


def check(command: Callable[..., Any], actor: Actor) -> None:
    """Raises PermissionDenied where `actor` may not run `command`, UndeclaredCommand where that is not declared.

    The system may run every command that is declared.
    """
    try:
        wanted = NEEDED[command]
    except KeyError:
        name = f"{command.__module__}.{getattr(command, '__qualname__', command)}"
        raise UndeclaredCommand(f"{name} does not say what it needs; see core.needs") from None
    if wanted is not None and wanted.isdisjoint(actor.permissions) and actor is not SYSTEM:
        raise PermissionDenied(min(wanted, default="system"))
