"""Payment terms and the chart of accounts: added, renamed, archived; what stands on an account keeps it as it is."""

from __future__ import annotations

from typing import Any

from tests.web.api.conftest import Api
from tests.web.api.records.conftest import Asked
from tests.web.api.records.test_books import entry_body
from tests.web.api.test_refusals import faults, problem

TERMS, ACCOUNT = "/payment-terms/{terms_id}", "/accounts/{account_id}"


def test_payment_terms_are_made_given_and_archived(api: Api, asked: Asked, as_role: Any) -> None:
    body = {"code": "net45", "name": "45 days", "name_zh": "45 天", "days": 45}
    made = asked("POST", "/payment-terms", body)
    assert (made["days"], made["is_active"]) == (45, True)
    assert faults(problem(api.post("/payment-terms", body), 422, "invalid_input")) == {"code": "duplicate_code"}
    customer = api.customer(payment_terms_id=made["id"])
    [listed] = [row for row in asked("GET", "/payment-terms")["items"] if row["id"] == made["id"]]
    assert listed["customers"] == 1
    changed = asked("PATCH", TERMS, {"name": "Net 45", "is_active": False}, made["id"])
    assert (changed["name"], changed["name_zh"], changed["is_active"]) == ("Net 45", "45 天", False)
    assert api.patch(f"/customers/{customer['id']}", {"region": "华东"}).status_code == 200
    other = api.post("/customers", {"name": "后来的公司", "payment_terms_id": made["id"]})
    assert faults(problem(other, 422, "invalid_input")) == {"payment_terms_id": "terms_unknown"}
    product = api.product("1")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "1"})
    [invoice] = api.ok("POST", f"/sales-orders/{order['id']}/confirm")["invoices"]
    assert invoice["due_on"] > invoice["issued_on"]
    assert asked("PATCH", TERMS, {"is_active": True}, made["id"])["is_active"]
    problem(api.patch("/payment-terms/7", {"name": "x"}), 404, "not_found")
    problem(as_role("manager").post("/payment-terms", body), 403, "permission_denied")
    for wrong, name, code in (({"days": 731}, "days", "out_of_range"), ({"code": ""}, "code", "required")):
        answer = api.post("/payment-terms", body | {"code": "x"} | wrong)
        assert faults(problem(answer, 422, "invalid_input")) == {name: code}


def test_the_chart_grows_and_what_is_used_stays(api: Api, asked: Asked, as_role: Any) -> None:
    made = asked("POST", "/accounts", {"code": "5602.07", "name": "Courier", "name_zh": "快递费", "kind": "expense"})
    assert (made["role"], made["is_active"]) == (None, True)
    same = api.post("/accounts", {"code": "5602.07", "name": "x", "kind": "expense"})
    assert faults(problem(same, 422, "invalid_input")) == {"code": "duplicate_code"}
    moved = asked("PATCH", ACCOUNT, {"code": "5602.08", "kind": "income", "name": "Couriers"}, made["id"])
    assert (moved["code"], moved["kind"], moved["name"], moved["name_zh"]) == (
        "5602.08",
        "income",
        "Couriers",
        "快递费",
    )
    cash = next(row for row in api.ok("GET", "/accounts")["items"] if row["role"] == "cash")
    api.ok("POST", "/journal-entries", entry_body(made["id"], cash["id"], "5.00"))
    for changes in ({"code": "5602.09"}, {"kind": "expense"}):
        refused = api.patch(f"/accounts/{made['id']}", changes)
        assert faults(problem(refused, 422, "invalid_input")) == {next(iter(changes)): "account_fixed"}
    assert asked("PATCH", ACCOUNT, {"name": "Post"}, made["id"])["name"] == "Post"
    in_use = problem(api.patch(f"/accounts/{made['id']}", {"is_active": False}), 409, "account_in_use")
    assert (in_use["reason"], in_use["balance"]) == ("balance", "5.00")
    assert (
        problem(api.patch(f"/accounts/{cash['id']}", {"is_active": False}), 409, "account_in_use")["reason"] == "role"
    )
    empty = asked("POST", "/accounts", {"code": "1999", "name": "Nothing", "kind": "asset"})
    assert not asked("PATCH", ACCOUNT, {"is_active": False}, empty["id"])["is_active"]
    problem(api.patch("/accounts/7", {"name": "x"}), 404, "not_found")
    problem(as_role("sales").post("/accounts", {"code": "1", "name": "x", "kind": "asset"}), 403, "permission_denied")
