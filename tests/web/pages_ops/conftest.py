"""A small company with a document in every state, and a browser that sends forms as people do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import event

from core import clock
from core import database as db
from core.context import Actor, Context
from core.outbox import apply_event
from core.suppliers import create_supplier
from crm.orders.cancel import cancel_order
from crm.orders.confirm import confirm_order
from crm.orders.correction import QuantityRequest
from crm.orders.create import create_order
from crm.orders.return_goods import return_goods
from crm.pricing import LineRequest
from finance.corrections import refund, unmatch
from finance.manual import ManualLine, post_manual_entry
from inventory import alerts as _alerts  # noqa: F401 (its consumer belongs to the world)
from inventory.catalog import save_warehouse, set_reorder_point
from tests.database_server import DatabaseUrls, Server
from tests.world import World, new_key
from web.app import create_app

SETTINGS = SimpleNamespace(
    secret_key="for tests only, thirty-two bytes!", environment="test", language="zh", time_zone="Asia/Shanghai"
)


@dataclass
class Books:
    """The company and what the tests look for in it."""

    world: World
    ids: dict[str, int] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    app: Flask | None = None


@dataclass
class Browser:
    """One person's browser: keeps the cookie, sends the token of the page it looked at."""

    client: FlaskClient
    who: str
    language: str = "en"
    page: str = ""
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Test-Actor": self.who, "Accept-Language": self.language}

    def get(self, path: str) -> Any:
        response = self.client.get(path, headers=self.headers)
        self.page = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        return response

    def post(self, path: str, **values: Any) -> Any:
        """Sends a form with the token of the last page; `digest=True` takes over the preview's."""
        self.token = self.hidden("csrf_token") or self.token
        data = {"csrf_token": self.token, "idempotency_key": new_key(), **values}
        if data.get("digest") is True:
            data["digest"] = self.hidden("digest")
        response = self.client.post(path, data=data, headers=self.headers)
        self.page = response.get_data(as_text=True)
        return response

    def hidden(self, name: str) -> str:
        found = re.findall(rf'name="{name}"[^>]* value="([^"]*)"', self.page)
        return found[-1] if found else ""


def build(world: World) -> Books:
    """Invoices open, overdue, paid, credited; payments matched, over-paid, unmatched, refunded; stock short and low."""
    books = Books(world)
    ids = books.ids
    ids["supplier"] = world.run(create_supplier, {"name": "Exotic Liquids", "country": "GB"})["id"]
    ids["product"] = world.product(stock=100, name="龙井茶", sku="TEA-1", supplier_id=ids["supplier"])
    ids["low"] = world.product(stock=5, name="Chai", sku="CHAI")
    ids["short"] = world.product(stock=3, name="Ikura", sku="IKURA")
    ids["service"] = world.service(name="Freight", sku="FRT")
    ids["warehouse"] = world.value("SELECT id FROM warehouse WHERE is_default")
    world.run(save_warehouse, {"code": "SZ", "name": "苏州仓"})
    for name in ("low", "short"):
        world.run(set_reorder_point, ids[name], ids["warehouse"], Decimal(8))
    ids["customer"] = world.customer("QUICK-Stop", country="DE")
    ids["other"] = world.customer("苏州澄湖百货")
    _sell(world, ids)
    accounts = dict(world.rows("SELECT code, id FROM account"))
    lines = [ManualLine(accounts["5602"], debit=Decimal(800)), ManualLine(accounts["1002"], credit=Decimal(800))]
    entry = world.run(post_manual_entry, effective_on=world.context().today, memo="房租", lines=lines)
    ids["manual"] = entry["id"]
    ids["receivable"] = accounts["1122"]
    ids["document"] = world.receive(ids["product"], 4)["id"]
    for (event_id,) in world.rows("SELECT id FROM outbox_event WHERE state = 'pending' ORDER BY id"):
        world.run(apply_event, event_id, context=Context())
    books.actors = {role: world.user(role, role) for role in ("sales", "warehouse", "finance", "manager")}
    books.actors["admin"] = world.actor
    return books


