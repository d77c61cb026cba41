"""Suppliers, warehouses, shipments and stock papers, users, the company's settings, quotations revised."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

import pytest
from PIL import Image

from tests.web.api.conftest import Api
from tests.web.api.records.conftest import Asked
from tests.web.api.test_refusals import faults, problem
from tests.world import new_key

SUPPLIER, WAREHOUSE, USER = "/suppliers/{supplier_id}", "/warehouses/{warehouse_id}", "/users/{user_id}"


def test_a_supplier_is_created_found_and_changed(api: Api, asked: Asked, as_role: Any) -> None:
    body = {"name": "苏州精工", "country": "cn", "contact_name": "王伟", "city": "苏州"}
    made = asked("POST", "/suppliers", body)
    assert (made["country"], made["code"][:3]) == ("CN", "SUP")
    problem(api.post("/suppliers", body), 409, "duplicate_supplier")
    assert [row["id"] for row in api.ok("GET", "/suppliers?q=精工 王")["items"]] == [made["id"]]
    assert api.ok("GET", "/suppliers?q=100%_")["items"] == []
    changed = asked("PATCH", SUPPLIER, {"phone": "0512-1", "version": made["version"]}, made["id"])
    assert (changed["phone"], changed["contact_name"]) == ("0512-1", "王伟")
    assert asked("GET", SUPPLIER, None, made["id"]) == changed
    stale = api.patch(f"/suppliers/{made['id']}", {"phone": "1", "version": made["version"]})
    assert problem(stale, 409, "edit_conflict")["current"]["phone"] == "0512-1"
    for answer in (api.get("/suppliers/7"), api.patch("/suppliers/7", {"phone": "1"})):
        problem(answer, 404, "not_found")
    assert faults(problem(api.post("/suppliers", {"name": "x"}), 422, "invalid_input")) == {"country": "required"}
    problem(as_role("sales").get("/suppliers"), 403, "permission_denied")
    problem(as_role("warehouse").post("/suppliers", body), 403, "permission_denied")


def test_the_same_key_creates_one_supplier(api: Api) -> None:
    key, body = new_key(), {"name": "只有一个", "country": "CN"}
    first, again = api.post("/suppliers", body, key=key), api.post("/suppliers", body, key=key)
    assert (first.text, again.headers["Idempotent-Replay"]) == (again.text, "true")
    problem(api.post("/suppliers", body, key=""), 400, "idempotency_key_required")


def test_warehouses_have_one_default(api: Api, asked: Asked, as_role: Any) -> None:
    product = api.product()
    before = asked("GET", "/warehouses")["items"]
    [first] = [row for row in before if row["is_default"]]
    second = asked("POST", "/warehouses", {"code": "W2", "name": "二号仓", "address": "港口路", "is_default": True})
    assert not asked("GET", WAREHOUSE, None, first["id"])["is_default"]
    assert len(api.ok("GET", f"/stock-levels?product_id={product['id']}")["items"]) == len(before) + 1
    renamed = asked("PATCH", WAREHOUSE, {"name": "东仓", "version": second["version"]}, second["id"])
    assert (renamed["name"], renamed["address"], renamed["is_default"]) == ("东仓", "港口路", True)
    asked("PATCH", WAREHOUSE, {"is_default": True}, first["id"])
    assert [row["id"] for row in api.ok("GET", "/warehouses")["items"] if row["is_default"]] == [first["id"]]
    stale = api.patch(f"/warehouses/{second['id']}", {"name": "x", "version": second["version"]})
    problem(stale, 409, "edit_conflict")
    taken = api.patch(f"/warehouses/{second['id']}", {"code": first["code"]})
    assert faults(problem(taken, 422, "invalid_input")) == {"code": "duplicate_code"}
    for answer in (api.get("/warehouses/7"), api.patch("/warehouses/7", {"name": "x"})):
        problem(answer, 404, "not_found")
    problem(as_role("warehouse").post("/warehouses", {"code": "W3", "name": "x"}), 403, "permission_denied")


def test_shipments_moves_and_stock_documents(api: Api, asked: Asked) -> None:
    customer, product = api.customer()["id"], api.product("5")
    order = api.order(customer, {"product_id": product["id"], "quantity": "2"})
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    [shipped] = api.ok("POST", f"/sales-orders/{order['id']}/ship")["shipments"]
    [listed] = asked("GET", "/shipments", query=f"?origin={order['number']}")["items"]
    whole = asked("GET", "/shipments/{shipment_id}", None, listed["id"])
    assert (whole["id"], whole["customer_id"], whole["lines"][0]["quantity"]) == (shipped["id"], customer, "2.000")
    moves = asked("GET", "/stock-moves", query=f"?product_id={product['id']}")["items"]
    assert [(row["quantity"], row["on_hand_after"]) for row in moves] == [("-2.000", "3.000"), ("5.000", "5.000")]
    [paper] = api.ok("GET", f"/stock-documents?number={moves[1]['origin']}")["items"]
    document = asked("GET", "/stock-documents/{document_id}", None, paper["id"])
    assert [(line["sku"], line["value"]) for line in document["lines"]] == [(product["sku"], "300.00")]
    for path in ("/shipments/7", "/stock-documents/7"):
        problem(api.get(path), 404, "not_found")


def test_users_are_created_changed_and_signed_out(api: Api, asked: Asked, as_role: Any, world: Any) -> None:
    body = {"login": "Wang", "name": "王芳", "roles": ["sales", "finance"], "password": "long-enough"}
    made = asked("POST", "/users", body)
    assert (made["login"], made["roles"]) == ("wang", ["finance", "sales"])
    problem(api.post("/users", body | {"login": "WANG"}), 409, "duplicate_login")
    token = world.token("wang")
    caller = Api(api.http, token)
    assert caller.ok("GET", "/me")["roles"] == ["finance", "sales"]
    changed = asked("PATCH", USER, {"roles": ["warehouse"], "title": "仓管", "version": made["version"]}, made["id"])
    assert (changed["roles"], changed["name"], changed["title"]) == (["warehouse"], "王芳", "仓管")
    assert caller.ok("GET", "/me")["roles"] == ["warehouse"]
    problem(api.patch(f"/users/{made['id']}", {"name": "x", "version": made["version"]}), 409, "edit_conflict")
    assert asked("GET", USER, None, made["id"])["sessions"] == []
    assert asked("POST", "/users/{user_id}/end-sessions", {}, made["id"]) == {"ended": 0}
    assert caller.get("/me").status_code == 401
    assert not asked("PATCH", USER, {"is_active": False}, made["id"])["is_active"]
    for answer in (
        api.get("/users/7"), api.patch("/users/7", {"name": "x"}), api.post("/users/7/end-sessions"),
    ):  # fmt: skip
        problem(answer, 404, "not_found")
    admin = api.ok("GET", "/me")["id"]
    problem(api.patch(f"/users/{admin}", {"roles": ["sales"]}), 409, "last_administrator")
    assert "users.manage" in {name for row in asked("GET", "/roles")["items"] for name in row["permissions"]}
    for path in ("/users", "/roles", f"/users/{admin}"):
        problem(as_role("manager").get(path), 403, "permission_denied")


def test_customers_are_handed_over_before_their_owner_leaves(api: Api, asked: Asked, as_role: Any) -> None:
    body = {"roles": ["sales"], "password": "long-enough"}
    before, after = (
        asked("POST", "/users", body | {"login": login, "name": login})["id"] for login in ("leaves", "takes")
    )
    customer = api.customer(owner_id=before)
    order = api.order(customer["id"], {"product_id": api.product()["id"], "quantity": "1"})
    refused = problem(api.patch(f"/users/{before}", {"is_active": False}), 409, "user_owns_customers")
    assert (refused["count"], faults(refused)) == (1, {"is_active": "user_owns_customers"})
    problem(as_role("manager").post(f"/users/{before}/hand-over", {"to_user_id": after}), 403, "permission_denied")
    problem(api.post("/users/7/hand-over", {"to_user_id": after}), 404, "not_found")
    answer = asked("POST", "/users/{user_id}/hand-over", {"to_user_id": after}, before)
    assert (answer["customers"], answer["to_user_id"]) == (1, after)
    assert api.ok("GET", f"/sales-orders/{order['id']}")["owner_id"] == after
    assert not asked("PATCH", USER, {"is_active": False}, before)["is_active"]
    back = api.patch(f"/customers/{customer['id']}", {"owner_id": before})
    assert faults(problem(back, 422, "invalid_input")) == {"owner_id": "owner_inactive"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"roles": []}, {"roles": "required"}),
        ({"roles": ["nobody"]}, {"roles": "role_unknown"}),
        ({"roles": "sales"}, {"roles": "not_a_list"}),
        ({"roles": [1]}, {"roles.0": "not_text"}),
        ({"password": "short"}, {"password": "too_short"}),
        ({"email": "not one"}, {"email": "not_an_email"}),
        ({"language": "fr"}, {"language": "unknown_choice"}),
        ({"login": ""}, {"login": "required"}),
    ],
)
def test_what_a_user_may_not_be(api: Api, changes: dict[str, Any], expected: dict[str, str]) -> None:
    body = {"login": "li", "name": "李", "roles": ["sales"], "password": "long-enough"} | changes
    assert faults(problem(api.post("/users", body), 422, "invalid_input")) == expected


def test_a_password_is_in_no_answer_and_no_trail(api: Api, world: Any) -> None:
    body = {"login": "secret", "name": "密", "roles": ["sales"], "password": "nobody-reads-this"}
    assert "nobody-reads-this" not in api.post("/users", body).text
    [[kept]] = world.rows("SELECT string_agg(audit_row::text, ' ') FROM audit_row")
    assert "nobody-reads-this" not in kept


def test_settings_are_read_and_changed_in_part(api: Api, asked: Asked, as_role: Any) -> None:
    before = asked("GET", "/company")
    changed = asked("PATCH", "/company", {"phone": "021-1", "tax_rate": "0.06", "payment_terms_days": 45})
    given = {"phone": "021-1", "tax_rate": "0.06", "payment_terms_days": 45}
    assert changed == before | given | {"version": before["version"] + 1}
    assert asked("GET", "/company") == changed | {"tax_rate": "0.0600"}
    wrong = {"name": "", "tax_rate": "1", "time_zone": "Mars/Olympus", "currency": "EUR"}
    assert faults(problem(api.patch("/company", wrong), 422, "invalid_input")) == {"currency": "unknown_field"}
    del wrong["currency"]
    assert faults(problem(api.patch("/company", wrong), 422, "invalid_input")) == {
        "name": "required", "tax_rate": "not_a_rate", "time_zone": "unknown_time_zone"
    }  # fmt: skip
    for role in ("manager", "finance"):
        problem(as_role(role).get("/company"), 403, "permission_denied")
        problem(as_role(role).patch("/company", {"phone": "1"}), 403, "permission_denied")


def test_a_quotation_is_revised_while_it_is_open(api: Api, asked: Asked, as_role: Any) -> None:
    customer, product = api.customer()["id"], api.product(tax_rate="0.13")
    line = {"product_id": product["id"], "quantity": "1"}
    made = api.ok("POST", "/quotations", {"customer_id": customer, "lines": [line], "note": "含运费"})
    path = "/quotations/{quotation_id}"
    whole = asked("GET", path, None, made["id"])
    dearer = asked("PATCH", path, {"lines": [line | {"quantity": "3"}], "version": whole["version"]}, made["id"])
    assert (dearer["amount_total"], dearer["version"]) == ("339.00", whole["version"] + 1)
    api.ok("PATCH", f"/products/{product['id']}", {"price": "500"})
    kept = asked("PATCH", path, {"note": None}, made["id"])
    after = asked("GET", path, None, made["id"])
    assert (kept["amount_total"], after["note"], after["lines"][0]["quantity"]) == ("339.00", None, "3.000")
    problem(api.patch(f"/quotations/{made['id']}", {"note": "x", "version": 1}), 409, "edit_conflict")
    emptied = api.patch(f"/quotations/{made['id']}", {"lines": []})
    assert "lines" in faults(problem(emptied, 422, "invalid_input"))
    api.ok("POST", f"/quotations/{made['id']}/order")
    problem(api.patch(f"/quotations/{made['id']}", {"note": "太晚了"}), 409, "quotation_state")
    problem(api.patch("/quotations/7", {"note": "x"}), 404, "not_found")
    problem(as_role("warehouse").patch(f"/quotations/{made['id']}", {"note": "x"}), 403, "permission_denied")


def test_the_stages_are_those_opportunities_move_along(api: Api, asked: Asked) -> None:
    stages = asked("GET", "/pipeline-stages")["items"]
    assert [row["position"] for row in stages] == sorted(row["position"] for row in stages)
    deal = api.ok("POST", "/opportunities", {"customer_id": api.customer()["id"], "name": "x", "amount": "1"})
    assert deal["stage"] == stages[0]["code"]
    lost = next(row["code"] for row in stages if row["kind"] == "lost")
    path = f"/opportunities/{deal['id']}/move"
    assert api.ok("POST", path, {"stage": lost, "lost_reason": "价格"})["stage_kind"] == "lost"


def test_the_logo_goes_in_as_base64(api: Api, asked: Asked) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(stream, "PNG")
    changed = asked("PATCH", "/company", {"logo": b64encode(stream.getvalue()).decode()})
    assert changed["logo_type"] == api.ok("GET", "/company")["logo_type"] == "image/png"
    for wrong in ("not base64!", b64encode(stream.getvalue()[:-20]).decode()):
        refused = api.patch("/company", {"logo": wrong})
        assert faults(problem(refused, 422, "invalid_input")) == {"logo": "not_a_logo"}
    assert asked("PATCH", "/company", {"logo": None})["logo_type"] is None


# A record by its address, one field of it, and where its list or itself is read.
SETTINGS = (
    ("/company", "name_english", "/company"),
    ("/payment-terms/{id}", "name", "/payment-terms"),
    ("/product-categories/{id}", "description", "/product-categories"),
    ("/accounts/{id}", "name", "/accounts"),
    ("/bank-accounts/{id}", "number", "/bank-accounts"),
)


def test_settings_are_not_written_over_what_was_saved_meanwhile(api: Api) -> None:
    api.ok("POST", "/product-categories", {"name": "Versions"})
    for path, field, read_at in SETTINGS:
        found = api.ok("GET", read_at)
        row = found["items"][0] if "items" in found else found
        here = path.format(**row) if "items" in found else path
        first = api.ok("PATCH", here, {field: "first", "version": row["version"]})
        assert (first[field], first["version"]) == ("first", row["version"] + 1), path
        stale = api.patch(here, {field: "second", "version": row["version"]})
        assert problem(stale, 409, "edit_conflict")["version"] == first["version"], path
        again = api.ok("GET", read_at)
        assert (again["items"][0] if "items" in again else again)[field] == "first", path
        api.ok("PATCH", here, {field: row[field]})
