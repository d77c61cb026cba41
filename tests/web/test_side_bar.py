"""The numbers beside the places of the side bar: only for whoever must act, and in the session's own round trip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import g
from flask.testing import FlaskClient

from core import database as db
from core import wire
from core.context import Context
from core.outbox import apply_event
from crm.orders.cancel import cancel_order
from crm.queries.work import MOST, WORK, Work
from inventory import alerts as _alerts  # noqa: F401 (its consumer belongs to the world)
from inventory.catalog import set_reorder_point
from tests.database_server import DatabaseUrls
from tests.web.conftest import SETTINGS
from tests.web.test_sign_in import sign_in
from tests.world import World
from web.app import create_app
from web.navigation import waiting

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    """Two orders to ship, one alert, two receipts and a credit note to match, one task."""
    world = World.set_up(fresh_database.app, language="en")
    for role in ("sales", "warehouse", "finance", "manager"):
        world.user(role, role, language="en")
    customer, product = world.customer(), world.product(stock=20, price="100")
    warehouse = world.value("SELECT id FROM warehouse")
    for _ in range(2):
        world.confirm(world.order(customer, (product, 1)))
    paid = world.order(customer, (product, 1))
    total = world.confirm(paid)["amount_total"]
    world.pay(customer, total, auto=True, reference=paid["number"])
    world.run(cancel_order, paid["id"])
    world.pay(customer, "5", auto=False, reference=paid["number"])
    world.run(set_reorder_point, product, warehouse, Decimal(500))
    for (event,) in world.rows("SELECT id FROM outbox_event WHERE state = 'pending' ORDER BY id"):
        world.run(apply_event, event, context=Context())
    yield world
    world.database.dispose()


def person(role: str) -> FlaskClient:
    visitor = create_app(SETTINGS).test_client()
    assert sign_in(visitor, role).status_code == 303
    return visitor


def numbers(page: str) -> dict[str, str]:
    side = page[page.index('<nav class="side"') : page.index("</nav>", page.index('<nav class="side"'))]
    links = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', side, re.DOTALL)
    return {
        address: found[1] for address, inside in links if (found := re.search(r'class="count[^"]*">([^<]+)<', inside))
    }


def test_each_role_sees_what_it_must_act_on(world: World) -> None:
    shipping = {"/shipments": "2", "/stock/alerts": "1"}
    unmatched = world.value("SELECT count(*) FROM payment WHERE amount_allocated < amount") + world.value(
        "SELECT count(*) FROM credit_note WHERE amount_allocated < amount_total"
    )
    money = {"/payments/match": str(unmatched), "/ledger/tasks": "1"}
    assert unmatched > 0
    seen = {role: numbers(person(role).get("/", headers=HTML).text) for role in ("sales", "warehouse", "finance")}
    assert seen == {"sales": {}, "warehouse": shipping, "finance": money}
    assert numbers(person("manager").get("/customers", headers=HTML).text) == shipping | money


def test_they_come_with_the_session_and_only_for_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = person("manager")
    visitor.get("/customers", headers=HTML)
    trips: list[list[str]] = []
    plain = wire.fetch

    def fetch(connection, queries, **options):  # type: ignore[no-untyped-def]
        trips.append([query.statement.name for query in queries])
        return plain(connection, queries, **options)

    monkeypatch.setattr(wire, "fetch", fetch)
    visitor.get("/customers", headers=HTML)
    assert trips[0] == ["users.session", "work.counts"]
    for headers in ({"Accept": "*/*"}, {}):
        trips.clear()
        visitor.get("/orders/stock?product=x", headers=headers)
        assert trips[0] == ["users.session"]
    assert sum("work.counts" in trip for trip in trips) == 0


def test_an_unknown_session_counts_nothing(world: World) -> None:
    with world.database.engine.connect() as connection:
        [[row]] = wire.fetch(db.driver(connection), [WORK(token_hash="0" * 64)], transaction=False)
    assert row == (None, None, None, None, None, 0)


def test_counting_stops_at_a_hundred() -> None:
    for number, shown in ((None, ""), (0, ""), (7, "7"), (MOST - 1, "99"), (MOST, "99+")):
        with create_app(SETTINGS, load_actor=lambda _request: None).test_request_context():
            g.work = Work(number, None, None, None, None, None)
            assert waiting("to_ship")() == shown
            assert waiting("tasks")() == ""
