"""A company of this folder's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from core import database as db
from tests.database_server import Server
from tests.scenarios.checks import assert_clean
from tests.scenarios.house import House


@pytest.fixture(scope="package")
def company(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_faults_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url, house.superuser_url = urls.system, urls.superuser
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


@pytest.fixture
def house(company: House) -> Iterator[House]:
    db.configure(company.database)
    yield company
    assert_clean(company)
