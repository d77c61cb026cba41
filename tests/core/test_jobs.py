"""The relay's side of the outbox: claims with a lease, effects once, failures counted, facts nobody consumes closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import exc

import crm.notices
import inventory.alerts
from core import clock, jobs, outbox
from inventory.catalog import set_reorder_point
from tests.conftest import DatabaseUrls
from tests.world import World

assert crm.notices.tell_owner and inventory.alerts.refresh_alerts


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def states(world: World) -> dict[str, int]:
    return dict(world.rows("SELECT state::text, count(*)::int FROM outbox_event GROUP BY state"))


def sell(world: World) -> int:
    customer, product = world.customer(), world.product(stock=10)
    warehouse = world.value("SELECT id FROM warehouse")
    world.run(set_reorder_point, product, warehouse, Decimal(8))
    world.confirm(world.order(customer, (product, 5)))
    world.pay(customer, "565")
    return product


def apply_all() -> None:
    jobs.close_unconsumed()
    while events := jobs.lease_events():
        for event_id, _ in events:
            jobs.apply_event_task(event_id)


def test_every_event_is_applied_once(world: World) -> None:
    product = sell(world)
    apply_all()
    assert set(states(world)) == {"done"}
    assert world.rows("SELECT available FROM stock_alert WHERE product_id = :id", id=product) == [(5,)]
    told = "SELECT kind FROM notice ORDER BY kind"
    assert world.rows(told) == [("payment_recorded",), ("stock_alert",)]
    for (event_id,) in world.rows("SELECT id FROM outbox_event"):
        jobs.apply_event_task(event_id)
    assert len(world.rows("SELECT id FROM stock_alert")) == 1
    assert world.rows(told) == [("payment_recorded",), ("stock_alert",)]


def test_what_is_done_stays_done_for_a_consumer_that_comes_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact was closed when nobody waited for it; delivered once more, it is not news."""
    sell(world)
    jobs.close_unconsumed()
    kind = world.value("SELECT min(kind) FROM outbox_event WHERE state = 'done'")
    event = world.value("SELECT min(id) FROM outbox_event WHERE kind = :kind", kind=kind)
    called: list[Any] = []
    monkeypatch.setitem(outbox.CONSUMERS, kind, {"late": lambda _plan, payload: called.append(payload)})
    assert world.run(outbox.apply_event, event) == {"applied": [], "next": []}
    assert called == []


def test_a_consumer_that_has_applied_an_event_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its proof stands there, although the event is to be applied still: by another one, which was added meanwhile."""
    called: list[str] = []
    handlers = {name: lambda _plan, _payload, name=name: called.append(name) for name in ("first", "second")}
    monkeypatch.setitem(outbox.CONSUMERS, "payment_recorded", {"first": handlers["first"]})
    sell(world)
    event = world.value("SELECT id FROM outbox_event WHERE kind = 'payment_recorded'")
    assert world.run(outbox.apply_event, event) == {"applied": ["first"], "next": []}
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox_event SET state = 'pending' WHERE kind = 'payment_recorded'")
    monkeypatch.setitem(outbox.CONSUMERS, "payment_recorded", handlers)
    assert world.run(outbox.apply_event, event) == {"applied": ["second"], "next": []}
    assert world.run(outbox.apply_event, event) == {"applied": [], "next": []}
    assert called == ["first", "second"]


def test_an_event_is_locked_while_it_is_applied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is delivered to two workers at once waits for the first one's proof."""
    found: list[str | None] = []

    def look(_plan: Any, _payload: Any) -> None:
        with world.database.engine.connect() as connection, pytest.raises(exc.OperationalError) as refused:
            connection.exec_driver_sql("SELECT id FROM outbox_event WHERE kind = 'payment_recorded' FOR UPDATE NOWAIT")
        found.append(refused.value.orig.sqlstate)  # type: ignore[union-attr]

    monkeypatch.setitem(outbox.CONSUMERS, "payment_recorded", {"look": look})
    sell(world)
    event = world.value("SELECT id FROM outbox_event WHERE kind = 'payment_recorded'")
    assert world.run(outbox.apply_event, event) == {"applied": ["look"], "next": []}
    assert found == ["55P03"]


def test_an_alert_closes_on_recovery_and_is_armed_again(world: World) -> None:
    product = sell(world)
    apply_all()
    world.receive(product, 20)
    apply_all()
    assert world.value("SELECT count(*) FROM stock_alert WHERE closed_at IS NULL") == 0
    world.adjust(product, -20)
    apply_all()
    assert world.value("SELECT count(*) FROM stock_alert") == 2


def test_a_leased_event_is_not_claimed_again_before_its_lease_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(world)
    first = jobs.lease_events()
    assert first and jobs.lease_events() == []
    later = clock.now() + timedelta(seconds=outbox.LEASE_SECONDS + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sorted(jobs.lease_events()) == sorted(first)


def test_facts_that_nobody_consumes_are_closed_without_a_task(world: World) -> None:
    sell(world)
    assert jobs.close_unconsumed() == world.value(
        "SELECT count(*) FROM outbox_event WHERE NOT kind = ANY (:kinds)", kinds=list(outbox.CONSUMERS)
    )


def test_a_poison_event_is_dead_after_five_tries_and_leaves_the_others_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison(_plan: Any, _payload: Any) -> None:
        raise ValueError("cannot be applied")

    monkeypatch.setitem(outbox.CONSUMERS, "payment_recorded", {"poison": poison})
    sell(world)
    [(bad,)] = world.rows("SELECT id FROM outbox_event WHERE kind = 'payment_recorded'")
    for _ in range(outbox.MAX_ATTEMPTS):
        jobs.apply_event_task(bad)
    assert world.rows("SELECT state::text, attempts, last_error FROM outbox_event WHERE id = :id", id=bad) == [
        ("dead", outbox.MAX_ATTEMPTS, "ValueError: cannot be applied")
    ]
    apply_all()
    assert states(world).keys() == {"dead", "done"}


def test_a_worker_that_starts_frees_what_a_lost_one_had_claimed(world: World) -> None:
    sell(world)
    jobs.close_unconsumed()
    claimed = jobs.lease_events()
    assert claimed and jobs.lease_events() == []
    assert jobs.free_leases() == len(claimed)
    assert sorted(jobs.lease_events()) == sorted(claimed)
    relay = jobs.Relay(jobs.make_celery("memory://"))
    relay.stop()
    relay.free_once()
    assert states(world)["pending"] == len(claimed)
    jobs.lease_events()
    relay.free_once()
    assert "pending" not in states(world), "only as it starts: what it has claimed itself stays claimed"
    jobs.Relay(jobs.make_celery("redis://localhost")).free_once()
    assert "pending" not in states(world), "a broker of its own keeps what was claimed"
