"""The worker as a process of its own, with nothing imported but what it imports itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from core.config import CHECKOUT
from inventory.catalog import set_reorder_point
from tests.conftest import DatabaseUrls
from tests.world import World

PATIENCE_SECONDS = 30


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def test_alerts_open_and_close_in_the_real_worker(world: World, fresh_database: DatabaseUrls) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "DATABASE_URL": fresh_database.app,
        "DATABASE_SYSTEM_URL": fresh_database.system,
        "DATABASE_ADMIN_URL": fresh_database.admin,
    }
    product = world.product(stock=10)
    world.run(set_reorder_point, product, world.value("SELECT id FROM warehouse"), Decimal(5))
    worker = subprocess.Popen([sys.executable, "-m", "web.cli", "worker"], env=environment)
    try:
        world.adjust(product, -8)
        _wait_until_applied(world, worker)
        assert world.rows("SELECT available, closed_at FROM stock_alert") == [(2, None)]
        world.receive(product, 20)
        _wait_until_applied(world, worker)
        assert world.value("SELECT count(*) FROM stock_alert WHERE closed_at IS NULL") == 0
        assert world.value("SELECT count(*) FROM outbox_event WHERE state <> 'done'") == 0
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=PATIENCE_SECONDS)


def _wait_until_applied(world: World, worker: subprocess.Popen[bytes]) -> None:
    """Until no event is open; one that has failed is a fault at once, and so is a worker that has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while open_events := world.rows("SELECT kind, last_error FROM outbox_event WHERE state <> 'done'"):
        assert not any(error for _, error in open_events), open_events
        assert time.monotonic() < until, open_events
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=0.05)
