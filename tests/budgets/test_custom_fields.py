"""A company without custom fields pays nothing for them; a change of theirs bites in every process at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from core import database as db
from core.custom_fields.commands import create_field
from core.custom_fields.definitions import definitions
from tests.budgets.counter import counted, warm
from tests.database_server import DatabaseUrls
from tests.web.api.conftest import SETTINGS, Api
from tests.world import World
from web.app import create_app


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def cost(api: Api, world: World, method: str, path: str, body: Any = None) -> int:
    warm(world.database)
    with counted(world.database) as statements:
        api.ok(method, path, body)
    return len(statements)


def test_they_cost_nothing_until_there_is_one_and_then_bite_at_once(world: World) -> None:
    api = Api(create_app(SETTINGS).test_client(), world.token())
    customer = api.customer()
    read, write = f"/customers/{customer['id']}", {"name": "无"}

    def costs() -> list[int]:
        api.get("/me")
        made = {"name": f"客户 {uuid.uuid4()}"}
        return [cost(api, world, "GET", read), cost(api, world, "POST", "/customers", made)]

    before = costs()
    assert before[0] == 2
    # As another process would: with a database of its own, and so with nothing kept in common.
    other = World(db.Database(world.database.url), world.actor)
    db.configure(other.database)
    other.run(create_field, {"record_type": "customer", "key": "k", "label": "K", "kind": "text"})
    other.database.dispose()
    db.configure(world.database)
    assert api.ok("GET", read)["custom"] == {"k": None}
    # From then on the definitions are kept: a read has the values beside the record, a new record without them nothing.
    assert costs() == [3, before[1]]
    assert definitions().version == 1
    assert write
