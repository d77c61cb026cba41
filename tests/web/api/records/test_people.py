"""Contacts, addresses, activities and the timeline of a customer."""

from __future__ import annotations

from typing import Any

from core.queries.reading import today
from tests.web.api.conftest import Api
from tests.web.api.records.conftest import Asked
from tests.web.api.test_refusals import faults, problem

CONTACT = "/customers/{customer_id}/contacts/{contact_id}"
ADDRESS = "/customers/{customer_id}/addresses/{address_id}"


def test_a_contact_is_changed_in_part_and_archived(api: Api, asked: Asked) -> None:
    customer = api.customer()["id"]
    made = asked("POST", "/customers/{customer_id}/contacts", {"name": "李明", "title": "采购", "phone": "1"}, customer)
    changed = asked("PATCH", CONTACT, {"phone": "2", "version": made["version"]}, customer, made["id"])
    assert changed["version"] == made["version"] + 1
    asked("PATCH", CONTACT, {"is_active": False}, customer, made["id"])
    [contact] = asked("GET", "/customers/{customer_id}/contacts", None, customer)["items"]
    assert (contact["name"], contact["title"], contact["phone"]) == ("李明", "采购", "2")
    assert api.ok("GET", f"/customers/{customer}/contacts?is_active=true")["items"] == []


def test_contacts_and_addresses_refuse(api: Api, as_role: Any) -> None:
    customer, stranger = api.customer()["id"], api.customer()["id"]
    place = {"kind": "shipping", "street": "世纪大道 1 号"}
    for kind, body, change in (("contacts", {"name": "a"}, {"name": "b"}), ("addresses", place, {"street": "b"})):
        made = api.ok("POST", f"/customers/{customer}/{kind}", body)
        path = f"/customers/{customer}/{kind}/{made['id']}"
        stale = api.patch(path, change | {"version": made["version"] + 7})
        assert problem(stale, 409, "edit_conflict")["version"] == made["version"]
        problem(api.patch(f"/customers/{stranger}/{kind}/{made['id']}", change), 404, "not_found")
        problem(api.patch(f"/customers/{customer}/{kind}/7", change), 404, "not_found")
        problem(api.post("/customers/7/" + kind, body), 404, "not_found")
        problem(api.get("/customers/7/" + kind), 404, "not_found")
        problem(as_role("warehouse").patch(path, change), 403, "permission_denied")
        problem(as_role("warehouse").post(f"/customers/{customer}/{kind}", body), 403, "permission_denied")
        emptied = api.patch(path, dict.fromkeys(change, ""))
        assert set(faults(problem(emptied, 422, "invalid_input")).values()) == {"required"}
    wrong = api.post(f"/customers/{customer}/addresses", {"kind": "home", "street": "x", "country": "中国"})
    assert faults(problem(wrong, 422, "invalid_input")) == {"kind": "unknown_choice"}
    wrong = api.post(f"/customers/{customer}/addresses", place | {"country": "中国"})
    assert faults(problem(wrong, 422, "invalid_input")) == {"country": "unknown_country"}


def test_an_archived_address_is_taken_by_no_new_order(api: Api, asked: Asked) -> None:
    customer, product = api.customer(name="送货到哪里")["id"], api.product()
    line = {"product_id": product["id"], "quantity": "1"}
    paths = "/customers/{customer_id}/addresses"
    old = asked("POST", paths, {"kind": "shipping", "street": "旧仓库路 1 号", "city": "上海"}, customer)
    assert "旧仓库路" in ship_to(api, api.order(customer, line)["id"])
    asked("PATCH", ADDRESS, {"is_active": False}, customer, old["id"])
    assert "旧仓库路" not in ship_to(api, api.order(customer, line)["id"])
    new = asked("POST", paths, {"kind": "shipping", "street": "新仓库路 2 号", "country": "de"}, customer)
    asked("PATCH", ADDRESS, {"city": "Hamburg"}, customer, new["id"])
    shown = asked("GET", paths, None, customer, query="?is_active=true")["items"]
    assert [(row["street"], row["city"], row["country"]) for row in shown] == [("新仓库路 2 号", "Hamburg", "DE")]
    assert "新仓库路" in ship_to(api, api.order(customer, line)["id"])


