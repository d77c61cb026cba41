"""Sends registered statements of a page or a call together: one round trip, one snapshot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, select

from core import clock, wire
from core import database as db
from core.errors import existing
from core.masks import maker
from core.scope import viewer_text
from core.statements import Query

T = TypeVar("T")


def read(*queries: Query) -> list[list[Any]]:
    """The rows of each query, as this call's viewer sees them. Several are read from one snapshot (REPEATABLE READ), so
    that their figures agree."""
    with db.current().engine.connect() as connection:
        driver, seen = db.driver(connection), db.SET_VIEWER(viewer=viewer_text())
        if len(queries) == 1:
            return wire.fetch(driver, [seen, *queries], transaction=False)[1:]
        return wire.snapshot(driver, [seen, *queries])[1:]


def read_one(query: Query) -> Any:
    """The only row of a query, or None."""
    [rows] = read(query)
    return rows[0] if rows else None


def fetch(connection: Connection, *queries: Query) -> list[list[Any]]:
    """The same for a page that reads more on its `Database.reading()`: in its snapshot, which the first call begins."""
    return wire.snapshot(db.driver(connection), queries, end=False)


def select_record(record: Any, model: Any, **joined: Any) -> Select[*tuple[Any, ...]]:
    """Selects a record's fields in their order: those named from what is joined, the others from the model."""
    columns = [joined[name] if name in joined else getattr(model, name) for name in record._fields]
    return select(*columns).select_from(model)


def get_record(connection: Connection, query: Any, record: Callable[..., T], kind: str, identity: object) -> T:
    """The only row of a select by id, as a record. Raises NotFound."""
    return maker(record)(*existing(connection.execute(query).all(), kind, identity))


def today() -> date:
    """The company's calendar day now."""
    return clock.day_in(clock.now(), db.current().time_zone())
