"""A record opened from a list has the records beside it, and the way back to the list as it was."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest

from core.lists.placing import read_place
from core.lists.reading import read_page
from core.lists.state import State
from core.masks import IN_THE_CLEAR, showing
from core.queries.paging import Window
from core.scope import EVERYTHING, viewing
from tests.budgets.counter import counted
from tests.web.lists.pages import read_list
from tests.web.lists.test_every_list import address, everything
from tests.web.pages_sell.conftest import Shop
from web.lists.declared import LISTS

WITH_RECORDS = sorted(name for name, page in LISTS.items() if page.record and page.leads_by == "id")
_ROW = re.compile(r'<a id="r(\d+)" href="([^"]*)" data-open>')
_BESIDE = re.compile(r'<nav class="beside.*?</nav>', re.S)


def rows_of(text: str) -> list[tuple[int, str]]:
    """The rows of a list's page: id and address of the record."""
    return [(int(identity), html.unescape(url)) for identity, url in _ROW.findall(text)]


class Beside:
    """What a record's page says of the list it was opened from."""

    def __init__(self, client: Any, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        found = _BESIDE.search(answer.text)
        self.text = found[0] if found else ""
        links = re.findall(r'rel="(\w+)" href="([^"]*)"', self.text)
        self.links = {rel: html.unescape(url) for rel, url in links}
        number = re.search(r'<span class="sub nw">([^<]*)</span>', self.text)
        self.number = number[1] if number else ""


def walk(client: Any, path: str, rel: str) -> list[str]:
    found = [path]
    while (beside := Beside(client, found[-1])).links.get(rel):
        found.append(beside.links[rel])
    return found


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_next_and_previous_go_through_the_list(shop: Shop, name: str) -> None:
    page, client = LISTS[name], shop.client("admin")
    tabs = read_list(client, address(page, shop)).tabs.values()
    url, number = next(found for found in tabs if rows_of(client.get(found[0]).text))
    rows = rows_of(client.get(url).text)
    addresses = [path for _, path in rows]
    assert walk(client, addresses[0], "next") == addresses, url
    assert walk(client, addresses[-1], "prev") == addresses[::-1], url
    middle = Beside(client, addresses[len(rows) // 2])
    assert middle.number == f"{len(rows) // 2 + 1} of {number}"
    assert rows_of(client.get(middle.links["up"]).text) == rows
    assert middle.links["up"].endswith(f"#r{rows[len(rows) // 2][0]}")


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_every_tab_and_order_is_walked_as_the_list_shows_it(shop: Shop, name: str) -> None:
    page, asked = LISTS[name], everything(shop)
    source, default = page.source, page.default_sort
    orders = [column.name for column in source.columns.values() if column.order is not None]
    states = [view.state for view in page.views]
    states += [State(sort=sort) for order in orders for sort in (order, f"-{order}")]
    with viewing(EVERYTHING), showing(IN_THE_CLEAR), shop.world.database.reading() as connection:
        everyone = [row.id for row in read_page(connection, source, State(), asked, [], Window(default)).rows]
        for state in states:
            window = Window(state.sort or default)
            ids = [row.id for row in read_page(connection, source, state, asked, [], window).rows]
            for number, record_id in enumerate(ids):
                place = read_place(connection, source, state, asked, default, record_id)
                assert place.previous == (ids[number - 1] if number else None), state
                assert place.next == (ids[number + 1] if number + 1 < len(ids) else None), state
                assert (place.number, place.total, place.is_capped) == (number + 1, len(ids), False)
            for record_id in set(everyone) - set(ids):
                place = read_place(connection, source, state, asked, default, record_id)
                assert place.number is None
                assert (place.previous in ids) or (place.next in ids) or not ids, state


def test_filters_and_words_are_kept(shop: Shop) -> None:
    client = shop.client("admin")
    for asked in ("q=tea", "f=is_active:yes&sort=-name", "view=all&f=sku:has:E&sort=-sku"):
        rows = rows_of(client.get(f"/products?{asked}").text)
        assert walk(client, rows[0][1], "next") == [path for _, path in rows]
        assert Beside(client, rows[0][1]).number == f"1 of {len(rows)}"


def test_a_record_that_left_the_list_stands_between_those_that_are_in_it(shop: Shop) -> None:
    client, world = shop.client("admin"), shop.world
    customer = world.customer("Leaves the drafts")
    drafts = [world.order(customer, (shop.ids["tea"], 1)) for _ in range(3)]
    listed = rows_of(client.get("/orders?view=draft").text)
    addresses = {identity: path for identity, path in listed}
    ids = [identity for identity, _ in listed]
    middle = drafts[1]["id"]
    place = ids.index(middle)
    shown = client.get(f"{addresses[middle]}&preview=confirm").text
    action = re.search(r'<form method="post" action="([^"]*/confirm[^"]*)"', shown)
    digest = re.search(r'name="digest" value="([^"]*)"', shown)
    assert action and digest
    answer = shop.post(html.unescape(action[1]), {"digest": digest[1]})
    assert answer.status_code == 303, answer.text
    beside = Beside(client, answer.location)
    assert beside.links["next"] == addresses[ids[place + 1]]
    assert beside.links["prev"] == addresses[ids[place - 1]]
    assert not beside.number


def test_nobody_is_led_to_what_he_does_not_see(shop: Shop) -> None:
    world = shop.world
    other = world.user("sales9", "sales")
    for number in range(3):
        world.customer(f"Between {number}", owner_id=other.user_id)
    seller = shop.client("sales")
    everything = rows_of(shop.client("admin").get("/customers").text)
    own = rows_of(seller.get("/customers").text)
    assert len(own) < len(everything)
    by_admin = dict(everything)
    first = by_admin[own[0][0]]
    assert walk(seller, first, "next") == [path for _, path in own]


@pytest.mark.parametrize(
    "text",
    ["", "customers", "nothing", "orders?view=nonsense&f=::;", "orders?sort=nothing", "orders?q=%00", "orders?f="],
)
def test_an_address_that_names_no_list_of_its_kind_is_a_plain_record(shop: Shop, text: str) -> None:
    answer = shop.client("admin").get(f"/orders/{shop.ids['draft']}", query_string={"from": text})
    assert answer.status_code == 200
    if not text.startswith("orders"):
        assert not _BESIDE.search(answer.text)


def test_a_list_that_is_closed_to_him_tells_nothing(shop: Shop) -> None:
    path = f"/products/{shop.ids['tea']}?from=products"
    assert Beside(shop.client("warehouse"), path).links
    closed = f"/orders/{shop.ids['draft']}?from=to-ship"
    assert not shop.actors["finance"].may(LISTS["to-ship"].permission)
    assert not Beside(shop.client("finance"), closed).text


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_the_rows_beside_cost_one_statement(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # Whoever is signed in brings along that there are no custom fields; else they would be read for each list.
    monkeypatch.setitem(shop.actors, "admin", replace(shop.actors["admin"], custom_fields_version=0))
    client, database = shop.client("admin"), shop.world.database
    [(_, path), *_] = rows_of(client.get(f"{address(LISTS[name], shop)}?f=").text)
    costs = []
    for opened in (path.partition("?")[0], path):
        client.get(opened)
        with counted(database) as statements:
            client.get(opened)
        costs.append(len(statements))
    assert costs[1] == costs[0] + 1
