"""Faults at any database operation, counted and struck by number.

Every statement of a round trip and its COMMIT count, and so do the statements, commits and rollbacks of the driver's
own entry points. At the chosen operation the tap raises before it is sent, ends the server's process before it is sent,
or lets it happen and loses the answer. What stood before it in the same round trip has happened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from core import wire

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
            _lose(connection_of(self))
        return answer

    setattr(owner, name, tapped)
    return original


def _lose(connection: Any) -> None:
    connection.close()
    raise psycopg.OperationalError("the answer was lost")


def _around_exchange(original: Callable[..., Any]) -> Callable[..., Any]:
    """The round trip of many statements, struck at any one of them."""

    def tapped(connection: Any, statements: Any, *, begin: bool = True, commit: bool = False) -> Any:
        parts = list(statements)
        tap = _armed[-1] if _armed else None
        if tap is None:
            return original(connection, parts, begin=begin, commit=commit)
        for place in range(len(parts) + commit):
            if len(tap.seen) + 1 == tap.at and tap.thread == threading.get_ident():
                if place:
                    original(connection, parts[:place], begin=begin)
                lost = tap.before(_name(parts, place), connection)
                if not lost:  # the server's process is gone: the rest meets a dead connection
                    return original(connection, parts[place:], begin=begin, commit=commit)
                original(connection, parts[place : place + 1], begin=begin, commit=place == len(parts))
                _lose(connection)
            tap.before(_name(parts, place), connection)
        return original(connection, parts, begin=begin, commit=commit)

    return tapped


def _name(parts: list[Any], place: int) -> str:
    return "COMMIT" if place == len(parts) else f"statement {place + 1} of {len(parts)}"


@contextmanager
def tapped() -> Iterator[None]:
    """Taps the driver for the length of a test."""
    points = (
        (psycopg.Cursor, "execute", lambda cursor: cursor.connection),
        (psycopg.Connection, "commit", lambda connection: connection),
        (psycopg.Connection, "rollback", lambda connection: connection),
    )
    originals = [(owner, name, _around(owner, name, connection_of)) for owner, name, connection_of in points]
    exchange = wire.exchange
    wire.exchange = _around_exchange(exchange)
    try:
        yield
    finally:
        wire.exchange = exchange
        for owner, name, original in originals:
            setattr(owner, name, original)


@contextmanager
def armed(tap: Tap) -> Iterator[Tap]:
    _armed.append(tap)
    try:
        yield tap
    finally:
        _armed.pop()
