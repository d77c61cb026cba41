"""Every page, paper, list, export and call there is, as people who may do everything, but with their own rows only.

The standard roles either see their own rows or reach the pages of the office; own roles may do both. What a query says
of itself shows here: the owner must be answered (a query without the predicate fails under the guard), and a colleague
must be told nothing.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from core.customers import save_address, save_contact
from core.permissions import PERMISSIONS
from core.roles import create_role
from core.units import share_customer
from crm.activities import record_activity
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from finance.write_offs import write_off
from tests.conftest import DatabaseUrls
from tests.security.conftest import SETTINGS, values_of
from tests.security.test_matrix import address
from tests.world import PASSWORD, World
from web.api.operation import OPERATIONS
from web.app import create_app
from web.exports.declared import LISTS
from web.history.records import KINDS
from web.permissions import RouteRow, route_matrix

CANARY = "Zaunkönig"
SUMS = Decimal("7391.17")
WORDS = (CANARY, "zaunkoenig", "7,391.17", "7391.17", "8,352.02", "8352.02", "DE811907980", "30 901820")
# Who keeps users, rules and settings sees what they hold; the books and the stock are not scoped by row.
KEEPERS = {"users.manage", "users.view_as", "approvals.rules", "company.write"}
NOT_BY_ROW = re.compile(
    r"/ledger(\?|$|/accounts|/entries|/trial-balance|/tasks|/document)|/reports"
    r"|/api/v1/(journal-entries|trial-balance|accounts|balance-sheet|profit-and-loss)"
    r"|/exports/(journal|accounts|trial-balance|finance-tasks)"
)
SCOPED = {
    "customer_id": "customer", "contact_id": "contact", "address_id": "address", "opportunity_id": "opportunity",
    "quotation_id": "quotation", "order_id": "sales_order", "invoice_id": "invoice", "shipment_id": "shipment",
    "credit_note_id": "credit_note", "payment_id": "payment", "allocation_id": "payment_allocation",
    "activity_id": "activity", "request_id": "approval_request", "write_off_id": "write_off",
    "share_id": "customer_share",
}  # fmt: skip
# Histories of records with an owner, or that are seen with one.
OWNED_KINDS = {
    "customer", "contact", "address", "activity", "opportunity", "quotation", "sales_order", "shipment", "invoice",
    "credit_note", "write_off", "payment", "customer_share",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    """Anna and Bert may do everything, each with the rows of his own customers; hers carry the canary everywhere."""
    world = World.set_up(module_database.app, language="en")
    permissions = sorted(PERMISSIONS.keys() - KEEPERS)
    code = world.run(create_role, {"name": "Office of one's own", "permissions": permissions, "row_scope": "own"})
    anna, bert = (world.user(login, code["code"], language="en") for login in ("anna", "bert"))
    product, service = world.product(stock=50, sku="TEA", name="Tea"), world.service()
    world.customer("Bert's own", owner_id=bert.user_id)
    customer = world.customer(
        f"{CANARY} GmbH", legal_name=f"{CANARY} Handels GmbH", owner_id=anna.user_id, city=f"{CANARY}stadt",
        note=f"{CANARY} pays late", country="DE", email="zaunkoenig@example.com", phone="+49 30 901820",
        tax_id="DE811907980",
    )  # fmt: skip
    world.run(save_contact, customer, {"name": f"Frau {CANARY}"})
    world.run(save_address, customer, {"kind": "shipping", "street": f"{CANARY}weg 1"})
    world.run(record_activity, customer, {"kind": "task", "subject": f"{CANARY} anrufen"})
    deal = world.run(create_opportunity, customer, {"name": f"{CANARY} deal", "amount": SUMS})
    world.run(create_quotation, opportunity_id=deal["id"], lines=[LineRequest(product, Decimal(1), SUMS)])
    order = world.order(customer, (product, 2, SUMS), customer_reference=f"{CANARY}-1")
    world.confirm(order)
    world.ship(order)
    world.pay(customer, "500", reference=f"{CANARY} 500")
    world.run(return_goods, order["id"], lines=[QuantityRequest(order["lines"][0]["id"], Decimal(1))])
    world.confirm(world.order(customer, (product, 1, SUMS)))
    [owed] = world.confirm(world.order(customer, (service, 1, SUMS)))["invoices"]
    world.set_rule("write_off", is_active=False)
    world.run(write_off, owed["id"], amount=Decimal(1), reason="rounding")
    gone = world.order(customer, (product, 1, SUMS))
    world.confirm(gone)
    world.cancel(gone)
    world.pay(customer, "1", reference=gone["number"])
    world.pay(customer, "99000", reference=f"{CANARY} advance")
    dear = world.order(customer, (product, 1, SUMS, 60))
    world.ask("confirm_order", {"order_id": dear["id"]}, "anna", reason=f"{CANARY} wants it cheaper")
    carl = world.user("carl", "sales")
    world.run(share_customer, customer, user_id=carl.user_id, reason=f"{CANARY} is ill")
    return world


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


class Person:
    """Somebody with a browser and a token."""

    def __init__(self, app: Flask, world: World, login: str) -> None:
        self.app, self.browser = app, app.test_client()
        assert self.browser.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303
        self.token = {"Authorization": f"Bearer {world.token(login)}"}

    def get(self, path: str) -> Any:
        """As a browser goes to a page, so that the numbers of the side bar come too; as a program calls the API."""
        if path.startswith("/api/"):
            return self.app.test_client().get(path, headers=self.token)
        return self.browser.get(path, headers={"Accept": "text/html"})

    def export(self, name: str) -> Any:
        return self.browser.post(f"/exports/{name}", data={"format": "csv"})


@pytest.fixture(scope="module")
def anna(app: Flask, world: World) -> Person:
    return Person(app, world, "anna")


@pytest.fixture(scope="module")
def bert(app: Flask, world: World) -> Person:
    return Person(app, world, "bert")


def rows_of(app: Flask) -> list[RouteRow]:
    """Every route that is looked at, but what is about the reader himself and signing in."""
    left_out = ("/styleguide", "/assets", "/account", "/sign-in", "/setup", "/healthz", "/readyz")
    return [row for row in route_matrix(app) if row.method == "GET" and not row.rule.startswith(left_out)]


def hers(world: World) -> dict[str, Any]:
    """A valid value for every argument; of records with an owner, one of Anna's."""
    scoped = {name: world.value(f"SELECT min(id) FROM {table}") for name, table in SCOPED.items()}
    scoped["customer_id"] = world.value("SELECT customer_id FROM contact")
    scoped["allocation_id"] = world.value(
        "SELECT min(id) FROM payment_allocation WHERE payment_id IS NOT NULL AND invoice_id IS NOT NULL"
    )
    return values_of(world) | scoped


