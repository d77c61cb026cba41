"""Whose rows a person sees: nothing of a colleague's, on no page, call, paper, count or total."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import database as db
from core.customers import save_address, save_contact
from core.errors import NotFound
from core.organization import RowScope
from core.scope import EVERYTHING, NOTHING, NoViewer, Viewer, viewing
from core.talk.comments import write_comment
from core.talk.files import Sent, add_files
from crm.activities import record_activity
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from finance.queries.customer_record import get_customer
from tests.conftest import DatabaseUrls
from tests.security.conftest import SETTINGS
from tests.security.test_matrix import address
from tests.world import PASSWORD, World, new_key
from web.app import create_app
from web.permissions import RouteRow, route_matrix

CANARY = "Zaunkönig"
SUMS = Decimal("7391.17")


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    """Two sales people with customers of their own; everything of Anna's carries the canary."""
    world = World.set_up(module_database.app)
    anna, _bert = world.user("anna", "sales"), world.user("bert", "sales")
    product = world.product(stock=50, sku="TEA", name="Tea")
    customer = world.customer(
        f"{CANARY} GmbH",
        legal_name=f"{CANARY} Handels GmbH",
        owner_id=anna.user_id,
        city=f"{CANARY}stadt",
        note=f"{CANARY} pays late",
        country="DE",
        email="zaunkoenig@example.com",
    )
    world.run(save_contact, customer, {"name": f"Frau {CANARY}"})
    world.run(save_address, customer, {"kind": "shipping", "street": f"{CANARY}weg 1"})
    world.run(record_activity, customer, {"kind": "task", "subject": f"{CANARY} anrufen"})
    deal = world.run(create_opportunity, customer, {"name": f"{CANARY} deal", "amount": SUMS})
    world.run(create_quotation, opportunity_id=deal["id"], lines=[LineRequest(product, Decimal(1), SUMS)])
    order = world.order(customer, (product, 2, SUMS), customer_reference=f"{CANARY}-1")
    world.confirm(order)
    world.ship(order)
    world.pay(customer, "500", reference=f"{CANARY} 500")
    said = world.context(actor=anna)
    world.run(write_comment, "customer", customer, f"{CANARY} called, @admin", context=said)
    world.run(write_comment, "sales_order", order["id"], f"{CANARY} waits, @bert", context=said)
    world.run(add_files, "customer", customer, [Sent(f"{CANARY}.txt", f"{CANARY} signs".encode())], context=said)
    world.run(write_comment, "customer", customer, f"{CANARY}, @anna")
    world.run(return_goods, order["id"], lines=[QuantityRequest(order["lines"][0]["id"], Decimal(1))])
    world.order(customer, (product, 1, SUMS))
    dear = world.order(customer, (product, 1, SUMS, 60))
    world.ask("confirm_order", {"order_id": dear["id"]}, "anna", reason=f"{CANARY} wants it cheaper")
    return world


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    return create_app(SETTINGS)


@pytest.fixture(params=["both walls", "the statements alone"])
def walls(request: pytest.FixtureRequest, world: World, module_database: DatabaseUrls) -> Iterator[None]:
    """As it is served; and as a role that row security does not hold, where the predicates must do it alone."""
    before = db.current()
    if request.param == "the statements alone":
        db.configure(db.Database(module_database.superuser))
        with db.current().autocommit() as connection:
            bypasses = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            assert connection.exec_driver_sql(bypasses).scalar_one()
    yield
    if db.current() is not before:
        db.current().dispose()
        db.configure(before)


