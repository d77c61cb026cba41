"""A company in which every card has something to say, and a reader of every role in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from core import clock
from core.context import Actor, Context
from core.outbox import apply_event
from core.permissions import ROLES
from core.roles import create_role
from core.units import share_customer
from crm.activities import record_activity
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from crm.pipeline import create_opportunity
from inventory import alerts as _alerts  # noqa: F401 (its consumer belongs to the world)
from inventory.catalog import set_reorder_point
from tests.database_server import Server
from tests.web.pages_sell.conftest import Shop, _fill
from tests.world import World
from web.app import create_app
from web.home.cards import CARDS

OWN_ROLES = {
    "front_desk": ("home.read", "customers.read", "orders.read", "stock.read", "products.read", "exports.create"),
    "bookkeeper": ("home.read", "customers.read", "invoices.read", "payments.read", "exports.create"),
}
READERS = (*ROLES, "second_sales", "team_lead", *OWN_ROLES)
"""Who has a home page here: a person of each role, a second salesperson, one who leads both, and people whose roles the
company made itself."""


@pytest.fixture(scope="module")
def company(database_server: Server) -> Iterator[Shop]:
    name = f"{database_server.template}_home_{os.getpid()}"
    world = World.set_up(database_server.clone(name).app, language="en")
    shop = Shop(world, Flask("none"), {})
    shop.actors |= {role: world.user(f"{role}1", role) for role in ROLES}
    shop.actors["second_sales"] = world.user("second_sales", "sales")
    shop.actors["team_lead"] = world.user("team_lead", "sales_manager")
    for code, permissions in OWN_ROLES.items():
        role = world.run(create_role, {"name": code, "permissions": permissions, "row_scope": "all"})
        world.user(code, role["code"])
    world.team("sales1", "second_sales", "team_lead")
    _fill(shop)
    _add(shop)
    logins = {role: role if role in ("second_sales", "team_lead", *OWN_ROLES) else f"{role}1" for role in READERS}
    shop.actors = {role: world.actor_of(login) for role, login in logins.items()}
    shop.app = app_of(shop.actors)
    yield shop
    world.database.dispose()
    database_server.drop(name)


def app_of(actors: dict[str, Actor]) -> Flask:
    """The application for people named by a header, whose cards another one names: all there are where it does not."""

    def load(request: Any) -> Actor | None:
        actor = actors.get(request.headers.get("X-Test-Role", ""))
        named = request.headers.get("X-Test-Cards", ",".join(CARDS))
        cards = None if named == "start" else [name for name in named.split(",") if name]
        liked = SimpleNamespace(
            theme="auto", contrast="normal", density="normal", shortcuts=True, first_steps=False, home_cards=cards
        )
        # As the look-up of a session tells it, so that definitions of custom fields are read once.
        return replace(actor, language="en", preferences=liked, custom_fields_version=0) if actor else None

    settings = SimpleNamespace(
        secret_key="for tests only, thirty-two bytes!", environment="test", language="en", time_zone="Asia/Shanghai"
    )
    app = create_app(settings, load_actor=load)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def _add(shop: Shop) -> None:
    """What the shop lacks: another owner's customers, one of them shared, old debts, money to match, low stock, deals
    that stand still, days that have passed."""
    world, ids = shop.world, shop.ids
    second = shop.actors["second_sales"].user_id
    limits = (None, Decimal(225), None)
    theirs = [
        world.customer(f"Second {number}", owner_id=second, **({"credit_limit": limit} if limit else {}))
        for number, limit in enumerate(limits)
    ]
    world.run(share_customer, theirs[0], user_id=shop.actors["sales"].user_id)
    for number, (customer, days) in enumerate(
        [(theirs[0], 100), (theirs[1], 75), (theirs[2], 45), (ids["customer"], 140), (ids["other"], 25)], start=1
    ):
        then = world.context(now=clock.now() - timedelta(days=days))
        order = world.order(customer, (ids["tea"], number), context=then)
        world.confirm(order, context=then)
    for customer, amount in ((theirs[1], "31.50"), (ids["other"], "12.25")):
        world.pay(customer, amount, auto=False)
    back = world.order(theirs[2], (ids["tea"], 2))
    total = world.confirm(back)["amount_total"]
    world.ship(back)
    world.pay(theirs[2], total, (world.value("SELECT max(id) FROM invoice"), total))
    one = QuantityRequest(back["lines"][0]["id"], Decimal(1))
    world.run(return_goods, back["id"], lines=[one], reason="broken")
    nobody = world.customer("Nobody's debtor", owner_id=second)
    gone = world.order(nobody, (ids["tea"], 1))
    world.confirm(gone)
    world.cancel(gone, reason="changed their mind")
    world.pay(nobody, Decimal(12), auto=True, reference=gone["number"])
    short = world.product(stock=3, sku="IKURA", name="Ikura")
    late = clock.day_in(clock.now(), world.database.time_zone()) - timedelta(days=2)
    world.confirm(world.order(theirs[0], (short, 9), on_short="back_order", requested_on=late))
    world.run(set_reorder_point, short, world.value("SELECT id FROM warehouse WHERE is_default"), Decimal(8))
    for (event_id,) in world.rows("SELECT id FROM outbox_event WHERE state = 'pending' ORDER BY id"):
        world.run(apply_event, event_id, context=Context())
    _deals(shop, theirs, second, late)


def _deals(shop: Shop, theirs: list[int], second: int | None, late: Any) -> None:
    world, ids = shop.world, shop.ids
    old = world.context(now=clock.now() - timedelta(days=40))
    for customer, amount in ((theirs[1], 800), (ids["other"], 1200)):
        world.run(create_opportunity, customer, {"name": f"Old {amount}", "amount": Decimal(amount)}, context=old)
    for customer, amount in ((theirs[0], 300), (theirs[2], 50)):
        world.run(create_opportunity, customer, {"name": f"New {amount}", "amount": Decimal(amount)})
    for role, customer in (("sales", ids["customer"]), ("second_sales", theirs[1]), ("admin", theirs[2])):
        actor = world.actor_of(shop.actors[role].login)
        by = world.context(actor=actor, now=clock.now() - timedelta(days=5))
        for day in (late, late + timedelta(days=2), late + timedelta(days=9)):
            planned = {"kind": "task", "subject": f"Call on {day}", "due_on": day}
            world.run(record_activity, customer, planned, context=by)
