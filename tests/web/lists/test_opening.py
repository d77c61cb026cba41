"""The view that a list opens with for a person, and the columns of a list in the order that he puts them in."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from core.context import Context
from core.lists.saved import delete_view, save_view
from tests.database_server import DatabaseUrls
from tests.web.conftest import SETTINGS, visitor
from tests.web.lists.pages import ListText, read_list
from tests.world import World, new_key
from web.app import create_app
from web.lists.declared import LISTS

HEAD = re.compile(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<,]+)')


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app, language="en")
    anna = world.user("anna", "sales", language="en")
    ben = world.user("ben", "sales_manager", language="en")
    world.customer("Acme", city="Berlin", owner_id=anna.user_id)
    world.customer("Bolt", owner_id=ben.user_id)
    yield world
    world.database.dispose()


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def anna(app: Flask) -> FlaskClient:
    return visitor(app, "anna")


def choose(browser: FlaskClient, view: str, name: str = "customers") -> str:
    sent = {"view": view, "next": f"/{name}", "idempotency_key": new_key()}
    answer = browser.post(f"/lists/{name}/opening", data=sent)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def of_ben(world: World) -> Context:
    return world.context(actor=world.actor_of("ben"))


def shared_view(world: World, name: str) -> int:
    """A view that everybody sees, by its id."""
    values = {"name": name, "query": "f=city%3Ais%3ABerlin", "is_shared": True}
    found: int = world.run(save_view, "customers", values, context=of_ben(world))["id"]
    return found


def test_a_list_opens_with_the_view_that_one_has_chosen(app: Flask, world: World, anna: FlaskClient) -> None:
    view = f"v{shared_view(world, 'Berlin')}"
    choose(anna, view)
    assert anna.get("/customers").location == f"/customers?view={view}"
    assert visitor(app, "ben").get("/customers").status_code == 200
    for said in ("view=all", "f=", "q=Acme", "owner=me", "sort=-name"):
        assert anna.get(f"/customers?{said}").status_code == 200, said
    star = re.findall(r'<button class="[^"]*star" aria-pressed="(\w+)"', anna.get(f"/customers?view={view}").text)
    assert star == ["true"]
    changes = world.value("SELECT changes FROM audit_row WHERE changes ? 'opening_views' ORDER BY id DESC LIMIT 1")
    assert changes["opening_views"][1] == {"customers": view}
    choose(anna, "all")
    assert anna.get("/customers").status_code == 200
    assert world.value("SELECT opening_views FROM app_user WHERE login = 'anna'") == {}


def test_every_list_opens_with_its_last_tab_and_as_before(app: Flask) -> None:
    admin = visitor(app, "admin")
    assert len(LISTS) > 10
    for name, page in LISTS.items():
        with app.test_request_context():
            address = url_for(page.endpoint)
        first, *others = page.views
        for view in others[-1:]:
            choose(admin, view.code, name)
            assert admin.get(address).location == f"{address}?view={view.code}"
            assert admin.get(f"{address}?view={first.code}").status_code == 200
        choose(admin, first.code, name)
        assert admin.get(address).status_code == 200


def test_it_is_taken_back(anna: FlaskClient) -> None:
    anna.get(choose(anna, "late", "activities"), follow_redirects=True)
    shown = anna.get(choose(anna, "done", "activities"), follow_redirects=True).text
    assert "Follow-ups opens with Done" in shown
    [undo] = re.findall(r'action="(/lists/activities/opening\?[^"]*)"', shown)
    assert anna.post(html.unescape(undo), data={"idempotency_key": new_key()}).status_code == 303
    assert anna.get("/activities").location == "/activities?view=late"
    choose(anna, "mine", "activities")
    assert anna.get("/activities").status_code == 200


def test_a_view_that_is_gone_or_unshared_leaves_the_list_as_it_was(world: World, anna: FlaskClient) -> None:
    view_id = shared_view(world, "Gone soon")
    choose(anna, f"v{view_id}")
    assert anna.get("/customers").status_code == 303
    world.run(delete_view, view_id, context=of_ben(world))
    assert anna.get("/customers").status_code == 200
    choose(anna, "")


def test_only_a_view_one_sees_is_chosen(world: World, anna: FlaskClient) -> None:
    hidden = {"name": "Hidden", "query": "", "is_shared": False}
    view_id = world.run(save_view, "customers", hidden, context=of_ben(world))["id"]
    other_list = shared_view(world, "Of customers")
    choose(anna, f"v{view_id}")
    choose(anna, f"v{other_list}", "orders")
    assert anna.get("/customers").status_code == anna.get("/orders").status_code == 200
    assert (
        anna.post("/lists/customers/opening", data={"view": "nothing", "idempotency_key": new_key()}).status_code == 404
    )
    assert anna.post("/lists/users/opening", data={"view": "", "idempotency_key": new_key()}).status_code == 404


def test_the_way_back_from_a_record_leads_to_the_list_it_came_from(world: World, anna: FlaskClient) -> None:
    customer_id = world.value("SELECT id FROM customer WHERE name = 'Acme'")
    choose(anna, f"v{shared_view(world, 'Elsewhere')}")
    page = anna.get(f"/customers/{customer_id}?from=customers").text
    assert f'href="/customers?view=all#r{customer_id}"' in page
    choose(anna, "")
    assert f'href="/customers#r{customer_id}"' in anna.get(f"/customers/{customer_id}?from=customers").text


def heads(page: ListText) -> list[str]:
    return [html.unescape(found).strip() for found in HEAD.findall(page.text)]


def test_columns_stand_in_the_order_of_the_address(anna: FlaskClient) -> None:
    asked = "/customers?f=&cols=phone,city,code"
    shown = heads(read_list(anna, asked))
    assert shown == ["Customer", "Phone", "City", "Code"]
    page = anna.get(asked).text
    assert re.findall(r'name="col" value="(\w+)"(?: checked)?>', page)[:4] == ["name", "phone", "city", "code"]
    kept = anna.post(
        "/lists/customers/views",
        data={"name": new_key(), "query": asked.partition("?")[2], "idempotency_key": new_key()},
    ).location
    assert heads(read_list(anna, kept)) == shown


def test_the_file_has_the_columns_of_the_page_in_their_order(app: Flask) -> None:
    asked = "f=&cols=city,code,country"
    ben = visitor(app, "ben")
    answer = ben.post(f"/exports/customers?{asked}", data={"format": "csv"})
    [line, *_] = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert line == heads(read_list(ben, f"/customers?{asked}")) == ["Customer", "City", "Code", "Country"]


@pytest.mark.parametrize(
    ("move", "then"),
    [("up:code", ["city", "code", "phone"]), ("down:city", ["phone", "city", "code"]),
     ("up:city", ["city", "phone", "code"]), ("down:code", ["city", "phone", "code"]),
     ("up:nothing", ["city", "phone", "code"]), ("sideways", ["city", "phone", "code"])],
)  # fmt: skip
def test_a_column_is_moved_without_a_script(anna: FlaskClient, move: str, then: list[str]) -> None:
    answer = anna.get(f"/customers?view=all&f=&col=name&col=city&col=phone&col=code&move={move}")
    assert answer.status_code == 303
    page = anna.get(answer.location.partition("#")[0]).text
    assert re.findall(r'name="col" value="(\w+)"(?: checked)?>', page)[:4] == ["name", *then]
    assert re.search(r'<details class="menu end" id="columns" open>', page)
