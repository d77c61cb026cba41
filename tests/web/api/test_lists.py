"""Lists: every row once, page by page; filters; search."""

from __future__ import annotations

from tests.web.api.conftest import Api
from tests.web.api.test_refusals import problem

LISTS = (
    "/customers", "/products", "/opportunities", "/quotations", "/sales-orders", "/invoices", "/credit-notes",
    "/payments", "/journal-entries", "/stock-levels", "/stock-documents", "/reorder-points", "/stock-alerts", "/users",
    "/accounts", "/suppliers", "/warehouses", "/shipments", "/stock-moves", "/activities", "/fiscal-periods", "/roles",
    "/pipeline-stages", "/open-invoices",
    "/accounts", "/bank-accounts", "/fiscal-periods", "/finance-tasks", "/product-categories",
)  # fmt: skip


def test_cursors_reach_every_row_once(api: Api) -> None:
    made = [api.customer(region="cursor")["id"] for _ in range(7)]
    found: list[int] = []
    cursor = ""
    while True:
        page = api.ok("GET", f"/customers?limit=3{cursor}")
        assert len(page["items"]) <= 3
        found += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(found) == len(set(found))
    assert set(made) <= set(found)


def test_journal_pages_by_origin_and_by_date(api: Api) -> None:
    customer, product = api.customer(), api.product("5")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "5"})
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    api.ok("POST", f"/sales-orders/{order['id']}/ship")
    for start in (f"/journal-entries?origin={order['number']}&limit=1", "/journal-entries?limit=2"):
        events, path = [], start
        for _ in range(3):
            page = api.ok("GET", path)
            events += [entry["event"] for entry in page["items"]]
            if page["next_cursor"] is None:
                break
            path = f"{start}&cursor={page['next_cursor']}"
        if "origin" in start:
            assert events == ["confirm", "shipment", "tax_point"]


def test_every_list_answers_items_and_cursor(api: Api) -> None:
    for path in LISTS:
        page = api.ok("GET", path)
        assert {"items", "next_cursor"} <= page.keys()


def test_customers_are_found_by_words_pinyin_and_phone(api: Api) -> None:
    made = api.customer(name="李明朗五金厂", phone="13800138000")
    for words in ("明朗", "limingl", "lmlwjc", "13800138", "五金 李", "LIMING"):
        assert [row["id"] for row in api.ok("GET", "/customers", query_string={"q": words})["items"]] == [made["id"]]
    assert api.ok("GET", "/customers", query_string={"q": "100%_"})["items"] == []


def test_reorder_points_and_alerts(api: Api) -> None:
    product = api.product("3")
    level = api.level(product["id"])
    assert level in api.ok("GET", f"/stock-levels?sku={product['sku']}")["items"]
    place = {"product_id": product["id"], "warehouse_id": level["warehouse_id"]}
    api.ok("POST", "/reorder-points", place | {"quantity": "5"})
    [point] = api.ok("GET", f"/reorder-points?product_id={product['id']}")["items"]
    assert (point["quantity"], point["available"]) == ("5.000", "3.000")
    problem(api.post("/reorder-points", place | {"quantity": "6", "was": None}), 409, "changed_since")
    api.ok("POST", "/reorder-points", place | {"quantity": None, "was": "5"})
    assert api.ok("GET", f"/reorder-points?product_id={product['id']}")["items"] == []


def test_contacts_of_a_customer(api: Api) -> None:
    customer = api.customer()
    made = api.ok("POST", f"/customers/{customer['id']}/contacts", {"name": "李明朗", "do_not_call": True})
    [contact] = api.ok("GET", f"/customers/{customer['id']}/contacts")["items"]
    assert (contact["id"], contact["name"], contact["do_not_call"]) == (made["id"], "李明朗", True)
