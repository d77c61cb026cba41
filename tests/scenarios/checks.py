"""What must be true after every scenario: the books balance and the integrity checks find nothing."""

from __future__ import annotations

from core.database import Database
from tests.scenarios.house import House


def assert_clean(house: House) -> None:
    """Runs the integrity checks as the system role; every finding is a failure."""
    assert sum(house.trial_balance().values()) == 0
    from web.integrity import run_checks

    database = Database(house.system_url, pool_size=1)
    try:
        with database.reading() as connection:
            failed = [check for check in run_checks(connection) if not check["ok"]]
    finally:
        database.dispose()
    assert not failed, failed
