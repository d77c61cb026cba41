"""Fiscal periods, bank accounts, finance tasks and product categories over HTTP."""

from __future__ import annotations

from typing import Any

from tests.web.api.conftest import Api
from tests.world import World


def codes_by_field(answer: Any) -> dict[str, str]:
    return {fault["field"]: fault["code"] for fault in answer.get_json()["errors"]}


def test_years_are_opened_and_months_closed(api: Api, world: World) -> None:
    months = api.ok("GET", "/fiscal-periods")["items"]
    last, first = months[0], months[-1]
    refused = api.post("/fiscal-years", {"fiscal_year": last["fiscal_year"]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "fiscal_year_exists")
    asked = {"fiscal_year": last["fiscal_year"] + 1}
    preview = api.ok("POST", "/fiscal-years?preview=true", asked)
    assert preview["effects"][0]["kind"] == "fiscal_year"
    opened = api.ok("POST", "/fiscal-years", asked | {"preview_digest": preview["digest"]})
    assert len(opened["periods"]) == 12
    assert len(api.ok("GET", f"/fiscal-periods?fiscal_year={asked['fiscal_year']}")["items"]) == 12
    path = f"/fiscal-periods/{first['id']}"
    assert api.ok("POST", f"{path}/close?preview=true")["effects"][0]["kind"] == "close_month"
    assert api.ok("POST", f"{path}/close")["state"] == "closed"
    assert [row["id"] for row in api.ok("GET", "/fiscal-periods?state=closed")["items"]] == [first["id"]]
    assert api.post(f"{path}/close").get_json()["code"] == "period_state"
    assert api.post(f"{path}/reopen").get_json()["code"] == "approval_required"
    world.approve("reopen_period", {"period_id": first["id"]}, "admin", "manager")
    assert api.ok("POST", f"{path}/reopen")["state"] == "open"


def test_bank_accounts(api: Api, as_role: Any) -> None:
    bank = api.ok("POST", "/bank-accounts", {"name": "招行", "number": "955"})
    listed = {row["id"]: row for row in api.ok("GET", "/bank-accounts")["items"]}
    assert listed[bank["id"]]["account"].startswith("1002.")
    path = f"/bank-accounts/{bank['id']}"
    assert api.ok("PATCH", path, {"name": "招商银行"})["number"] == "955"
    assert api.ok("PATCH", path, {"is_active": False})["is_active"] is False
    usual = next(row for row in listed.values() if row["is_default"])
    refused = api.patch(f"/bank-accounts/{usual['id']}", {"is_active": False})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "bank_account_is_default")
    assert as_role("sales").post("/bank-accounts", {"name": "x"}).status_code == 403
    assert as_role("sales").get("/bank-accounts").status_code == 200


def test_finance_tasks(api: Api) -> None:
    customer, product = api.customer(), api.product("5")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "1"})
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    api.ok("POST", f"/sales-orders/{order['id']}/cancel")
    api.ok("POST", "/payments", {"customer_id": customer["id"], "amount": "113", "reference": order["number"]})
    listing = f"/finance-tasks?customer_id={customer['id']}"
    [task] = api.ok("GET", f"{listing}&is_done=false")["items"]
    assert (task["origin"], task["amount"], task["kind"]) == (order["number"], "113.00", "payment_after_cancellation")
    path = f"/finance-tasks/{task['id']}"
    assert api.ok("POST", f"{path}/done", {"note": "退款"})["is_done"] is True
    [done] = api.ok("GET", f"{listing}&is_done=true")["items"]
    assert done["note"] == "退款" and done["done_at"]
    assert api.post(f"{path}/done").get_json()["code"] == "task_done"
    assert api.ok("POST", f"{path}/reopen")["is_done"] is False


def test_product_categories(api: Api) -> None:
    made = api.ok("POST", "/product-categories", {"name": "茶叶"})
    assert codes_by_field(api.post("/product-categories", {"name": "茶叶"})) == {"name": "duplicate_name"}
    product = api.product(category_id=made["id"])
    assert [row["id"] for row in api.ok("GET", f"/products?category_id={made['id']}")["items"]] == [product["id"]]
    path = f"/product-categories/{made['id']}"
    assert api.ok("PATCH", path, {"name": "茶"})["name"] == "茶"
    assert api.post(f"{path}/remove").get_json()["code"] == "category_in_use"
    api.ok("PATCH", f"/products/{product['id']}", {"category_id": None})
    api.ok("POST", f"{path}/remove")
    assert made["id"] not in [row["id"] for row in api.ok("GET", "/product-categories")["items"]]


def test_a_draft_keeps_what_a_change_does_not_name(api: Api) -> None:
    customer = api.customer()
    line = {"product_id": api.product("5")["id"], "quantity": "1"}
    texts = {"requested_on": "2026-12-01", "ship_to": "苏州工业园区 1 号", "carrier": "顺丰"}
    order = api.order(customer["id"], line, **texts)
    path = f"/sales-orders/{order['id']}"
    assert texts.items() <= api.ok("GET", path).items()
    api.ok("PATCH", path, {"note": "易碎"})
    assert texts.items() <= api.ok("GET", path).items()
    api.ok("PATCH", path, {"carrier": "德邦", "requested_on": None, "ship_to": None})
    changed = api.ok("GET", path)
    assert (changed["carrier"], changed["requested_on"]) == ("德邦", None)
    assert changed["ship_to"] != texts["ship_to"]
    refused = api.patch(path, {"requested_on": "2099-01-01"})
    assert codes_by_field(refused) == {"requested_on": "day_out_of_range"}
