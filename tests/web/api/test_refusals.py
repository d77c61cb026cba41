"""What the API refuses, how it says so, and that nothing was changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory.catalog import save_warehouse
from tests.web.api.conftest import Api
from tests.world import World


def problem(answer: Any, status: int, code: str) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = json.loads(answer.text)
    assert (body["code"], body["status"]) == (code, status)
    assert body["detail"] and body["title"]
    return body


def faults(body: Any) -> dict[str, str]:
    return {fault["field"]: fault["code"] for fault in body["errors"]}


def test_every_faulty_field_is_named_at_once(api: Api) -> None:
    body = {
        "customer_id": "abc",
        "requested_on": "2026-02-30",
        "colour": 1,
        "lines": [
            {"product_id": True, "quantity": "NaN"},
            {"quantity": 1e5, "unit_price": "1e3", "discount_percent": "10.00001"},
            {"product_id": 7, "quantity": False, "on_short": "maybe"},
        ],
    }
    assert faults(problem(api.post("/sales-orders", body), 422, "invalid_input")) == {
        "customer_id": "not_an_id",
        "requested_on": "not_a_date",
        "colour": "unknown_field",
        "lines.0.product_id": "not_an_id",
        "lines.0.quantity": "not_a_number",
        "lines.1.product_id": "required",
        "lines.1.unit_price": "not_a_number",
        "lines.1.discount_percent": "too_many_decimals",
        "lines.2.quantity": "not_a_number",
        "lines.2.on_short": "unknown_choice",
    }


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"quantity": 1e5}', "not_a_number"),
        ('{"quantity": NaN}', "not_a_number"),
        ('{"quantity": -Infinity}', "not_a_number"),
        ('{"quantity": 0.0001}', "too_many_decimals"),
        ('{"quantity": "99999999999999999999"}', "too_large"),
        ('{"quantity": 0}', "not_positive"),
        ('{"quantity": null}', "required"),
        ('{"quantity": ""}', "not_a_number"),
        ('{"quantity": "１２"}', "not_a_number"),
        ('{"quantity": []}', "not_a_number"),
    ],
)
def test_numbers_are_read_strictly(api: Api, raw: str, code: str) -> None:
    customer, product = api.customer(), api.product()
    line = raw.replace("{", f'{{"product_id": {product["id"]}, ', 1)
    answer = api.post(
        "/sales-orders", data=f'{{"customer_id": {customer["id"]}, "lines": [{line}]}}', content_type="application/json"
    )
    assert faults(problem(answer, 422, "invalid_input")) == {"lines.0.quantity": code}


@pytest.mark.parametrize("quantity", ["2.500", 2.5, 2])
def test_numbers_may_be_strings_or_json_numbers(api: Api, quantity: Any) -> None:
    customer, product = api.customer(), api.product()
    order = api.order(str(customer["id"]), {"product_id": str(product["id"]), "quantity": quantity})
    assert order["lines"][0]["amount_net"] == ("200.00" if quantity == 2 else "250.00")


def test_bodies_that_are_none(api: Api) -> None:
    form: dict[str, Any] = {"content_type": "application/json"}
    problem(api.post("/customers", data="{", **form), 400, "malformed_json")
    problem(api.post("/customers", data=b"\xff\xfe", **form), 400, "malformed_json")
    problem(api.post("/customers", data="[" * 100_000, **form), 400, "malformed_json")
    problem(api.post("/customers", data="[]", **form), 422, "invalid_input")
    problem(api.post("/customers", data="name=x", content_type="text/plain"), 415, "unsupported_media_type")
    problem(api.post("/customers", data=json.dumps({"name": "x" * 1_000_001}), **form), 413, "too_large_body")


def test_who_and_where(api: Api, app: Any) -> None:
    anonymous = Api(app.test_client(), None)
    refused = anonymous.get("/customers")
    problem(refused, 401, "not_signed_in")
    assert refused.headers["WWW-Authenticate"].lower().startswith("bearer")
    problem(Api(app.test_client(), "cht_wrong").get("/customers"), 401, "not_signed_in")
    problem(api.get("/nowhere"), 404, "not_found")
    problem(api.send("DELETE", "/customers"), 405, "method_not_allowed")


RECORDS = (
    "customers",
    "sales-orders",
    "invoices",
    "payments",
    "products",
    "quotations",
    "opportunities",
    "credit-notes",
)
ACTIONS = (
    "sales-orders/7/confirm",
    "sales-orders/7/ship",
    "sales-orders/7/cancel",
    "quotations/7/order",
    "payment-allocations/7/unmatch",
    "payments/7/allocations/7/unmatch",
    "stock-alerts/7/dismiss",
    "stock-alerts/7/restore",
)


def test_what_is_not_there(api: Api) -> None:
    for name in RECORDS:
        problem(api.get(f"/{name}/7"), 404, "not_found")
        problem(api.get(f"/{name}/99999999999999999999"), 404, "not_found")
    for action in ACTIONS:
        problem(api.post(f"/{action}"), 404, "not_found")
    problem(api.get("/customers/7/contacts"), 404, "not_found")
    problem(api.post("/payments/7/match", {"auto": True}), 404, "not_found")
    problem(api.post("/payments", {"customer_id": 7, "amount": "1"}), 404, "not_found")


def test_queries_are_read_as_strictly(api: Api) -> None:
    answer = api.get("/customers?ower_id=3&limit=0&cursor=x&owner_id=%00")
    assert faults(problem(answer, 422, "invalid_input")) == {
        "ower_id": "unknown_field",
        "limit": "out_of_range",
        "owner_id": "not_an_id",
    }
    for cursor in ("x", "bnVsbA", "WyJhIl0", "WyIxIiwiMiJd", "W10", "%00"):
        problem(api.get(f"/customers?cursor={cursor}"), 422, "invalid_input")


def test_a_duplicate_customer_names_the_one_there_is_and_its_owner(api: Api, as_role: Any) -> None:
    first = as_role("sales").customer(name="长江精密有限公司", phone="021 6841 0000")
    body = problem(api.post("/customers", {"name": "另一个", "phone": "+86 21-68410000"}), 409, "duplicate_customer")
    assert (body["customer_id"], body["owner"], body["same"]) == (first["id"], "Sales", ["phone"])
    problem(api.post("/customers", {"name": "长江精密（股份有限公司）"}), 409, "duplicate_customer")


def test_credit_is_checked_at_confirm(api: Api) -> None:
    customer, product = api.customer(credit_limit="1000"), api.product("100")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "10"})
    body = problem(api.post(f"/sales-orders/{order['id']}/confirm"), 409, "credit_exceeded")
    assert (body["credit_limit"], body["amount"], body["over"]) == ("1000.00", "1130.00", "130.00")
    assert api.ok("GET", f"/customers/{customer['id']}")["exposure"] == "0.00"
    level = api.level(product["id"])
    assert level["reserved"] == "0.000"


def test_money_rules_stand_beside_their_fields(api: Api) -> None:
    customer, product = api.customer(), api.product("9")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "1"})
    [invoice] = api.ok("POST", f"/sales-orders/{order['id']}/confirm")["invoices"]
    money = {"customer_id": customer["id"], "amount": "10"}
    part = {"invoice_id": invoice["id"], "amount": "5"}
    both = api.post("/payments", money | {"auto": True, "allocations": [part]})
    assert faults(problem(both, 422, "invalid_input")) == {"auto": "auto_with_allocations"}
    more = api.post("/payments", money | {"allocations": [part | {"amount": "11"}]})
    assert problem(more, 409, "allocation_exceeds_credit")["available"] == "10"
    over = api.post("/payments", money | {"amount": "500", "allocations": [part | {"amount": "200"}]})
    assert problem(over, 409, "allocation_exceeds_invoice")["open"] == "113.00"
    other = api.post("/payments", money | {"currency": "USD"})
    assert faults(problem(other, 422, "invalid_input")) == {"currency": "other_currency"}
    assert api.ok("GET", f"/customers/{customer['id']}")["balance"] == "113.00"


def test_an_opportunity_of_somebody_else_is_not_taken(api: Api) -> None:
    customer, other, product = api.customer(), api.customer(), api.product()
    deal = api.ok("POST", "/opportunities", {"customer_id": other["id"], "name": "x", "amount": 1})
    line = {"product_id": product["id"], "quantity": 1}
    for opportunity_id in (deal["id"], 7):
        body = {"customer_id": customer["id"], "opportunity_id": opportunity_id, "lines": [line]}
        answer = problem(api.post("/sales-orders", body), 422, "invalid_input")
        assert faults(answer) == {"opportunity_id": "opportunity_unknown"}


def test_figures_beyond_the_books_are_refused(api: Api) -> None:
    customer, product = api.customer(), api.product(price="99999999")
    line = {"product_id": product["id"], "quantity": "999999999"}
    body = {"customer_id": customer["id"], "lines": [line] * 3}
    assert faults(problem(api.post("/sales-orders", body), 422, "invalid_input")) == {
        f"lines.{index}.quantity": "figure_too_large" for index in range(3)
    }


def test_an_adjustment_may_name_several_warehouses_and_a_receipt_one(api: Api, world: World) -> None:
    product = api.product()
    level = api.level(product["id"])
    there = world.run(save_warehouse, {"code": "FAR", "name": "Far"})["id"]
    here = {"product_id": product["id"], "quantity": "3", "warehouse_id": level["warehouse_id"], "unit_cost": "7"}
    far = here | {"warehouse_id": there, "quantity": "2"}
    silent = {"product_id": product["id"], "quantity": "-1"}
    answer = api.ok("POST", "/stock-adjustments", {"reason": "count", "lines": [far, here, silent]})
    assert [line["warehouse_id"] for line in answer["lines"]] == [there, level["warehouse_id"], level["warehouse_id"]]
    assert [line["value"] for line in answer["lines"]] == ["14.00", "21.00", "-7.00"]
    assert [document["warehouse_id"] for document in answer["documents"]] == [there, level["warehouse_id"]]
    assert (answer["id"], answer["warehouse_id"]) == (answer["documents"][0]["id"], there)
    levels = api.ok("GET", f"/stock-levels?product_id={product['id']}")["items"]
    assert {row["warehouse_id"]: row["on_hand"] for row in levels} == {there: "2.000", level["warehouse_id"]: "2.000"}
    short = {"reason": "count", "lines": [here, far | {"quantity": "-3"}, silent | {"quantity": "-9"}]}
    refused = problem(api.post("/stock-adjustments", short), 409, "insufficient_stock")
    assert [(row["position"], row["short"]) for row in refused["shortages"]] == [(2, "1.000"), (3, "4.000")]
    unknown = {"reason": "count", "lines": [here, here | {"warehouse_id": 7}]}
    assert faults(problem(api.post("/stock-adjustments", unknown), 422, "invalid_input")) == {
        "lines.1.warehouse_id": "warehouse_unknown"
    }
    assert api.ok("GET", f"/stock-levels?product_id={product['id']}")["items"] == levels
    receipt = api.post("/stock-receipts", {"lines": [here, far]})
    assert faults(problem(receipt, 422, "invalid_input")) == {"lines.1.warehouse_id": "another_warehouse"}


@pytest.mark.parametrize("field", ["category_id", "supplier_id"])
def test_references_to_nothing_are_refused_by_field(api: Api, field: str) -> None:
    body = {"sku": f"REF-{field}", "name": "x", "price": "1", field: 7}
    assert list(faults(problem(api.post("/products", body), 422, f"{field[:-3]}_unknown"))) == [field]


def test_texts_that_a_database_cannot_hold(api: Api) -> None:
    for text in ("a\x00b", "\ud800", "\x1b[0m"):
        answer = api.post("/customers", {"name": text})
        assert faults(problem(answer, 422, "invalid_input")) == {"name": "unreadable_character"}


def test_a_stale_version_is_refused_with_what_stands_there(api: Api) -> None:
    customer = api.customer()
    changed = api.ok("PATCH", f"/customers/{customer['id']}", {"region": "华东", "version": customer["version"]})
    assert (changed["region"], changed["version"]) == ("华东", customer["version"] + 1)
    stale = api.patch(f"/customers/{customer['id']}", {"region": "华北", "version": customer["version"]})
    assert problem(stale, 409, "edit_conflict")["current"]["region"] == "华东"


def test_what_was_ordered_stays_won(api: Api) -> None:
    customer, product = api.customer(), api.product(stock="5")
    deal = api.ok("POST", "/opportunities", {"customer_id": customer["id"], "name": "x", "amount": 1})
    lines = [{"product_id": product["id"], "quantity": 1}]
    quotation = api.ok("POST", f"/opportunities/{deal['id']}/quotations", {"lines": lines})
    order = api.ok("POST", f"/quotations/{quotation['id']}/order")
    for body in ({"stage": "needs"}, {"stage": "lost", "lost_reason": "price"}):
        refused = problem(api.post(f"/opportunities/{deal['id']}/move", body), 409, "opportunity_ordered")
        assert refused["order"] == order["number"]
    api.ok("POST", f"/sales-orders/{order['id']}/cancel")
    moved = api.ok("POST", f"/opportunities/{deal['id']}/move", {"stage": "lost", "lost_reason": "price"})
    assert moved["stage_kind"] == "lost"


def test_a_code_that_is_taken_is_refused_beside_it(api: Api) -> None:
    first, second = api.customer(code="TAKEN-1"), api.customer()
    for answer in (
        api.post("/customers", {"name": "第三家", "code": "TAKEN-1"}),
        api.patch(f"/customers/{second['id']}", {"code": first["code"]}),
    ):
        assert faults(problem(answer, 409, "duplicate_code")) == {"code": "duplicate_code"}


def test_a_field_said_twice_is_refused(api: Api) -> None:
    raw = '{"name": "甲", "name": "乙"}'
    answer = api.send("POST", "/customers", data=raw, content_type="application/json")
    assert problem(answer, 400, "duplicate_field")["field"] == "name"
    nested = '{"customer_id": 1, "lines": [{"product_id": 1, "quantity": "1", "quantity": "2"}]}'
    answer = api.send("POST", "/sales-orders", data=nested, content_type="application/json")
    assert problem(answer, 400, "duplicate_field")["field"] == "quantity"


def test_a_confirmation_names_lines_of_its_order_once(api: Api) -> None:
    product = api.product("5")
    order = api.order(api.customer()["id"], {"product_id": product["id"], "quantity": "2"})
    [line], path = order["lines"], f"/sales-orders/{order['id']}/confirm"
    chosen = {"line_id": line["id"], "on_short": "refuse"}
    for second, code in (({"line_id": 7, "on_short": "back_order"}, "line_unknown"), (chosen, "named_twice")):
        answer = api.post(path, {"lines": [chosen, second]})
        assert faults(problem(answer, 422, "invalid_input")) == {"lines.1.line_id": code}
    assert api.ok("GET", f"/sales-orders/{order['id']}")["state"] == "draft"


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "9999-12-31"])
def test_days_of_documents_are_bounded_alike_everywhere(api: Api, day: str) -> None:
    customer, product = api.customer(), api.product()
    line = {"product_id": product["id"], "quantity": "1"}
    order = api.order(customer["id"], line)
    deal = api.ok("POST", "/opportunities", {"customer_id": customer["id"], "name": "x", "amount": "1"})
    quotation = api.ok("POST", f"/opportunities/{deal['id']}/quotations", {"lines": [line]})
    refused = {
        "requested_on": [
            api.post("/sales-orders", {"customer_id": customer["id"], "lines": [line], "requested_on": day}),
            api.patch(f"/sales-orders/{order['id']}", {"requested_on": day}),
        ],
        "expected_close_on": [api.patch(f"/opportunities/{deal['id']}", {"expected_close_on": day})],
        "valid_until": [api.patch(f"/quotations/{quotation['id']}", {"valid_until": day})],
        "received_on": [api.post("/payments", {"customer_id": customer["id"], "amount": "1", "received_on": day})],
    }
    for field, answers in refused.items():
        for answer in answers:
            assert faults(problem(answer, 422, "invalid_input")) == {field: "day_out_of_range"}


def test_a_quotation_is_not_changed_to_end_in_the_past(api: Api) -> None:
    product = api.product()
    deal = api.ok("POST", "/opportunities", {"customer_id": api.customer()["id"], "name": "x", "amount": "1"})
    line = {"product_id": product["id"], "quantity": "1"}
    quotation = api.ok("POST", f"/opportunities/{deal['id']}/quotations", {"lines": [line]})
    answer = api.patch(f"/quotations/{quotation['id']}", {"valid_until": "2020-01-01"})
    assert faults(problem(answer, 422, "invalid_input")) == {"valid_until": "in_the_past"}
    assert api.ok("GET", f"/quotations/{quotation['id']}")["valid_until"] == quotation["valid_until"]


def test_a_text_that_grows_when_it_is_compared_is_refused_beside_it(api: Api) -> None:
    answer = api.post("/customers", {"name": "Ligature", "tax_id": "ﷺ" * 40})
    assert faults(problem(answer, 422, "invalid_input")) == {"tax_id": "too_long"}
