"""What a first view weighs over the wire: the page with fifty rows and all it loads, compressed as for Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import database as db
from tests.web.conftest import visitor
from tests.world import World

FIRST_VIEW_BYTES = 80_000
ROWS = 50
CHROMIUM = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate, br, zstd", "Sec-Fetch-Site": "none"}
NAMES = "恒通远大华泰鑫隆嘉禾瑞丰盛世宏图锦绣凯旋"


@pytest.fixture(scope="module")
def company(world: World) -> World:
    """Fifty customers of whom lists have something to show, with an order each."""
    db.configure(world.database)
    tea = world.product(stock=500)
    for number in range(ROWS):
        name = f"{NAMES[number % 20]}{NAMES[number * 7 % 20]}{NAMES[number * 3 % 19]}贸易有限公司 {number}"
        known = {"city": "苏州", "phone": f"+86138{number:08d}", "email": f"buyer{number}@example.com"}
        customer = world.customer(name, **known)
        world.order(customer, (tea, number + 1), customer_reference=f"PO-{number * 7919}")
    return world


@pytest.fixture(scope="module")
def browser(app: Flask, company: World) -> Iterator[FlaskClient]:
    app.config["WTF_CSRF_ENABLED"] = False
    browser = visitor(app, "admin")
    app.config["WTF_CSRF_ENABLED"] = True
    yield browser


def weight_of(answer: Any) -> int:
    """Bytes of an answer with its head."""
    return len(answer.data) + sum(len(name) + len(value) + 4 for name, value in answer.headers)


def first_view(browser: FlaskClient, path: str) -> tuple[str, dict[str, int]]:
    """The page's text, and the weight of it and of each file it names."""
    page = browser.get(path, headers=CHROMIUM)
    assert (page.status_code, page.headers["Content-Encoding"]) == (200, "br")
    text = brotli.decompress(page.data).decode()
    files = set(re.findall(r'(?:href|src)="(/assets/[^"#]+)', text))
    assert len(files) > 5
    return text, {path: weight_of(page), **{each: weight_of(browser.get(each, headers=CHROMIUM)) for each in files}}


@pytest.mark.parametrize("path", ["/customers", "/orders", "/", "/orders/new", "/customers/{customer}"])
def test_a_first_view_is_light(browser: FlaskClient, company: World, path: str) -> None:
    customer = company.value("SELECT max(id) FROM customer")
    text, weights = first_view(browser, path.format(customer=customer))
    assert text.count("<tr data-row>") == (ROWS if path in ("/customers", "/orders") else 0)
    assert sum(weights.values()) <= FIRST_VIEW_BYTES, dict(sorted(weights.items(), key=lambda one: -one[1]))
