"""A company with a document in every state, and somebody who may do anything in front of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.customers import save_address, save_contact
from crm.activities import record_activity
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from tests.database_server import DatabaseUrls
from tests.web.input.pages import Page, pattern
from tests.web.pages_ops.conftest import Books, application, build
from tests.world import World

WEB = Path(__file__).parents[3] / "web"
READERS = frozenset({"get", "id_of", "text_of", "day_of", "choice_of"})
WINDOW = {"sort", "after", "before"}


class Person:
    """A browser that is signed in."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.headers = {"X-Test-Actor": "admin", "Accept-Language": "en"}

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, query_string=query or None, headers=self.headers)

    def post(self, path: str, values: Any, **options: Any) -> Any:
        return self.client.post(path, data=values, headers=self.headers, **options)


@pytest.fixture(scope="module")
def books(module_database: DatabaseUrls) -> Iterator[Books]:
    books = build(World.set_up(module_database.app))
    _sell(books)
    yield books
    books.world.database.dispose()


def _sell(books: Books) -> None:
    world, ids = books.world, books.ids
    customer = ids["customer"]
    ids["contact"] = world.run(save_contact, customer, {"name": "李明朗"})["id"]
    ids["address"] = world.run(save_address, customer, {"kind": "shipping", "street": "人民路 1 号"})["id"]
    ids["deal"] = world.run(create_opportunity, customer, {"name": "年度供货", "amount": Decimal(260000)})["id"]
    lines = [LineRequest(ids["product"], Decimal(2))]
    ids["quotation"] = world.run(create_quotation, opportunity_id=ids["deal"], lines=lines)["id"]
    ids["draft"] = world.order(customer, (ids["product"], 1))["id"]
    ids["confirmed"] = world.order(customer, (ids["product"], 2))["id"]
    [owed] = world.confirm({"id": ids["confirmed"]})["invoices"]
    world.ask("write_off", {"invoice_id": owed["id"], "amount": "9", "why": "尾差"}, "manager")
    ids["task"] = world.run(record_activity, customer, {"kind": "task", "subject": "发方案"})["id"]


@pytest.fixture(scope="module")
def person(books: Books) -> Person:
    app = application(books)
    app.config["WTF_CSRF_ENABLED"] = False
    return Person(app.test_client())


@pytest.fixture(scope="module")
def addresses(person: Person) -> list[str]:
    """One address of every page that can be reached by links, and every page without a parameter."""
    rules = [rule for rule in person.client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    waiting = [rule.rule for rule in rules if not rule.arguments and not rule.rule.startswith("/api")]
    found: dict[str, str] = {}
    while waiting:
        address = waiting.pop(0)
        kind = pattern(address) + ("?preview" if "preview" in address else "")
        if address.startswith(("/assets", "/api")) or kind in found:
            continue
        answer = person.get(address)
        found[kind] = address
        if answer.mimetype == "text/html" and answer.status_code == 200:
            waiting += sorted(Page(answer.text).links)
    return list(found.values())


def parameters() -> set[str]:
    """The names of all parameters that pages read from their address."""
    names = set(WINDOW)
    for path in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                reader = getattr(node.func, "attr", getattr(node.func, "id", ""))
                of_request = reader != "get" or ast.unparse(node.func) in ("request.args.get", "request.values.get")
                if reader in READERS and of_request and isinstance(node.args[0].value, str):
                    names.add(node.args[0].value)
    return names
