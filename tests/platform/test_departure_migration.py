"""A company from before departures: every customer gets its first period, and what inactive people held goes on."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from core.units import share_customer
from core.users import change_user
from crm.activities import record_activity
from crm.owners import change_customer
from tests.conftest import DatabaseUrls
from tests.world import World
from web.integrity import run_checks

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def migration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("departures", ROOT / "migrations/versions/0011_departures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_was_left_behind_goes_to_who_is_here(world: World, fresh_database: DatabaseUrls) -> None:
    gone, above, below, owner = (world.user(name, "sales").user_id for name in ("gone", "above", "below", "owner"))
    customer = world.customer(owner_id=gone)
    world.run(change_customer, customer, {"owner_id": owner})
    world.run(share_customer, customer, user_id=gone)
    world.run(change_user, gone, {"reports_to_id": above})
    world.run(change_user, below, {"reports_to_id": gone})
    planned = {"kind": "call", "subject": "ask", "due_on": world.context().today, "owner_id": gone}
    activity = world.run(record_activity, customer, planned)["id"]
    engine = create_engine(fresh_database.superuser, isolation_level="REPEATABLE READ")
    with engine.connect() as connection:

        def found(sql: str, **named: Any) -> list[Any]:
            return [tuple(row) for row in connection.execute(text(sql), named)]

        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM customer_ownership"))
        connection.execute(text("UPDATE app_user SET is_active = false WHERE id = :id"), {"id": gone})
        assert failed(connection) == {"I12.ownership", "I12.departed"}
        for statement in (migration().FIRST_PERIODS, *migration().LEFT_BEHIND):
            connection.execute(text(statement))
        assert failed(connection) == set()
        assert found("SELECT user_id, since = created_at, until FROM customer_ownership JOIN customer "
                     "ON customer.id = customer_id") == [(owner, True, None)]  # fmt: skip
        assert found("SELECT owner_id, version FROM activity WHERE id = :id", id=activity) == [(owner, 2)]
        assert found("SELECT reports_to_id FROM app_user WHERE id = :id", id=below) == [(above,)]
        connection.rollback()
    engine.dispose()


def failed(connection: Any) -> set[str]:
    return {check["code"] for check in run_checks(connection) if not check["ok"]}
