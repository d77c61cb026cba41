"""A small shop with a document in every state, and the real application in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import clock
from core.context import Actor
from core.customers import save_address, save_contact
from crm.activities import record_activity
from crm.models import QuotationState
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from crm.pipeline import create_opportunity, move_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation, mark_quotation, order_quotation
from tests.database_server import Server
from tests.world import World, new_key
from web.app import create_app

ROLES = ("sales", "manager", "finance", "warehouse", "admin")
_numbers = count(1)


@dataclass
class Shop:
    """The world, the application, the actors by role and the ids of what is in the shop."""

    world: World
    app: Flask
    actors: dict[str, Actor]
    ids: dict[str, int] = field(default_factory=dict)

    def client(self, role: str = "admin", language: str = "en") -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["HTTP_X_TEST_ROLE"] = role
        client.environ_base["HTTP_X_TEST_LANGUAGE"] = language
        return client

    def post(self, path: str, data: dict[str, Any], role: str = "admin", key: str | None = None) -> Any:
        return self.client(role).post(path, data={"idempotency_key": key or new_key(), **data})


def _app(actors: dict[str, Actor]) -> Flask:
    def load(request: Any) -> Actor | None:
        actor = actors.get(request.headers.get("X-Test-Role", ""))
        return replace(actor, language=request.headers.get("X-Test-Language", "en")) if actor else None

    settings = SimpleNamespace(
        secret_key="for tests only, thirty-two bytes!", environment="test", language="en", time_zone="Asia/Shanghai"
    )
    app = create_app(settings, load_actor=load)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture(scope="module")
def shop(database_server: Server) -> Iterator[Shop]:
    name = f"{database_server.template}_sell_{os.getpid()}_{next(_numbers)}"
    world = World.set_up(database_server.clone(name).app)
    actors = {role: world.user(f"{role}1", role) for role in ROLES}
    shop = Shop(world, _app(actors), actors)
    _fill(shop)
    yield shop
    world.database.dispose()
    database_server.drop(name)


def _fill(shop: Shop) -> None:
    world, ids, seller = shop.world, shop.ids, shop.actors["sales"].user_id
    ids["customer"] = world.customer(
        "苏州澄湖百货有限公司", phone="0512-65871234", credit_limit=Decimal(100000), code="SZCH", owner_id=seller
    )
    ids["other"] = world.customer("QUICK-Stop", country="DE", owner_id=seller)
    ids["contact"] = world.run(save_contact, ids["customer"], {"name": "李明朗", "title": "采购"})["id"]
    address = {"kind": "shipping", "street": "人民路 1 号", "city": "苏州"}
    ids["address"] = world.run(save_address, ids["customer"], address)["id"]
    ids["tea"] = world.product(
        stock=100, price="96", sku="TEA", name="杭白菊 Chrysanthemum tea", barcode="6900000000011"
    )
    ids["beef"] = world.product(stock=24, price="680", sku="BEEF", name="Mishi Kobe Niku")
    ids["freight"] = world.service(price="42", sku="FREIGHT", name="Freight")
    _orders(shop)
    _pipeline(shop)
    today = clock.day_in(clock.now(), world.database.time_zone())
    world.run(record_activity, ids["customer"], {"kind": "call", "subject": "四月要加 20 家门店"})
    task = {"kind": "task", "subject": "发年度方案", "due_on": today + timedelta(days=1)}
    ids["task"] = world.run(record_activity, ids["customer"], task)["id"]


def _orders(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    ids["draft"] = world.order(ids["customer"], (ids["tea"], 5), (ids["freight"], 1))["id"]
    shipped = world.order(ids["customer"], (ids["tea"], 4), (ids["freight"], 1))
    world.confirm(shipped)
    world.ship(shipped)
    ids["shipped"] = shipped["id"]
    world.run(
        return_goods, shipped["id"], lines=[QuantityRequest(shipped["lines"][0]["id"], Decimal(1))], reason="broken"
    )
    paid = world.order(ids["other"], (ids["tea"], 2))
    confirmed = world.confirm(paid)
    world.pay(ids["other"], confirmed["amount_total"])
    ids["paid"] = paid["id"]
    waiting = world.order(ids["customer"], (ids["beef"], 30), on_short="back_order")
    world.confirm(waiting)
    ids["waiting"] = waiting["id"]
    cancelled = world.order(ids["other"], (ids["tea"], 1))
    world.confirm(cancelled)
    world.cancel(cancelled, reason="changed their mind")
    ids["cancelled"] = cancelled["id"]


def _pipeline(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    deal = {"name": "2026 年度供货", "amount": Decimal(260000)}
    ids["deal"] = world.run(create_opportunity, ids["customer"], deal)["id"]
    ids["won"] = world.run(create_opportunity, ids["customer"], {"name": "Spring", "amount": Decimal(5000)})["id"]
    ids["lost"] = world.run(create_opportunity, ids["other"], {"name": "Autumn", "amount": Decimal(7000)})["id"]
    world.run(move_opportunity, ids["lost"], "lost", lost_reason="price")
    lines = [LineRequest(ids["tea"], Decimal(10), discount_percent=Decimal(5))]
    ids["quotation"] = world.run(create_quotation, opportunity_id=ids["deal"], lines=lines, note="Thanks")["id"]
    ids["sent"] = world.run(create_quotation, customer_id=ids["customer"], lines=lines)["id"]
    world.run(mark_quotation, ids["sent"], QuotationState.SENT)
    ids["ordered"] = world.run(create_quotation, opportunity_id=ids["won"], lines=lines)["id"]
    world.run(order_quotation, ids["ordered"])
