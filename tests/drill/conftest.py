"""A small company grown to three hundred customers, orders and invoices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.database_server import Server
from tests.integrity.conftest import live_a_little
from tests.scenarios.house import House
from web.cli.migrate import driver_url
from web.drill.size.build import build, is_built

SIZE = 300


@pytest.fixture(scope="package")
def grown(database_server: Server) -> Iterator[House]:
    """The company, grown in two goes, the first of which is killed."""
    urls = database_server.clone(f"{database_server.template}_size_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url, house.superuser_url = urls.system, driver_url(urls.superuser)
    live_a_little(house)
    indexes = indexes_of(house)
    _stop_half_way(house)
    build(house.superuser_url, size=SIZE, say=lambda _name: None)
    assert indexes_of(house) == indexes
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


def _stop_half_way(house: House) -> None:
    """A first go that ends where the rows of entries are about to be written."""

    class Killed(Exception):
        pass

    def say(name: str) -> None:
        if name.strip() == "journal_line":
            raise Killed

    with pytest.raises(Killed):
        build(house.superuser_url, size=SIZE, say=say)
    assert not is_built(house.superuser_url, SIZE)


def rows_of(house: House, query: str) -> list[Any]:
    """What the owner of everything reads."""
    with psycopg.connect(house.superuser_url) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type,unused-ignore]


def indexes_of(house: House) -> list[Any]:
    return rows_of(house, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