def _sell(world: World, ids: dict[str, int]) -> None:
    paid = _order(world, ids["customer"], ids["product"], 4)
    world.ship(paid)
    ids["shipment"] = world.value("SELECT id FROM shipment WHERE origin = :number", number=paid["number"])
    ids["paid"], total = _invoice(world, paid)
    ids["payment"] = world.pay(ids["customer"], total + 50, (ids["paid"], total))["id"]
    late = _order(world, ids["customer"], ids["product"], 2, days=80)
    ids["overdue"], _ = _invoice(world, late)
    part = _order(world, ids["other"], ids["product"], 3)
    ids["partial"], total = _invoice(world, part)
    world.pay(ids["other"], 100, (ids["partial"], 100))
    ids["unmatched"] = world.pay(ids["other"], 70, auto=False, reference="货款")["id"]
    back = _order(world, ids["other"], ids["product"], 5)
    world.ship(back)
    world.run(return_goods, back["id"], lines=[QuantityRequest(back["lines"][0]["id"], Decimal(1))], reason="破损")
    ids["credit_note"] = world.value("SELECT max(id) FROM credit_note")
    gone = _order(world, ids["other"], ids["product"], 1)
    ids["credited"], total = _invoice(world, gone)
    world.pay(ids["other"], total, (ids["credited"], total))
    world.run(cancel_order, gone["id"], reason="客户取消")
    ids["refund"] = world.run(refund, customer_id=ids["other"], amount=Decimal(10))["id"]
    again = world.pay(ids["customer"], 20, (ids["overdue"], 20))
    world.run(unmatch, again["allocations"][0]["id"], reason="认错了")
    waiting = _order(world, ids["customer"], ids["short"], 9, on_short="back_order")
    ids["waiting"] = waiting["id"]


def _order(world: World, customer: int, product: int, quantity: int, days: int = 0, on_short: str = "refuse") -> Any:
    context = world.context(now=clock.now() - timedelta(days=days))
    request = LineRequest(product, Decimal(quantity), None, Decimal(0), on_short)
    order = world.run(create_order, customer_id=customer, lines=[request], context=context)
    world.run(confirm_order, order["id"], context=context)
    return order


def _invoice(world: World, order: Any) -> tuple[int, Decimal]:
    row = world.rows("SELECT id, amount_total FROM invoice WHERE origin = :number", number=order["number"])[0]
    return row[0], row[1]


@pytest.fixture(scope="module")
def shared_books(database_server: Server) -> Iterator[Books]:
    """One company for all tests of a module that only look."""
    name = f"{database_server.template}_pages_ops_{os.getpid()}"
    books = build(World.set_up(database_server.clone(name).app))
    yield books
    books.world.database.dispose()
    database_server.drop(name)


@pytest.fixture
def books(fresh_database: DatabaseUrls) -> Iterator[Books]:
    """A company of its own for a test that changes something."""
    books = build(World.set_up(fresh_database.app))
    yield books
    books.world.database.dispose()


def application(books: Books) -> Flask:
    """The application over these books, made once for them; who acts is said by a header."""
    db.configure(books.world.database)
    if books.app is not None:
        return books.app

    def actor_of(request: Request) -> Actor | None:
        found = books.actors.get(request.headers.get("X-Test-Actor", ""))
        return replace(found, language="") if found else None

    books.app = create_app(SETTINGS, load_actor=actor_of)
    return books.app


def browser(books: Books, who: str = "finance", language: str = "en") -> Browser:
    return Browser(application(books).test_client(), who, language)


def count_statements(books: Books, look: Any) -> int:
    """How many statements the engine sends while `look` runs."""
    sent = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(books.world.database.engine, "before_cursor_execute", note)
    try:
        look()
    finally:
        event.remove(books.world.database.engine, "before_cursor_execute", note)
    return len(sent)
