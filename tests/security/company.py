"""A company in two regions with a person of every kind, and how they are looked at from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.errors import DomainError
from core.roles import create_role
from core.units import place_user, save_unit, share_customer
from core.users import change_user
from tests.conftest import DatabaseUrls
from tests.security.conftest import values_of
from tests.security.test_matrix import address
from tests.world import PASSWORD, World, new_key
from web.permissions import PUBLIC, RouteRow

PERSONNEL = ["home.read", "api.use", "users.manage", "customers.read"]


@dataclass
class Company(World):
    """A company in two regions; `users`, `customers`, `orders`, `units` by name."""

    users: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    def role(self, name: str, *permissions: str, scope: str = "own") -> str:
        """An own role; its code."""
        values = {"name": name, "permissions": permissions, "row_scope": scope}
        return str(self.run(create_role, values)["code"])

    def role_id(self, code: str) -> int:
        return int(self.value("SELECT id FROM role WHERE code = :code", code=code))

    def permissions_of(self, code: str) -> list[str]:
        return list(self.value("SELECT permissions FROM role WHERE code = :code", code=code))


def build(urls: DatabaseUrls) -> Company:
    """West with teams Seattle and Portland, East with team Boston; a person of every kind; a customer of each seller,
    with an order; one shared with a person, one with a team."""
    world = Company.set_up(urls.app)
    assert isinstance(world, Company)
    west = world.run(save_unit, {"name": "West", "kind": "region"})["id"]
    east = world.run(save_unit, {"name": "East", "kind": "region"})["id"]
    for name, parent in (("Seattle", west), ("Portland", west), ("Boston", east)):
        world.units[name] = world.run(save_unit, {"name": name, "kind": "team", "parent_id": parent})["id"]
    world.role("Personnel", *PERSONNEL)
    world.role("Regional", "home.read", "api.use", "customers.read", "orders.read", "products.read", scope="region")
    people = {
        "rep": ("Seattle", "sales"),
        "mate": ("Seattle", "sales"),
        "north": ("Portland", "sales"),
        "far": ("Boston", "sales"),
        "lead": ("Seattle", "sales_manager"),
        "region": ("Portland", "regional"),
        "boss": (None, "manager"),
        "purse": (None, "finance"),
        "store": (None, "warehouse"),
        "care": (None, "service"),
        "promo": (None, "marketing"),
        "both": ("Boston", "sales", "warehouse"),
        "hr": (None, "personnel"),
        "gone": (None, "service"),
    }
    for login, (unit, *roles) in people.items():
        world.users[login] = int(world.user(login, *roles, language="en").user_id or 0)
        if unit:
            world.run(place_user, world.users[login], world.units[unit])
    world.run(change_user, world.users["gone"], {"is_active": False})
    product = world.product(stock=100)
    for login in ("rep", "mate", "north", "far"):
        world.customers[login] = world.customer(f"Customer of {login}", owner_id=world.users[login])
        world.orders[login] = world.order(world.customers[login], (product, 1))["number"]
    world.run(share_customer, world.customers["far"], user_id=world.users["rep"], reason="helps out")
    world.run(share_customer, world.customers["rep"], unit_id=world.units["Boston"])
    return world


def refusal(world: World, command: Callable[..., Any], *arguments: Any, **named: Any) -> DomainError:
    """What a command answers that must be refused."""
    with pytest.raises(DomainError) as refused:
        world.run(command, *arguments, **named)
    return refused.value


def browser_of(app: Flask, login: str) -> FlaskClient:
    """A browser signed in as somebody; forms need no token."""
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    assert browser.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303
    return browser


def post(browser: FlaskClient, path: str, values: dict[str, Any]) -> Any:
    return browser.post(path, data={**values, "idempotency_key": new_key()}, headers={"Accept-Language": "en"})


def call(app: Flask, token: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    if method == "POST":
        headers["Idempotency-Key"] = new_key()
    return app.test_client().open(f"/api/v1{path}", method=method, json=body, headers=headers)


def statuses_of(app: Flask, world: Company, login: str, rows: list[RouteRow]) -> list[tuple[RouteRow, int]]:
    """What somebody gets of each route, with valid objects; ending sessions and signing out left out."""
    browser, values = browser_of(app, login), values_of(world) | {"user_id": world.users["gone"]}
    token = {"Authorization": f"Bearer {world.token(login)}"}
    found = []
    for number, row in enumerate(rows):
        if row.endpoint in ("sign_in.sign_out", "assets.file") or row.permission == PUBLIC:
            continue
        if row.rule.startswith("/api/"):
            sent: dict[str, Any] = {"headers": {**token, "Idempotency-Key": f"{login}-{number}"}}
            caller = app.test_client()
        else:
            sent, caller = {}, browser
        if row.method != "GET":
            sent["json" if row.rule.startswith("/api/") else "data"] = {}
        found.append((row, caller.open(address(row, values), method=row.method, **sent).status_code))
    return found


def explained(app: Flask, token: str, user_id: int, **query: str) -> Any:
    path = "&".join(f"{name}={value}" for name, value in query.items())
    answer = call(app, token, "GET", f"/users/{user_id}/access?{path}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()
