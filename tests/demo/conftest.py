"""The demo company, loaded once for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from core import database as db
from tests.database_server import DatabaseUrls, Server
from web.cli.progress import Progress
from web.demo.load import load_demo

TODAY = date(2026, 11, 22)
FIGURES = (
    "SELECT count(*), sum(amount_total) FROM sales_order",
    "SELECT count(*), sum(amount) FROM payment",
    "SELECT count(*), sum(debit) FROM journal_line",
    "SELECT sum(on_hand), sum(reserved), sum(back_ordered) FROM stock_level",
    "SELECT count(*) FROM audit_row",
    "SELECT max(recorded_at) FROM audit_row",
)


@dataclass(frozen=True)
class Demo:
    """The loaded database, and questions to it past the application."""

    urls: DatabaseUrls

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        url = self.urls.superuser.replace("+psycopg", "", 1)
        with psycopg.connect(url) as connection:
            return connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, **parameters: Any) -> Any:
        return self.rows(sql, **parameters)[0][0]

    def amount(self, sql: str, **parameters: Any) -> Decimal:
        return Decimal(self.value(sql, **parameters) or 0)

    def make_current(self) -> None:
        db.configure(db.Database(self.urls.app))


def figures(urls: DatabaseUrls) -> list[Any]:
    demo = Demo(urls)
    return [demo.rows(sql) for sql in FIGURES]


@pytest.fixture(scope="session")
def demo(database_server: Server, request: pytest.FixtureRequest) -> Iterator[Demo]:
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    name = f"{database_server.template}_demo_{worker}"
    urls = database_server.clone(name)
    database = db.configure(db.Database(urls.app))
    assert load_demo(Progress, today=TODAY)
    yield Demo(urls)
    database.dispose()
    database_server.drop(name)


@pytest.fixture
def empty_clone(database_server: Server) -> Iterator[DatabaseUrls]:
    """One more database of its own, to compare with."""
    name = f"{database_server.template}_demo_compared_{os.getpid()}"
    yield database_server.clone(name)
    database_server.drop(name)
