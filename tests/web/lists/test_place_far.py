"""A record far down a long list: its place there, and the way back to its page. The company is this file's own, since
other tests walk lists whole that are one page."""

from __future__ import annotations

import html
import re

from tests.web.lists.test_place import Beside, rows_of
from tests.web.pages_sell.conftest import Shop


def test_the_way_back_leads_to_the_page_of_the_row(shop: Shop) -> None:
    client, world = shop.client("admin"), shop.world
    for number in range(120):
        world.customer(f"Zz many {number:03}")
    first = client.get("/customers?q=Zz+many")
    second = html.unescape(re.search(r'rel="next" href="([^"]*)"', first.text)[1])
    rows = rows_of(client.get(second).text)
    beside = Beside(client, rows[7][1])
    assert beside.number == "58 of 120"
    assert rows_of(client.get(beside.links["up"]).text) == rows
    last = Beside(client, rows[0][1])
    assert rows_of(client.get(last.links["up"]).text) == rows
    assert Beside(client, rows_of(first.text)[0][1]).number == "1 of 101+"
    third = html.unescape(re.findall(r'rel="next" href="([^"]*)"', client.get(second).text)[0])
    deep = rows_of(client.get(third).text)[10]
    beside = Beside(client, deep[1])
    assert not beside.number  # further in than is counted
    assert deep[0] in [identity for identity, _ in rows_of(client.get(beside.links["up"]).text)]
