"""Asking from the refusal, deciding in the inbox, doing what was approved; deputies and rules; the same by calls."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import database as db
from core.outbox import apply_event
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from finance.periods import close_period
from tests.database_server import DatabaseUrls
from tests.scenarios.checks import assert_clean
from tests.scenarios.house import House
from tests.world import PASSWORD, new_key
from web.app import create_app
from web.consumers import load

SETTINGS = SimpleNamespace(
    secret_key="for tests only, thirty-two bytes!", environment="test", language="en", time_zone="Asia/Shanghai"
)
PEOPLE = {
    "seller": "sales",
    "head": "sales_manager",
    "boss": "manager",
    "books": "finance",
    "store": "warehouse",
    "keeper": "admin",
}


@dataclass
class Person:
    """Somebody's browser; `page` is what it shows, in plain words."""

    http: FlaskClient
    page: str = ""
    raw: str = ""

    def get(self, path: str) -> int:
        return self._show(self.http.get(path, headers={"Accept": "text/html", "Accept-Language": "en"}))

    def post(self, path: str, **values: Any) -> int:
        sent = {"idempotency_key": new_key(), **values}
        answer = self.http.post(path, data=sent, headers={"Accept-Language": "en"})
        status = self._show(answer)
        return self.get(answer.location) if status == 303 else status

    def _show(self, answer: Any) -> int:
        self.raw = answer.text
        self.page = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))
        status: int = answer.status_code
        return status

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" (?:type="hidden" )?value="([^"]*)"', self.raw) or re.search(
            rf'type="hidden" name="{name}" value="([^"]*)"', self.raw
        )
        assert found, name
        return found[1]


@pytest.fixture(scope="module")
def company(module_database: DatabaseUrls) -> Iterator[House]:
    house = House.set_up(module_database.app)
    house.system_url = module_database.system
    for login, role in PEOPLE.items():
        house.user(login, role, language="en")
    house.team("seller", "head")
    yield house
    assert_clean(house)
    house.database.dispose()


@pytest.fixture(scope="module")
def app(company: House) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def person(app: Flask, company: House) -> Callable[[str], Person]:
    db.configure(company.database)

    def sign_in(login: str) -> Person:
        someone = Person(app.test_client())
        someone.post("/sign-in", login=login, password=PASSWORD)
        return someone

    return sign_in


def test_from_the_refusal_to_the_confirmed_order(company: House, person: Any) -> None:
    product, seller = company.product(stock=10), company.actor_of("seller").user_id
    customer = company.customer("蓝天商行", credit_limit=D(50), owner_id=seller)
    order = company.order(customer, (product, 1))
    asking, boss = person("seller"), person("boss")
    asking.get(f"/orders/{order['id']}?preview=confirm")
    assert "Boss can approve it." in asking.page
    assert "Ask for approval" in asking.page
    asking.post("/approvals/ask", action="confirm_order", order_id=order["id"], back=f"/orders/{order['id']}")
    assert "This is needed." in asking.page  # the reason
    asking.post(
        "/approvals/ask", action="confirm_order", order_id=order["id"], approval_reason="Old friend", back="/orders"
    )
    assert "Approval asked for" in asking.page
    assert "Your decision" not in asking.page
    [(request,)] = company.rows("SELECT id FROM approval_request WHERE subject_id = :id", id=order["id"])
    asking.get(f"/orders/{order['id']}?preview=confirm")
    assert "waits for Boss" in asking.page
    assert "Ask for approval" not in asking.page
    assert boss.get("/approvals") == 200
    assert "Old friend" in boss.page
    assert re.search(r"Approvals\s+1 ", boss.page)  # the side bar counts it
    boss.get(f"/approvals/{request}")
    assert "What doing it would do now" in boss.page
    assert "蓝天商行" in boss.page
    assert boss.post(f"/approvals/{request}/decide", decision="refused", position=1, note="") == 422
    assert "Say why it is refused." in boss.page
    assert asking.post(f"/approvals/{request}/decide", decision="approved", position=1) == 403
    assert "Nobody decides what he asked for himself" in asking.page
    assert person("store").get(f"/approvals/{request}") == 404
    assert boss.post(f"/approvals/{request}/decide", decision="approved", position=1, note="fine") == 200
    assert not re.search(r"Approvals\s+1 ", boss.page)
    asking.get(f"/approvals/{request}")
    assert "“fine”" in asking.page
    asking.post(f"/approvals/{request}/carry-out")
    assert "Done as approved" in asking.page
    assert company.order_now(order)[0] == "confirmed"
    assert "used the approval" in asking.page  # the order's history
    asking.get(f"/customers/{customer}")
    assert "Boss approved Credit over the limit for" in asking.page


def test_a_quotation_and_a_month_are_asked_for_where_they_are_refused(company: House, person: Any) -> None:
    product, seller = company.product(stock=10), company.actor_of("seller").user_id
    lines = [LineRequest(product, D(1), None, D(40))]
    by = company.context(actor=company.actor_of("seller"))
    quotation = company.run(create_quotation, customer_id=company.customer(owner_id=seller), lines=lines, context=by)
    asking = person("seller")
    asking.get(f"/quotations/{quotation['id']}?preview=1")
    assert "Discount of 40% is over the limit of 30%." in asking.page.replace(" %", "%")
    asking.post("/approvals/ask", action="order_quotation", quotation_id=quotation["id"], approval_reason="x", back="/")
    assert "Approval asked for" in asking.page
    period = company.value("SELECT id FROM fiscal_period WHERE state = 'open' ORDER BY starts_on LIMIT 1")
    company.run(close_period, period)
    books = person("books")
    assert books.post(f"/ledger/periods/{period}/reopen") == 409
    assert "re-opening a month needs a second person" in books.page
    assert "Ask for approval" in books.page
    asked = {"action": "reopen_period", "period_id": books.hidden("period_id")}
    books.post("/approvals/ask", **asked, approval_reason="late bill")
    [(request,)] = company.rows("SELECT id FROM approval_request WHERE kind = 'reopening'")
    company.decide(request, "boss")
    books.post(f"/approvals/{request}/carry-out")
    assert "Done as approved" in books.page
    assert company.value("SELECT state FROM fiscal_period WHERE id = :id", id=period) == "open"


def test_a_write_off_is_asked_for_posted_and_taken_back(company: House, person: Any) -> None:
    product, customer = company.product(stock=10), company.customer()
    [invoice] = company.confirmed(customer, (product, 1))["invoices"]
    address, books = f"/invoices/{invoice['id']}", person("books")
    books.get(address)
    assert "It will not be paid" in books.page
    assert books.post(f"{address}/write-off", amount="200", reason="gone", step="preview") == 422
    assert "Only 113.00 is open" in books.page
    assert books.post(f"{address}/write-off", amount="113", reason="gone", step="preview") == 422
    assert "Boss can approve it." in books.page
    values = {name: books.hidden(name) for name in ("action", "invoice_id", "amount", "why")}
    books.post("/approvals/ask", **values, approval_reason="liquidated")
    [(request,)] = company.rows("SELECT id FROM approval_request WHERE kind = 'write_off'")
    company.decide(request, "boss")
    assert books.post(f"{address}/write-off", amount="113", reason="gone", step="preview") == 200
    assert "Use the approval of Boss" in books.page
    books.post(f"{address}/write-off", amount="113", reason="gone", step="post", digest=books.hidden("digest"))
    assert "WO-" in books.page
    assert "Written off" in books.page
    [(write_off,)] = company.rows("SELECT id FROM write_off WHERE invoice_id = :id", id=invoice["id"])
    books.post(f"/invoices/write-offs/{write_off}/reverse", reason="", back=address)
    assert "This is needed." in books.page
    books.post(f"/invoices/write-offs/{write_off}/reverse", reason="paid after all", back=address)
    assert company.invoice_now(invoice["id"])[1] == D("113.00")
    assert person("seller").post(f"/invoices/write-offs/{write_off}/reverse", reason="x") == 403


def test_an_adjustment_is_asked_for_from_its_form(company: House, person: Any) -> None:
    product = company.product(stock=200, sku="HEAVY")
    company.set_rule("adjustment", is_active=True)
    try:
        store = person("store")
        line = {"lines-0-product": "HEAVY", "lines-0-quantity": "-100", "reason": "broken"}
        assert store.post("/stock/adjustments/new", **line, step="preview") == 422
        assert "Boss can approve it." in store.page
        store.post("/stock/adjustments/new", **line, step="ask", approval_reason="fire")
        assert "Approval asked for" in store.page
        [(request,)] = company.rows("SELECT id FROM approval_request WHERE kind = 'adjustment'")
        company.decide(request, "boss")
        store.post(f"/approvals/{request}/carry-out")
        assert company.level(product)["on_hand"] == 100
    finally:
        company.set_rule("adjustment", is_active=False)


def test_deputies(company: House, person: Any) -> None:
    boss, today = person("boss"), company.context().today
    assert boss.get("/approvals/deputy") == 200
    assert boss.post("/approvals/deputy", to_user_id="", since=str(today), until=str(today)) == 422
    head = company.actor_of("head").user_id
    assert boss.post("/approvals/deputy", to_user_id=head, since=str(today), until="2020-01-01") == 422
    assert "The last day lies before the first" in boss.page
    assert boss.post("/approvals/deputy", to_user_id=head, since=str(today), until=str(today)) == 200
    assert "Running" in boss.page
    delegation = company.value("SELECT id FROM approval_delegation ORDER BY id DESC LIMIT 1")
    boss.post(f"/approvals/deputy/{delegation}/end")
    assert "Over" in boss.page
    boss.post(f"/approvals/deputy/{delegation}/end")
    assert "This has ended already." in boss.page


def test_rules(company: House, person: Any) -> None:
    admin = person("keeper")
    admin.get("/settings/approvals")
    assert "Sales manager" in admin.page
    rule = company.value("SELECT id FROM approval_rule WHERE kind = 'discount'")
    address = f"/settings/approvals/{rule}"
    admin.get(address)
    version = admin.hidden("version")
    roles = dict(company.rows("SELECT code, id FROM role"))
    values = {"threshold": "20", "basis": "line", "valid_days": "7", "version": version, "is_active": "y"}
    step = {"steps-0-who": f"role:{roles['manager']}", "steps-0-from_measure": "20"}
    assert admin.post(address, **values | {"threshold": "120"}, **step) == 422
    assert admin.post(address, **values, **{"steps-0-who": ""}) == 422
    assert admin.post(address, **values, **step) == 200
    assert admin.post(address, **values, **step) == 422
    assert "You saved this record meanwhile" in admin.page
    assert company.rows("SELECT threshold, valid_days FROM approval_rule WHERE id = :id", id=rule) == [(D(20), 7)]
    back = [
        {"approver": "role", "role_id": roles["sales_manager"], "from_measure": D(30)},
        {"approver": "role", "role_id": roles["manager"], "from_measure": D(50)},
    ]
    company.set_rule("discount", threshold=D(30), valid_days=14, steps=back)
    assert person("boss").get("/settings/approvals") == 403


def test_notices_reach_who_may_decide_and_who_asked(company: House) -> None:
    product, seller = company.product(stock=10), company.actor_of("seller").user_id
    order = company.order(company.customer(credit_limit=D(50), owner_id=seller), (product, 1))
    request = company.ask("confirm_order", {"order_id": order["id"]}, "seller")["id"]
    company.decide(request, "boss")
    load()
    for (event,) in company.rows("SELECT id FROM outbox_event WHERE kind LIKE 'approval%' AND state <> 'done'"):
        company.run(apply_event, event)
    told = company.rows(
        "SELECT kind, login FROM notice JOIN app_user ON app_user.id = user_id WHERE data->>'request_id' = :id",
        id=str(request),
    )
    assert ("approval_decided", "seller") in told  # decided before the worker came: nobody is asked any more


def test_the_same_by_calls(company: House, app: Flask, person: Any) -> None:
    product, seller = company.product(stock=10), company.actor_of("seller").user_id
    order = company.order(company.customer(credit_limit=D(50), owner_id=seller), (product, 1))
    tokens = {login: company.token(login) for login in ("seller", "boss", "books", "admin")}

    def call(login: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {tokens[login]}", "Idempotency-Key": new_key()}
        if method == "GET":
            return app.test_client().get(f"/api/v1{path}", headers=headers)
        data = json.dumps(body or {})
        return app.test_client().open(
            f"/api/v1{path}", method=method, data=data, content_type="application/json", headers=headers
        )

    refused = call("seller", "POST", f"/sales-orders/{order['id']}/confirm").get_json()
    assert refused["code"] == "credit_exceeded"
    assert refused["approval"]["approvers"] == ["Boss"]
    wrong = call("seller", "POST", "/approvals", {"action": "confirm_order", "reason": "x", "invoice_id": 1})
    assert wrong.status_code == 422
    asked = call("seller", "POST", "/approvals", {"action": "confirm_order", "reason": "x", "order_id": order["id"]})
    assert asked.status_code == 201
    request = asked.get_json()["id"]
    [item] = call("boss", "GET", "/approvals?to_decide=true&kind=credit").get_json()["items"]
    assert item["id"] == request
    assert call("books", "GET", f"/approvals/{request}").status_code == 404
    own = call("seller", "POST", f"/approvals/{request}/decide", {"decision": "approved"})
    assert (own.status_code, own.get_json()["code"]) == (403, "own_approval")
    foreseen = call("boss", "POST", f"/approvals/{request}/carry-out?preview=true").get_json()
    assert "receivable" in {effect["kind"] for effect in foreseen["effects"]}
    decided = call("boss", "POST", f"/approvals/{request}/decide", {"decision": "approved", "step": 1})
    assert decided.get_json()["state"] == "approved"
    assert call("seller", "POST", f"/sales-orders/{order['id']}/confirm").get_json()["state"] == "confirmed"
    whole = call("boss", "GET", f"/approvals/{request}").get_json()
    assert (whole["state"], whole["step_list"][0]["decided_by"]) == ("used", "Boss")
    rules = call("admin", "GET", "/approval-rules").get_json()["items"]
    assert {rule["kind"] for rule in rules} == {"credit", "discount", "write_off", "adjustment", "reopening"}
    rule = next(each for each in rules if each["kind"] == "write_off")
    changed = call("admin", "PATCH", f"/approval-rules/{rule['id']}", {"threshold": "100", "version": rule["version"]})
    assert changed.status_code == 200
    [invoice] = company.confirmed(company.customer(), (product, 1))["invoices"]
    path = f"/invoices/{invoice['id']}"
    written = call("books", "POST", f"{path}/write-off", {"amount": "99.99", "reason": "gone"})
    assert written.status_code == 201
    assert call("books", "GET", path).get_json()["amount_written_off"] == "99.99"
    back = call("books", "POST", f"/write-offs/{written.get_json()['id']}/reverse", {"reason": "paid"})
    assert back.get_json()["amount_open"] == "113.00"
    deputy = {"to_user_id": company.actor_of("head").user_id, "until": str(company.context().today)}
    named = call("boss", "POST", "/approval-deputies", deputy)
    assert named.status_code == 201
    [live] = call("boss", "GET", "/approval-deputies?live=true").get_json()["items"]
    assert call("boss", "POST", f"/approval-deputies/{live['id']}/end").status_code == 200
