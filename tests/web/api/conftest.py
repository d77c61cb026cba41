"""The API in front of a real database with one company in it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core import database as db
from tests.database_server import Server
from tests.world import World, new_key
from web.app import create_app

SETTINGS = SimpleNamespace(
    secret_key="for tests only, thirty-two bytes!", environment="test", language="en", time_zone="Asia/Shanghai"
)
_count = itertools.count(1)


@dataclass
class Api:
    """A caller of the API with a token."""

    http: FlaskClient
    token: str | None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None, **options: Any) -> TestResponse:
        headers = {"Accept-Language": "en", **self.headers, **options.pop("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST" and key != "":
            headers["Idempotency-Key"] = key or new_key()
        if body is not None and "data" not in options:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        return self.http.open("/api/v1" + path, method=method, headers=headers, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, {} if body is None else body, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.send("GET", path, **options)

    def patch(self, path: str, body: Any, **options: Any) -> TestResponse:
        return self.send("PATCH", path, body, **options)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of a call that must succeed."""
        if method == "POST" and body is None:
            body = {}
        answer = self.send(method, path, body, **options)
        assert answer.status_code in (200, 201), f"{method} {path}: {answer.status_code} {answer.text}"
        assert answer.content_type == "application/json"
        return answer.get_json()

    # what tests need again and again ----------------------------------------------------------------------------------
    def customer(self, **values: Any) -> Any:
        return self.ok("POST", "/customers", {"name": f"客户 {next(_count)}", **values})

    def product(self, stock: Any = "0", **values: Any) -> Any:
        number = next(_count)
        product = self.ok(
            "POST", "/products", {"sku": f"SKU-{number:05d}", "name": f"商品 {number}", "price": "100", **values}
        )
        if stock != "0":
            line = {"product_id": product["id"], "quantity": stock, "unit_cost": "60"}
            self.ok("POST", "/stock-adjustments", {"reason": "count", "lines": [line]})
        return product

    def level(self, product_id: int) -> Any:
        """The stock of a product in the default warehouse; other tests may have opened more of them."""
        [home] = [row["id"] for row in self.ok("GET", "/warehouses")["items"] if row["is_default"]]
        rows = self.ok("GET", f"/stock-levels?product_id={product_id}")["items"]
        return next(row for row in rows if row["warehouse_id"] == home)

    def order(self, customer_id: int, *lines: Any, **values: Any) -> Any:
        body = {"customer_id": customer_id, "lines": list(lines), **values}
        return self.ok("POST", "/sales-orders", body)


@pytest.fixture(scope="package")
def world(database_server: Server) -> Iterator[World]:
    """One company for all tests of a package, in a database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{database_server.template}_{worker}_api_{next(_count)}"
    world = World.set_up(database_server.clone(name).app)
    yield world
    world.database.dispose()
    database_server.drop(name)


@pytest.fixture(scope="package")
def app(world: World) -> Flask:
    return create_app(SETTINGS)


@pytest.fixture(scope="package")
def tokens(world: World) -> dict[str, str]:
    found = {"admin": world.token()}
    for role in ("sales", "finance", "warehouse", "manager"):
        world.user(role, role, language="en")
        found[role] = world.token(role)
    return found


@pytest.fixture
def api(app: Flask, world: World, tokens: dict[str, str]) -> Api:
    db.configure(world.database)
    return Api(app.test_client(), tokens["admin"])


@pytest.fixture
def as_role(app: Flask, world: World, tokens: dict[str, str]) -> Any:
    db.configure(world.database)
    return lambda role: Api(app.test_client(), tokens[role])
