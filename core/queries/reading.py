"""Sends registered statements of a page or a call together: one round trip, one snapshot."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection

from core import clock, wire
from core import database as db
from core.statements import Query


def read(*queries: Query) -> list[list[Any]]:
    """The rows of each query. Several are read from one snapshot (REPEATABLE READ), so that their figures agree."""
    with db.current().engine.connect() as connection:
        driver = db.driver(connection)
        if len(queries) == 1:
            return wire.fetch(driver, queries, transaction=False)
        return wire.snapshot(driver, queries)


def read_one(query: Query) -> Any:
    """The only row of a query, or None."""
    [rows] = read(query)
    return rows[0] if rows else None


def fetch(connection: Connection, *queries: Query) -> list[list[Any]]:
    """The same for a page that reads more on its `Database.reading()`: in its snapshot, which the first call begins."""
    return wire.snapshot(db.driver(connection), queries, end=False)


def today() -> date:
    """The company's calendar day now."""
    return clock.day_in(clock.now(), db.current().time_zone())
