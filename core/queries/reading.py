"""Sends registered statements of a page or a call together: one round trip, one snapshot."""

from __future__ import annotations

from datetime import date
from typing import Any

from core import clock, wire
from core import database as db
from core.statements import Query


def read(*queries: Query) -> list[list[Any]]:
    """The rows of each query. Several are read from one snapshot (REPEATABLE READ), so that their figures agree."""
    database = db.current()
    with database.engine.connect() as connection:
        if len(queries) == 1:
            return wire.fetch(db.driver(connection), queries, transaction=False)
        return wire.snapshot(db.driver(connection), queries)


def read_one(query: Query) -> Any:
    """The only row of a query, or None."""
    [rows] = read(query)
    return rows[0] if rows else None


def today() -> date:
    """The company's calendar day now."""
    return clock.day_in(clock.now(), db.current().time_zone())
