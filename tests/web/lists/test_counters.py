"""Every number of related records on a record's page is that of the list it opens, for who sees all and who sees his
own."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import url_for

from core.suppliers import create_supplier
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from inventory.documents import StockLine, receive_stock
from tests.web.home.conftest import company as selling  # noqa: F401 (a fixture)
from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop
from web.lists.declared import LISTS

READERS = ("admin", "sales")
_STRIP = re.compile(r'<nav class="counters".*?</nav>', re.S)
_COUNTER = re.compile(r'<a href="([^"]*)"><b>([^<]*)</b>')
_HEAD = re.compile(r'<header><h2 [^>]*>[^<]*</h2><span class="count[^"]*">([^<]*)</span>.*?</header>', re.S)
_MORE = re.compile(r'<a class="sub" href="([^"]*)">')


@pytest.fixture(scope="module")
def company(selling: Shop) -> Shop:  # noqa: F811
    """With an order of which goods came back twice, a contact that is not in use, and a supplier's receipts."""
    world, ids = selling.world, selling.ids
    order = world.order(ids["customer"], (ids["tea"], 3))
    world.confirm(order)
    world.ship(order)
    one = QuantityRequest(order["lines"][0]["id"], Decimal(1))
    for _ in range(2):
        world.run(return_goods, order["id"], lines=[one], reason="broken")
    supplier = world.run(create_supplier, {"name": "Exotic Liquids", "country": "GB"})["id"]
    for quantity in (5, 6):
        line = StockLine(ids["tea"], Decimal(quantity), Decimal(60))
        world.run(receive_stock, lines=[line], supplier_id=supplier)
    return selling


def counters(text: str) -> Iterator[tuple[str, str]]:
    """The numbers that stand before a link to where they come from: those of the strip, and of cards' heads."""
    for strip in _STRIP.findall(text):
        yield from ((html.unescape(url), number) for url, number in _COUNTER.findall(strip))
    for head in _HEAD.finditer(text):
        if more := _MORE.search(head[0]):
            yield html.unescape(more[1]), head[1]


def addresses_of(company: Shop) -> dict[str, str]:
    """Every list by its address."""
    with company.app.test_request_context():
        return {url_for(page.endpoint): name for name, page in LISTS.items()}


def check(company: Shop, role: str) -> set[str]:
    """Opens each record's page and the lists its counters lead to. Answers the lists that were met."""
    client: Any = company.client(role)
    addresses = addresses_of(company)
    met = set()
    for address, name in addresses.items():
        listed = LISTS[name]
        if listed.record is None or listed.leads_by != "id" or not company.actors[role].may(listed.permission):
            continue
        endpoint, argument = listed.record
        for record_id in read_list(client, f"{address}?f=").ids():
            with company.app.test_request_context():
                page = url_for(endpoint, **{argument: record_id})
            answer = client.get(page)
            assert answer.status_code == 200, page
            met |= {f"{name}: {other}" for other in check_counters(client, page, answer.text, addresses)}
    return met


def check_counters(client: Any, page: str, text: str, addresses: dict[str, str]) -> Iterator[str]:
    """Compares each counter with the list it opens; answers the lists that had something to count."""
    for url, number in counters(text):
        path = url.split("?")[0]
        if path not in addresses:
            assert not path.startswith("#"), (page, url)
            continue  # a form: what one more is added by
        opened = read_list(client, url + ("&" if "?" in url else "?") + "whole=yes")
        assert opened.total == number, (page, url)
        if number != "0":
            yield addresses[path]


@pytest.mark.parametrize("role", READERS)
def test_each_counter_is_the_number_of_the_rows_it_opens(company: Shop, role: str) -> None:
    met = check(company, role)
    wanted = {"orders", "opportunities", "quotations", "invoices", "payments", "shipments", "contacts"}
    known = {one.partition(": ")[2] for one in met if one.startswith("customers: ")}
    assert known == {name for name in wanted if company.actors[role].may(LISTS[name].permission)}
    if role == "admin":
        assert "suppliers: stock-documents" in met