def ship_to(api: Api, order_id: int) -> str:
    return api.ok("GET", f"/sales-orders/{order_id}")["ship_to"] or ""


def test_an_activity_is_planned_and_done_once(api: Api, asked: Asked, as_role: Any) -> None:
    customer, day = api.customer()["id"], today().isoformat()
    path = "/customers/{customer_id}/activities"
    planned = asked("POST", path, {"kind": "call", "subject": "报价跟进", "due_on": day}, customer)
    asked("POST", path, {"subject": "已经谈过"}, customer)
    [open_one] = asked("GET", "/activities", query=f"?customer_id={customer}&open=true")["items"]
    assert (open_one["id"], open_one["done_at"]) == (planned["id"], None)
    stale = api.post(f"/activities/{planned['id']}/done", {"version": planned["version"] + 1})
    problem(stale, 409, "edit_conflict")
    done = asked("POST", "/activities/{activity_id}/done", {"result": "接通"}, planned["id"])
    assert done["done_at"] and done["result"] == "接通"
    assert api.ok("POST", f"/activities/{planned['id']}/done")["done_at"] == done["done_at"]
    assert api.ok("GET", f"/activities?customer_id={customer}&open=true")["items"] == []
    stale = api.post(f"/activities/{planned['id']}/reopen", {"version": planned["version"]})
    problem(stale, 409, "changed_since")
    again = asked("POST", "/activities/{activity_id}/reopen", {"version": done["version"]}, planned["id"])
    assert (again["done_at"], again["version"]) == (None, done["version"] + 1)
    problem(api.post("/activities/7/done"), 404, "not_found")
    problem(api.post("/customers/7/activities", {"subject": "x"}), 404, "not_found")
    past = api.post(f"/customers/{customer}/activities", {"subject": "x", "due_on": "2020-01-01"})
    assert faults(problem(past, 422, "invalid_input")) == {"due_on": "in_the_past"}
    problem(as_role("warehouse").post(f"/customers/{customer}/activities", {"subject": "x"}), 403, "permission_denied")


def test_the_timeline_goes_on_by_its_cursor(api: Api, asked: Asked) -> None:
    customer = api.customer()["id"]
    for number in range(23):
        api.ok("POST", f"/customers/{customer}/activities", {"subject": f"note {number}"})
    path = "/customers/{customer_id}/timeline"
    first = asked("GET", path, None, customer)
    rest = api.ok("GET", f"/customers/{customer}/timeline", query_string={"cursor": first["next_cursor"]})
    assert [row["text"] for row in first["items"] + rest["items"]] == [f"note {n}" for n in range(22, -1, -1)]
    assert rest["next_cursor"] is None
    assert asked("GET", path, None, customer, query="?group=money")["items"] == []
    for cursor in ("x", "2026-01-01"):
        wrong = api.get(f"/customers/{customer}/timeline?cursor={cursor}")
        assert faults(problem(wrong, 422, "invalid_input")) == {"cursor": "bad_cursor"}
    problem(api.get("/customers/7/timeline"), 404, "not_found")


def test_the_search_shows_only_kinds_the_caller_may_see(api: Api, as_role: Any) -> None:
    customer = api.customer(name="找得到的公司")
    api.ok("POST", "/opportunities", {"customer_id": customer["id"], "name": "找得到的商机", "amount": "1"})
    asked = {"query_string": {"q": "找得到的"}}
    assert {hit["kind"] for hit in api.ok("GET", "/search", **asked)["items"]} == {"customers", "opportunities"}
    assert {hit["kind"] for hit in as_role("warehouse").ok("GET", "/search", **asked)["items"]} == {"customers"}
    [exact] = [hit for hit in api.ok("GET", f"/search?q={customer['code']}")["items"] if hit["exact"]]
    assert (exact["id"], exact["exact"]) == (customer["id"], True)
    assert faults(problem(api.get("/search"), 422, "invalid_input")) == {"q": "required"}