def addresses(world: World, row: RouteRow) -> list[str]:
    """The route with her ids: of every kind, document and list that it knows, one each."""
    values = hers(world)
    if "<record_type>" in row.rule:
        kinds = {table: world.value(f"SELECT min(id) FROM {table}") for table in KINDS}
        kinds["customer"] = values["customer_id"]
        return [address(row, {"record_type": table, "record_id": found}) for table, found in kinds.items() if found]
    if "<number>" in row.rule:
        tables = ("sales_order", "invoice", "payment", "shipment", "credit_note", "quotation", "write_off")
        numbers = [world.value(f"SELECT min(number) FROM {table}") for table in tables]
        return [address(row, {"number": number}) for number in numbers]
    if "<kind>" in row.rule:
        unused = {
            "payment": world.value("SELECT min(id) FROM payment WHERE amount_allocated < amount"),
            "credit_note": world.value("SELECT min(id) FROM credit_note"),
        }
        return [address(row, {"kind": kind, "source_id": found}) for kind, found in unused.items()]
    return [address(row, values)]


def every_address(app: Flask, world: World) -> dict[str, RouteRow]:
    """All that can be looked at: each route, with her ids, and each list narrowed to her by every filter it has."""
    found = {path: row for row in rows_of(app) for path in addresses(world, row)}
    for row in list(found.values()):
        if "<" not in row.rule and not row.rule.startswith("/api/"):
            for query in (f"q={CANARY[:6]}", "view=all", "tab=all", f"customer_id={hers(world)['customer_id']}",
                          f"customer={hers(world)['customer_id']}"):  # fmt: skip
                found[f"{row.rule}?{query}"] = row
    by_rule = {(row.rule, row.method): row for row in rows_of(app)}
    for operation in OPERATIONS:
        if operation.method == "GET" and "{" not in operation.path:
            row = by_rule[f"/api/v1{operation.path}", "GET"]
            for name in operation.query.fields.keys() & {"q", *SCOPED}:
                found[f"{row.rule}?{name}={CANARY[:6] if name == 'q' else hers(world)[name]}"] = row
            if operation.path == "/history":
                for table in OWNED_KINDS:
                    record_id = world.value(f"SELECT max(id) FROM {table}")
                    found[f"{row.rule}?record_type={table}&record_id={record_id}"] = row
    return found