@pytest.fixture
def bert(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    browser = app.test_client()
    browser.post("/sign-in", data={"login": "bert", "password": PASSWORD})
    return browser


def ids_of_anna(world: World) -> dict[str, int]:
    """An id of hers for each argument that routes take. Products and settings are everybody's and left out."""
    tables = {
        "customer_id": "customer", "contact_id": "contact", "address_id": "address", "opportunity_id": "opportunity",
        "quotation_id": "quotation", "order_id": "sales_order", "invoice_id": "invoice", "shipment_id": "shipment",
        "credit_note_id": "credit_note", "payment_id": "payment", "allocation_id": "payment_allocation",
        "activity_id": "activity", "request_id": "approval_request", "comment_id": "comment", "file_id": "record_file",
        "notice_id": "notice",
    }  # fmt: skip
    return {name: world.value(f"SELECT min(id) FROM {table}") for name, table in tables.items()}


def of_anna(row: RouteRow) -> bool:
    return any(f":{name}>" in row.rule for name in ("customer_id", "contact_id", "address_id", "opportunity_id",
        "quotation_id", "order_id", "invoice_id", "shipment_id", "credit_note_id", "payment_id", "allocation_id",
        "activity_id", "request_id", "comment_id", "file_id", "notice_id"))  # fmt: skip


def test_a_crawl_finds_nothing_of_a_colleague(walls: None, app: Flask, world: World, bert: FlaskClient) -> None:
    """Every page, paper and list that a sales person can open, and the search for what he must not know."""
    token = {"Authorization": f"Bearer {world.token('bert')}"}
    ids, found = ids_of_anna(world), []
    values: dict[str, Any] = {**ids, "product_id": world.value("SELECT min(id) FROM product")}
    searched = [
        f"/{place}?q={CANARY[:6]}" for place in ("search", "customers", "orders", "quotations", "opportunities")
    ]
    searched += [f"/{place}?q={CANARY[:6]}" for place in ("invoices", "payments", "orders/customers", "stock/moves")]
    searched += [f"/{place}?customer_id={ids['customer_id']}" for place in ("orders", "quotations", "invoices")]
    searched += [
        f"/{place}/new?customer_id={ids['customer_id']}" for place in ("orders", "quotations", "opportunities")
    ]
    searched += ["/opportunities?view=all", "/orders?view=all", "/customers?view=all", "/activities?view=all"]
    searched += ["/approvals?tab=all", "/approvals?tab=to_decide", "/notifications", "/notifications/panel"]
    searched += [f"/talk/customer/{ids['customer_id']}{rest}" for rest in ("", "/people?q=a")]
    searched += [f"/talk/sales_order/{ids['order_id']}"]
    visited = 0
    for row in route_matrix(app):
        if row.method != "GET" or row.rule.startswith(("/styleguide", "/assets")) or row.endpoint == "sign_in.sign_out":
            continue
        is_api = row.rule.startswith("/api/")
        client = app.test_client() if is_api else bert
        answer = client.get(address(row, values), headers=token if is_api else {})
        visited += 1
        if answer.status_code >= 500:  # a query without the predicate
            found.append(f"{row.rule}: {answer.status_code}")
        if _speaks_of_anna(answer):
            found.append(f"{row.rule}: {answer.status_code}")
        if of_anna(row) and answer.status_code not in (403, 404):
            found.append(f"{row.rule}: {answer.status_code} for a colleague's id")
    found += [path for path in searched if _speaks_of_anna(bert.get(path))]
    lists = ("customers", "sales-orders", "invoices", "payments", "opportunities", "quotations", "credit-notes")
    for kind in (*lists, "approvals"):
        if app.test_client().get(f"/api/v1/{kind}?limit=50", headers=token).get_json()["items"]:
            found.append(f"/api/v1/{kind}: rows")
    assert visited > 90
    assert found == []


def test_what_a_colleague_does_changes_nothing_that_is_shown(app: Flask, world: World, bert: FlaskClient) -> None:
    """No count, total, badge or order of a list on any page or call moves, however much comes to her."""
    token, pages = {"Authorization": f"Bearer {world.token('bert')}"}, []
    for row in route_matrix(app):
        alone = row.method == "GET" and "<" not in row.rule and not row.rule.startswith(("/styleguide", "/assets"))
        if alone and row.endpoint not in ("sign_in.sign_out", "health.healthz", "health.readyz"):
            pages.append(row.rule)
    pages += ["/orders?view=all", "/customers?view=all", "/activities?view=all", f"/search?q={CANARY[:6]}"]

    def look() -> dict[str, tuple[int, str]]:
        found = {}
        for page in pages:
            is_api = page.startswith("/api/")
            answer = app.test_client().get(page, headers=token) if is_api else bert.get(page)
            found[page] = (answer.status_code, _PASSING.sub("", answer.data.decode("utf-8", "replace")))
        return found

    app.test_client().get("/api/v1/me", headers=token)  # the use of a token is noted once an hour
    first, before = look(), look()
    assert [page for page in pages if first[page] != before[page]] == [], "other by themselves"
    _more_for_anna(world)
    after = look()
    assert [page for page in pages if after[page] != before[page]] == []
    assert sum(status == 200 for status, _ in before.values()) > 40


# What is another at each look: tokens and keys of forms, numbers of requests, moments.
_PASSING = re.compile(
    r'(?:name="csrf_token"|name="idempotency_key")[^>]*>|data-token="[^"]*"|<meta name="csrf[^>]*>'
    r'|\b[0-9a-f]{16}\b|"last_(?:used|seen)_at": ?"[^"]*"|\d{1,2}:\d\d'
)


def _more_for_anna(world: World) -> None:
    """One more of all that is hers, without touching the stock, which is everybody's."""
    anna = world.value("SELECT id FROM app_user WHERE login = 'anna'")
    product = world.value("SELECT min(id) FROM product")
    customer = world.customer("Zweitkunde AG", owner_id=anna, country="DE")
    world.run(record_activity, customer, {"kind": "task", "subject": "Anrufen"})
    deal = world.run(create_opportunity, customer, {"name": "Second deal", "amount": SUMS})
    world.run(create_quotation, opportunity_id=deal["id"], lines=[LineRequest(product, Decimal(1), SUMS)])
    world.order(customer, (product, 1, SUMS))
    world.pay(customer, "77")


def _speaks_of_anna(answer: Any) -> bool:
    body = answer.data.decode("utf-8", "replace")
    return any(word in body for word in (CANARY, "zaunkoenig", "7,391.17", "7391.17", "8,352.02", "16,704"))


def test_the_crawl_sees_what_is_there(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words, looked for as their owner: otherwise the crawl above could not fail."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    anna = app.test_client()
    anna.post("/sign-in", data={"login": "anna", "password": PASSWORD})
    ids = ids_of_anna(world)
    for path in (
        "/customers",
        "/orders",
        "/quotations",
        "/opportunities",
        "/invoices",
        "/payments",
        "/approvals?tab=mine",
        f"/search?q={CANARY}",
        "/notifications",
        f"/talk/customer/{ids['customer_id']}",
        f"/talk/files/{ids['file_id']}",
    ):
        assert _speaks_of_anna(anna.get(path)), path
    assert _speaks_of_anna(anna.get(f"/customers/{ids['customer_id']}"))


def test_a_colleague_s_id_answers_like_a_missing_one(walls: None, app: Flask, world: World) -> None:
    """Word for word, on every call that takes an id, whatever the method; and nothing changes."""
    token = {"Authorization": f"Bearer {world.token('bert')}"}
    ids = ids_of_anna(world)
    missing = dict.fromkeys(ids, 7)
    before, differing = _everything(world), []
    for row in route_matrix(app):
        if not row.rule.startswith("/api/") or not of_anna(row):
            continue
        answers = []
        for values in (ids, missing):
            headers = {**token, "Idempotency-Key": new_key()}
            sent = {} if row.method == "GET" else {"json": {}}
            answer = app.test_client().open(address(row, values), method=row.method, headers=headers, **sent)
            body = answer.get_json(silent=True) or {}
            answers.append((answer.status_code, body.get("code"), sorted(body), body.get("detail")))
        if answers[0] != answers[1] or not 400 <= answers[0][0] < 500:  # a failure is no answer
            differing.append((row.method, row.rule, answers))
    assert differing == []
    assert _everything(world) == before


def _everything(world: World) -> list[Any]:
    tables = (
        "customer",
        "sales_order",
        "invoice",
        "payment",
        "quotation",
        "opportunity",
        "activity",
        "contact",
        "address",
        "comment",
        "follower",
        "record_file",
    )
    return [world.rows(f"SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} AS t") for table in tables]


def test_ids_in_bodies_are_held_to_the_same_rule(walls: None, app: Flask, world: World) -> None:
    token = {"Authorization": f"Bearer {world.token('bert')}"}
    ids, product = ids_of_anna(world), world.value("SELECT min(id) FROM product")
    line = {"product_id": product, "quantity": "1"}
    bodies = (
        ("/sales-orders", {"customer_id": ids["customer_id"], "lines": [line]}),
        ("/quotations", {"customer_id": ids["customer_id"], "lines": [line]}),
        ("/opportunities", {"customer_id": ids["customer_id"], "name": "Mine now", "amount": "1"}),
    )
    before = _everything(world)
    for path, body in bodies:
        answers = [
            app.test_client().post(f"/api/v1{path}", json={**body, "customer_id": customer},
                                   headers={**token, "Idempotency-Key": new_key()})
            for customer in (ids["customer_id"], 7)
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert answers[0].get_json().keys() == answers[1].get_json().keys()
    assert _everything(world) == before


def test_scope_of_team_and_of_all(world: World, app: Flask) -> None:
    chief = world.user("chief", "sales_manager")
    everybody = world.user("boss", "manager")
    customer = ids_of_anna(world)["customer_id"]
    assert chief.viewer == Viewer(False, (chief.user_id,), ())
    assert everybody.viewer == EVERYTHING
    with viewing(everybody.viewer):
        assert get_customer(customer).name.startswith(CANARY)
    with viewing(chief.viewer), pytest.raises(NotFound):
        get_customer(customer)


def test_nobody_in_particular_reads_nothing(world: World) -> None:
    customer = ids_of_anna(world)["customer_id"]
    with viewing(NOTHING), pytest.raises(NotFound):
        get_customer(customer)
    from core.scope import begin_viewing, end_viewing

    token = begin_viewing(None)
    try:
        with pytest.raises(NoViewer):
            get_customer(customer)
    finally:
        end_viewing(token)


def test_the_database_is_a_wall_of_its_own(world: World, module_database: DatabaseUrls) -> None:
    """The app role, asked without any predicate, shows what the transaction's viewer may see; without one, nothing."""
    url = module_database.app.replace("+psycopg", "", 1)
    anna, bert = (world.value("SELECT id FROM app_user WHERE login = :name", name=name) for name in ("anna", "bert"))
    tables = ("customer", "contact", "address", "activity", "customer_account", "opportunity", "quotation",
              "sales_order", "invoice", "credit_note", "payment", "shipment")  # fmt: skip
    with psycopg.connect(url) as connection:
        rights = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert rights.fetchone() == (False,)
        for table in tables:
            counts = []
            for viewer in (None, bert, anna):
                if viewer is not None:
                    connection.execute("SELECT set_config('countinghouse.viewer', viewer_of(%s), true)", (viewer,))
                counts.append(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # type: ignore[index]
                connection.rollback()
            assert counts[0] == counts[1] == 0 and counts[2] > 0, (table, counts)
        owned = connection.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole").fetchone()
        assert owned == (0,)


def test_roles_say_how_far_they_see() -> None:
    assert [scope.value for scope in RowScope] == ["own", "team", "region", "all"]
