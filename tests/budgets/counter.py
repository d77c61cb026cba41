"""Counts what really goes over the wire: the driver's own protocol trace, read back statement by statement."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg.pq import Trace
from sqlalchemy import event

from core import wire
from core.database import Database

# BEGIN and COMMIT, and telling the database who acts, are not counted.
_FREE = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SELECT set_config\('countinghouse\.(actor|viewer)')", re.IGNORECASE)
_MESSAGE = re.compile(r'^F\t\d+\t(Query|Parse|Bind)\t ("(?P<first>[^"]*)"(?: "(?P<second>[^"]*)?)?)')


@dataclass
class Statements:
    """The counted statements of a stretch, in order, by their text (or their prepared name where it is older)."""

    texts: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def __str__(self) -> str:
        return "\n".join(f"{number}. {text[:160]}" for number, text in enumerate(self.texts, start=1))


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
    """Counts every statement that connections of `database` send until the end of the block."""
    found = Statements()
    traced: dict[int, Any] = {}
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as log:

        def begin(connection: Any, _record: Any, _proxy: Any) -> None:
            if id(connection) not in traced:
                traced[id(connection)] = connection
                connection.pgconn.trace(os.open(log.name, os.O_WRONLY | os.O_APPEND))
                connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

        event.listen(database.engine, "checkout", begin)
        try:
            yield found
        finally:
            event.remove(database.engine, "checkout", begin)
            for connection in traced.values():
                connection.pgconn.untrace()
            found.texts.extend(_counted(log.read()))


def _counted(trace: str) -> Iterator[str]:
    """Each executed statement (one Bind, or a simple Query) that is not free."""
    texts = {name.decode(): text.decode() for text, name in wire._names.items()}
    for line in trace.splitlines():
        message = _MESSAGE.match(line)
        if message is None:
            continue
        first, second = message["first"] or "", message["second"] or ""
        if message[1] == "Parse":
            texts[first] = second
            continue
        text = first if message[1] == "Query" else texts.get(second, second)
        if not _FREE.match(text):
            yield text


def warm(database: Database) -> None:
    """Takes a fresh block of 1,000 ids, so that asking for it does not count for whoever happens to need it."""
    with database._lock:
        database._next = database._end = 0
    database.next_id()
