"""Somebody leaves, by the pages: the plan, its preview, how far it is, and trying again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.jobs import apply_event_task
from core.outbox import MAX_ATTEMPTS, apply_event
from core.users import change_user
from crm import departure_job
from tests.database_server import DatabaseUrls
from tests.web.pages_ops.conftest import Books, Browser, browser
from tests.world import World


@pytest.fixture
def office(fresh_database: DatabaseUrls) -> Iterator[Books]:
    """Three salespeople; the first has customers in two regions."""
    books = Books(World.set_up(fresh_database.app))
    world = books.world
    books.actors = {name: world.user(name, "sales") for name in ("gone", "anna", "bert")} | {"admin": world.actor}
    books.ids = {name: actor.user_id or 0 for name, actor in books.actors.items()}
    for region in ("East", "East", "North", None):
        world.customer(owner_id=books.ids["gone"], region=region)
    yield books
    world.database.dispose()


@pytest.fixture
def admin(office: Books) -> Browser:
    return browser(office, "admin")


def work_off(world: World) -> None:
    found = "SELECT id FROM outbox_event WHERE kind LIKE 'departure_%' AND state <> 'done'"
    while waiting := world.rows(found):
        for (event,) in waiting:
            world.run(apply_event, event)


def owned(office: Books) -> list[int]:
    count = "SELECT count(*) FROM customer WHERE owner_id = :id"
    return [office.world.value(count, id=office.ids[name]) for name in ("gone", "anna", "bert")]


def test_plan_preview_start_and_progress(office: Books, admin: Browser) -> None:
    gone, anna, bert = (office.ids[name] for name in ("gone", "anna", "bert"))
    address = f"/users/{gone}/departure"
    assert address in admin.get(f"/users/{gone}").get_data(as_text=True)
    assert admin.get(f"{address}?by=region").status_code == 200
    assert all(name in admin.page for name in ("East", "North", "None", "groups-2-heir_id"))
    regions = {"groups-0-value": "", "groups-1-value": "East", "groups-1-heir_id": str(bert), "groups-2-value": "North"}
    values: dict[str, Any] = {"heir_ids": [str(anna)], "reason": "moves abroad", **regions}
    assert admin.post(f"{address}?by=region", **values, step="preview").status_code == 200
    assert "Put Gone out now?" in admin.page and "2 customers go to Bert" in admin.page
    assert owned(office) == [4, 0, 0]
    answer = admin.post(f"{address}?by=region", **values, step="start", digest=True)
    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    admin.get(address)
    assert "0 of 4 customers" in admin.page and 'hx-trigger="every 1s"' in admin.page and "Reload" in admin.page
    work_off(office.world)
    admin.get(address)
    assert "4 of 4 customers" in admin.page and "hx-trigger" not in admin.page
    assert owned(office) == [0, 2, 2]
    assert f'href="{address}"' in admin.get(f"/users/{gone}").get_data(as_text=True)


def test_several_share_evenly_one_by_one_is_possible_too(office: Books, admin: Browser) -> None:
    gone, anna, bert = (office.ids[name] for name in ("gone", "anna", "bert"))
    address = f"/users/{gone}/departure?by=customer"
    customer = office.world.value("SELECT min(id) FROM customer")
    values = {"heir_ids": [str(anna), str(bert)], "reason": "x"}
    one = {"groups-0-value": str(customer), "groups-0-heir_id": str(bert)}
    admin.get(address)
    assert admin.post(address, **values, **one, step="start").status_code == 303
    work_off(office.world)
    assert owned(office) == [0, 2, 2]
    assert office.world.value("SELECT owner_id FROM customer WHERE id = :id", id=customer) == bert


def test_what_cannot_be_is_said_beside_its_field(office: Books, admin: Browser) -> None:
    address = f"/users/{office.ids['gone']}/departure"
    admin.get(address)
    for values, told in (
        ({"reason": "x"}, "This is needed. Fill it in."),
        ({"heir_ids": [str(office.ids["anna"])]}, "This is needed. Fill it in."),
        ({"heir_ids": [str(office.ids["gone"])], "reason": "x"}, "Gone is the one who leaves."),
        ({"heir_ids": ["7"], "reason": "x"}, "Choose somebody of the list."),
    ):
        assert admin.post(address, **values, step="preview").status_code == 422
        assert told in admin.page, values
    yourself = f"/users/{office.ids['admin']}/departure"
    assert admin.post(yourself, heir_ids=[str(office.ids["anna"])], reason="x", step="start").status_code == 422
    assert "You cannot put yourself out." in admin.page


def test_a_plan_that_has_changed_is_shown_again(office: Books, admin: Browser) -> None:
    address, anna = f"/users/{office.ids['gone']}/departure", office.ids["anna"]
    values = {"heir_ids": [str(anna)], "reason": "x"}
    admin.get(address)
    admin.post(address, **values, step="preview")
    office.world.customer(owner_id=office.ids["gone"])
    assert admin.post(address, **values, step="start", digest=True).status_code == 422
    assert "5 customers go to Anna" in admin.page and owned(office) == [5, 0, 0]
    assert admin.post(address, **values, step="start", digest=True).status_code == 303
    work_off(office.world)


def test_what_stopped_is_tried_again(office: Books, admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    world, gone = office.world, office.ids["gone"]
    address = f"/users/{gone}/departure"
    admin.get(address)
    admin.post(address, heir_ids=[str(office.ids["anna"])], reason="x", step="start")
    monkeypatch.setattr(departure_job, "MARK", lambda **_named: 1 / 0)
    event = world.value("SELECT event_id FROM departure")
    for _ in range(MAX_ATTEMPTS):
        apply_event_task(event)
    monkeypatch.undo()
    admin.get(address)
    assert "It stopped after 5 tries." in admin.page and "ZeroDivisionError" in admin.page
    assert owned(office) == [4, 0, 0]
    assert admin.post(f"{address}/resume").status_code == 303
    work_off(world)
    assert owned(office) == [0, 4, 0]
    assert admin.post(f"{address}/resume").status_code == 404
    world.run(change_user, gone, {"is_active": True})
    assert "groups" not in admin.get(address).get_data(as_text=True)


def test_who_left_before_departures_has_no_page_of_it(office: Books, admin: Browser) -> None:
    office.world.run(change_user, office.ids["anna"], {"is_active": False})
    address = f"/users/{office.ids['anna']}"
    answer = admin.get(f"{address}/departure")
    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    assert f"{address}/departure" not in admin.get(address).get_data(as_text=True)
