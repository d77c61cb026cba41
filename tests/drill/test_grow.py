"""A company copied many times is as true as the one it was made of, so that a measure over it means something."""

from __future__ import annotations

import os

from sqlalchemy import text

from core import database as db
from core.units import save_unit
from tests.database_server import Server
from tests.integrity.conftest import live_a_little
from tests.scenarios.house import House
from web.drill.grow import copied_tables, grow
from web.integrity import run_checks


def test_copies_hold_all_that_the_original_holds(database_server: Server) -> None:
    urls = database_server.clone(f"{database_server.template}_grow_{os.getpid()}")
    house = House.set_up(urls.app)
    live_a_little(house)
    house.run(save_unit, {"name": "East", "kind": "region"})
    owner, system = db.Database(urls.admin, pool_size=1), db.Database(urls.system, pool_size=1)
    try:
        before = _counts(system)
        with owner.engine.begin() as connection:
            grow(connection, copies=2)
        after = _counts(system)
        with system.reading() as connection:
            failed = [check for check in run_checks(connection) if not check["ok"]]
    finally:
        for database in (house.database, owner, system):
            database.dispose()
        database_server.drop(urls.name)
    assert failed == []
    assert before["sales_order"] and before["stock_move"] and before["payment_allocation"]
    del before["audit_row"], after["audit_row"]  # what was done to people and settings is not copied
    assert after == {name: 3 * count for name, count in before.items()}


def _counts(database: db.Database) -> dict[str, int]:
    with database.autocommit() as connection:
        return {
            table.name: connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()
            for table in copied_tables()
        }
