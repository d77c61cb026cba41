"""A customer is found by what somebody types: a code or a whole name is one customer, anything else may be several."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core import database as db
from core.errors import NotFound
from core.queries.customers import customer_names, find_customers, get_customer
from tests.database_server import DatabaseUrls
from tests.world import World


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def _codes(text: str, limit: int = 20) -> list[str]:
    with db.current().reading() as connection:
        return [match.code for match in find_customers(connection, text, limit)]


def test_a_code_or_a_whole_name_means_one_customer(world: World) -> None:
    for code, name in (("NORTH", "Königlich Essen"), ("SOUTH", "Königlich Essen Süd"), ("EAST", "north")):
        world.customer(name, code=code)
    assert _codes("königlich essen") == ["NORTH"], "A whole name counts before names that only hold it."
    assert _codes("koniglich") == ["NORTH", "SOUTH"]
    assert _codes("North") == ["NORTH"], "A code counts before a name."
    assert _codes(" south ") == ["SOUTH"]
    assert _codes("koniglich", limit=1) == ["NORTH"]
    assert _codes("nobody") == _codes(" ") == _codes("100%") == []


def test_a_customer_is_read_by_id(world: World) -> None:
    customer_id = world.customer("Ernst Handel")
    with db.current().reading() as connection:
        assert get_customer(connection, customer_id)[2:] == ("Ernst Handel", 0, 0)
        assert customer_names(connection) == ["Ernst Handel"]
        with pytest.raises(NotFound):
            get_customer(connection, customer_id + 1)
