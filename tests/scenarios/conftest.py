"""A company of the scenarios' own, one database for all of them; each test brings its customers and products."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from core import database as db
from tests.database_server import Server
from tests.scenarios.checks import assert_clean
from tests.scenarios.house import House

USUAL = {
    "invoicing_policy": "on_order",
    "tax_point": "issue_or_shipment",
    "due_from": "invoice",
    "tax_rounding": "line",
}


@pytest.fixture(scope="package")
def company(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_scenarios_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url = urls.system
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


@pytest.fixture
def house(company: House) -> Iterator[House]:
    """The company with the usual policies; afterwards the integrity checks must find nothing."""
    db.configure(company.database)
    company.set_policy(**USUAL)
    yield company
    assert_clean(company)
