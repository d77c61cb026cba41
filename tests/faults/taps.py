"""Faults at any database operation: a tap on psycopg's own entry points, counted and triggered by number.

Every operation that talks to the server is counted: statements, commits, rollbacks, and the end of a pipeline, where
the answers come in. At the chosen one the tap raises before sending, ends the server's process before sending, or lets
the operation happen and loses the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

RAISE, KILL, DROP = "raise", "kill", "drop"


@dataclass
class Tap:
    """Counts operations of the thread that armed it; at number `at` the fault happens once."""

    at: int = 0
    kind: str = ""
    kill: Callable[[int], None] | None = None
    thread: int = field(default_factory=threading.get_ident)
    seen: list[str] = field(default_factory=list)
    struck: str | None = None

    def before(self, name: str, connection: Any) -> bool:
        """Counts the operation; answers whether its reply is to be lost."""
        if threading.get_ident() != self.thread:
            return False
        self.seen.append(name)
        if len(self.seen) != self.at:
            return False
        self.struck = f"{self.kind} at {name}"
        if self.kind == RAISE:
            raise psycopg.OperationalError("the network is gone")
        if self.kind == KILL:
            assert self.kill is not None
            self.kill(connection.info.backend_pid)
            return False
        return True


_armed: list[Tap] = []


def _around(owner: type, name: str, connection_of: Callable[[Any], Any]) -> Callable[..., Any]:
    original = getattr(owner, name)

    def tapped(self: Any, *arguments: Any, **named: Any) -> Any:
        tap = _armed[-1] if _armed else None
        lost = tap.before(name, connection_of(self)) if tap is not None else False
        answer = original(self, *arguments, **named)
        if lost:
            connection_of(self).close()
            raise psycopg.OperationalError("the answer was lost")
        return answer

    setattr(owner, name, tapped)
    return original


@contextmanager
def tapped() -> Iterator[None]:
    """Taps psycopg for the length of a test."""
    points = (
        (psycopg.Cursor, "execute", lambda cursor: cursor.connection),
        (psycopg.Connection, "commit", lambda connection: connection),
        (psycopg.Connection, "rollback", lambda connection: connection),
        (psycopg.Pipeline, "sync", lambda pipeline: pipeline._conn),
        (psycopg.Pipeline, "__exit__", lambda pipeline: pipeline._conn),
    )
    originals = [(owner, name, _around(owner, name, connection_of)) for owner, name, connection_of in points]
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


@contextmanager
def armed(tap: Tap) -> Iterator[Tap]:
    _armed.append(tap)
    try:
        yield tap
    finally:
        _armed.pop()
