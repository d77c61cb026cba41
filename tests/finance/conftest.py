"""A company of its own for each test of the books."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database_server import DatabaseUrls
from tests.scenarios.house import House


@pytest.fixture
def house(fresh_database: DatabaseUrls) -> Iterator[House]:
    house = House.set_up(fresh_database.app)
    yield house
    house.database.dispose()
