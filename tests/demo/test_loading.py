"""Loading once, again, after an interruption, and not into somebody's books."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import database as db
from tests.database_server import DatabaseUrls
from tests.demo.conftest import TODAY, Demo, figures
from tests.world import World
from web.cli.progress import Progress
from web.demo.load import HoldsRealData, load_demo

pytestmark = pytest.mark.slow


class Stopped(Exception):
    pass


class StopsAfter(Progress):
    """A progress bar that interrupts the load after some steps."""

    def advance(self, n: int = 1) -> None:
        super().advance(n)
        if self.done == 700:
            raise Stopped


def test_an_interrupted_load_is_taken_up_and_ends_the_same(
    fresh_database: DatabaseUrls, empty_clone: DatabaseUrls
) -> None:
    db.configure(db.Database(empty_clone.app))
    assert load_demo(Progress, today=TODAY, orders=20)

    db.configure(db.Database(fresh_database.app))
    with pytest.raises(Stopped):
        load_demo(StopsAfter, today=TODAY, orders=20)
    assert load_demo(Progress, today=TODAY + timedelta(days=9), orders=9)

    assert figures(fresh_database) == figures(empty_clone)
    assert Demo(fresh_database).rows("SELECT count(*) FROM sales_order") == [(20,)]


def test_a_company_of_its_own_is_left_alone(fresh_database: DatabaseUrls) -> None:
    World.set_up(fresh_database.app)
    before = figures(fresh_database)
    with pytest.raises(HoldsRealData):
        load_demo(Progress, today=TODAY)
    assert figures(fresh_database) == before