def speaks_of_her(answer: Any) -> bool:
    """Whether a word or sum of hers stands in an answer, what was asked for left out."""
    body = re.sub(rf'"[^"]*{CANARY[:6]}(?!{CANARY[6:]})[^"]*"', "", answer.data.decode("utf-8", "replace"))
    return any(word in body for word in WORDS)


def is_owned(path: str, row: RouteRow) -> bool:
    """Whether the address names a record with an owner."""
    if "<record_type>" in row.rule:
        return path.split("/")[2] in OWNED_KINDS
    return any(f":{name}>" in row.rule for name in SCOPED)


@pytest.mark.usefixtures("quiet")
def test_the_owner_is_answered_on_every_page(app: Flask, world: World, anna: Person) -> None:
    """Never a fault: each query holds the predicate of whoever sees only some rows. And what is looked for is there."""
    faults, speaking = [], 0
    for path in every_address(app, world):
        answer = anna.get(path)
        speaking += speaks_of_her(answer)
        if answer.status_code >= 500:
            faults.append(f"{answer.status_code} {path}")
    faults += [f"exports/{name}" for name in LISTS if anna.export(name).status_code >= 500]
    assert faults == []
    assert speaking > 60


@pytest.mark.usefixtures("quiet")
def test_a_colleague_who_may_do_everything_finds_nothing(app: Flask, world: World, bert: Person) -> None:
    found, visited = [], 0
    for path, row in every_address(app, world).items():
        answer = bert.get(path)
        visited += 1
        if answer.status_code >= 500:
            found.append(f"{answer.status_code} {path}")
        if speaks_of_her(answer) and not NOT_BY_ROW.match(path):
            found.append(f"{path} speaks of her")
        if is_owned(path, row) and answer.status_code != 404 and row.permission not in KEEPERS:
            found.append(f"{answer.status_code} {path} for a colleague's id")
    for name in LISTS:
        answer = bert.export(name)
        if answer.status_code >= 500 or (speaks_of_her(answer) and not NOT_BY_ROW.match(f"/exports/{name}")):
            found.append(f"exports/{name}: {answer.status_code}")
    assert found == []
    assert visited > 250


def test_the_numbers_of_the_side_bar_are_his_own(app: Flask, world: World, anna: Person, bert: Person) -> None:
    """What is to ship and to match is counted over the rows one sees."""

    def numbers(person: Person) -> dict[str, str]:
        page = person.get("/").text
        return dict(
            re.findall(r'href="(/shipments|/payments/match)"(?:(?!</a>).)*<span class="count[^"]*">(\d+)<', page, re.S)
        )

    assert numbers(anna).keys() == {"/shipments", "/payments/match"}
    assert numbers(bert) == {}
