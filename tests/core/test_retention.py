"""How long rows are kept: audit rows for good, sessions and read notices a year after their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core import clock
from core import database as db
from core.company import change_company
from core.context import SYSTEM
from core.errors import InvalidInput
from core.retention import report_retention
from core.sessions import digest, open_session, sign_out
from tests.conftest import DatabaseUrls
from tests.world import World


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    system = db.Database(fresh_database.system, pool_size=2)
    yield World(system, world.actor)
    system.dispose()
    world.database.dispose()


def test_old_audit_rows_are_counted_and_stay(world: World) -> None:
    rows = world.value("SELECT count(*) FROM audit_row")
    later = clock.now() + timedelta(days=365 * 11)
    answer = world.run(report_retention, sweep=True, context=world.context(actor=SYSTEM, now=later))
    assert (answer["years"], answer["total"], answer["due"]) == (10, rows, rows)
    assert world.value("SELECT count(*) FROM audit_row") == rows + 1
    assert world.rows("SELECT changes->>'due' FROM audit_row WHERE action = 'audit.retention_reported'") == [
        (str(rows),)
    ]
    assert world.run(report_retention)["due"] == 0


def test_sessions_that_ended_long_ago_are_deleted_when_asked(world: World) -> None:
    def sign_in(plan):  # type: ignore[no-untyped-def]
        from core.organization import User

        return open_session(plan, plan.session.get(User, world.actor.user_id), address="127.0.0.1", user_agent="x")

    a_year_on = clock.now() + timedelta(days=366)
    ended, unused = world.run(sign_in)["token"], world.run(sign_in)["token"]
    world.run(sign_out, ended)
    live = world.run(sign_in, context=world.context(now=a_year_on))["token"]
    later = world.context(actor=SYSTEM, now=a_year_on)
    assert world.run(report_retention, context=later)["sessions"] == len([ended, unused])
    assert world.value("SELECT count(*) FROM user_session") == 3
    world.run(report_retention, sweep=True, context=later)
    assert world.rows("SELECT token_hash FROM user_session") == [(digest(live),)]


@pytest.mark.parametrize("years", [4, 101, None])
def test_the_years_have_bounds(world: World, years: int | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.run(change_company, {"audit_years": years})
    assert set(refused.value.fields) == {"audit_years"}
    assert world.value("SELECT audit_years FROM company") == 10


def test_the_years_can_be_changed(world: World) -> None:
    assert world.run(change_company, {"audit_years": 15})["audit_years"] == 15
    assert world.run(report_retention)["years"] == 15
