"""What is sent while a command goes on is in its transaction: all of it is there at the end, or none of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from core.command import run
from core.needs import for_anybody
from core.organization import Notice
from core.plan import Plan
from core.sending import sending
from core.statements import statement
from tests.database_server import DatabaseUrls
from tests.world import World

PARTS, ROWS = 4, 25
MOST_BITS = 100_000
WAIT = statement("tests.wait", "SELECT count(*) FROM generate_series(1, 100000)", tables="", scope="system")
COUNT = statement(
    "tests.count_notices",
    "SELECT count(*) FROM notice WHERE user_id = %(user_id)s::bigint",
    tables="notice",
    scope="system",
)


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    yield world
    world.database.dispose()


@for_anybody
def write_notices(plan: Plan, user_id: int, wrong_part: int | None = None) -> dict[str, Any]:
    made = []
    with sending(plan):
        for part in range(PARTS):
            for _ in range(ROWS):
                person = -1 if part == wrong_part else user_id
                made.append(plan.insert(Notice, user_id=person, kind="job_finished", created_at=plan.now, data={}))
            plan.send_soon()
    return {"made": len(made)}


def test_all_of_it_is_there(world: World) -> None:
    before = world.value("SELECT count(*) FROM notice")
    assert run(write_notices, world.actor.user_id, context=world.context()).data["made"] == PARTS * ROWS
    assert world.value("SELECT count(*) FROM notice") == before + PARTS * ROWS


@pytest.mark.parametrize("wrong_part", range(PARTS))
def test_or_none_whichever_part_is_refused(world: World, wrong_part: int) -> None:
    before = world.value("SELECT count(*) FROM notice")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        run(write_notices, world.actor.user_id, wrong_part, context=world.context())
    assert world.value("SELECT count(*) FROM notice") == before
    run(write_notices, world.actor.user_id, context=world.context())


@for_anybody
def write_and_look(plan: Plan, user_id: int) -> dict[str, Any]:
    """Asks, opens a block within the block, and tries something, all while the rest is on its way."""
    counted: list[int] = []

    def write() -> None:
        plan.insert(Notice, user_id=user_id, kind="job_finished", created_at=plan.now, data={})

    with sending(plan):
        write()
        plan.send_soon()
        counted += plan.fetch(COUNT(user_id=user_id))[0][0]
        with sending(plan):
            write()
        with plan.attempt() as attempt:
            with sending(plan):
                write()
            counted += plan.fetch(COUNT(user_id=user_id))[0][0]
            attempt.take_back()
        plan.send(COUNT(user_id=user_id))
        write()
    counted += plan.fetch(COUNT(user_id=user_id))[0][0]
    return {"counted": counted}


@for_anybody
def write_and_ask(plan: Plan, user_id: int, before: list[str]) -> dict[str, Any]:
    """Asks with something else to do, which takes as long as there is time for it."""

    def meanwhile() -> Iterator[None]:
        for part in range(MOST_BITS):
            before.append(f"bit {part}")
            yield

    with sending(plan) as sender:
        sender.meanwhile = meanwhile()
        plan.insert(Notice, user_id=user_id, kind="job_finished", created_at=plan.now, data={})
        plan.send_soon()
        plan.fetch(WAIT())
        before.append("answered")
        sender.afterwards(lambda: before.append("all there"))
    return {}


def test_the_time_is_used_while_an_answer_is_waited_for(world: World) -> None:
    happened: list[str] = []
    run(write_and_ask, world.actor.user_id, happened, context=world.context())
    answered = happened.index("answered")
    assert 0 < answered <= MOST_BITS and happened[-1] == "all there"
    assert happened[:answered] == [f"bit {part}" for part in range(answered)]


def test_a_question_tells_what_was_refused_before_it(world: World) -> None:
    happened: list[str] = []
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        run(write_and_ask, -1, happened, context=world.context())
    assert not {"answered", "all there"} & set(happened)


def test_what_is_asked_meanwhile_waits_for_what_was_sent(world: World) -> None:
    before = world.value("SELECT count(*) FROM notice")
    counted = run(write_and_look, world.actor.user_id, context=world.context()).data["counted"]
    assert counted == [before + 1, before + 3, before + 3]
    assert world.value("SELECT count(*) FROM notice") == before + 3


def test_what_waits_for_the_index_of_terms_is_the_transaction_s_to_say(world: World) -> None:
    options = world.value("SELECT reloptions FROM pg_class WHERE relname = 'ix_search_entry_terms'")
    assert options == ["fastupdate=on"]
