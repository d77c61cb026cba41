"""What people do on the sales pages: write, confirm, ship, move; and what they are told when it does not go."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from crm.orders.cancel import cancel_order
from tests.web.pages_sell.conftest import Shop
from tests.world import new_key


def digest_of(page: str) -> str:
    found = re.search(r'name="digest" value="([^"]+)"', page)
    assert found, "no preview on the page"
    return found[1]


def order_form(customer: str, *lines: tuple[str, str], **more: str) -> dict[str, Any]:
    data: dict[str, Any] = {"customer": customer, **more}
    for index, (product, quantity) in enumerate(lines):
        data |= {f"lines-{index}-product": product, f"lines-{index}-quantity": quantity}
    return data


# customers ------------------------------------------------------------------------------------------------------------
def test_a_customer_is_created_and_owned_by_who_writes_it(shop: Shop) -> None:
    answer = shop.post("/customers/new", {"name": "杭州云栖贸易有限公司", "country": "CN"}, role="sales")
    assert answer.status_code == 303
    owner = shop.world.value("SELECT owner_id FROM customer WHERE name = '杭州云栖贸易有限公司'")
    assert owner == shop.actors["sales"].user_id


def test_errors_stand_beside_the_field_and_what_was_typed_stays(shop: Shop) -> None:
    answer = shop.post("/customers/new", {"name": "", "email": "not-a-mail", "city": "苏州", "country": "CN"})
    assert answer.status_code == 422
    assert 'value="not-a-mail"' in answer.text and 'value="苏州"' in answer.text
    assert 'aria-invalid="true"' in answer.text and 'id="name-error"' in answer.text
    amount = shop.post("/customers/new", {"name": "X", "country": "CN", "credit_limit": "15o,000"})
    assert amount.status_code == 422
    assert 'value="15o,000"' in amount.text and "150,000" in amount.text


def test_a_duplicate_says_who_owns_it_and_leads_there(shop: Shop) -> None:
    answer = shop.post(
        "/customers/new", {"name": "Somebody else", "country": "CN", "phone": "051265871234"}, role="sales"
    )
    assert answer.status_code == 422
    assert "belongs to Sales1" in answer.text
    assert f'href="/customers/{shop.ids["customer"]}"' in answer.text


def test_sales_cannot_set_credit_by_a_forged_field(shop: Shop) -> None:
    path = f"/customers/{shop.ids['other']}/edit"
    shop.post(path, {"name": "QUICK-Stop", "country": "DE", "credit_limit": "999999"}, role="sales")
    assert shop.world.value("SELECT credit_limit FROM customer WHERE id = :id", id=shop.ids["other"]) is None


def test_an_edit_conflict_keeps_what_was_typed_and_shows_what_stands_there(shop: Shop) -> None:
    path = f"/customers/{shop.ids['other']}/edit"
    version = shop.world.value("SELECT version FROM customer WHERE id = :id", id=shop.ids["other"])
    form = {"name": "QUICK-Stop", "country": "DE", "version": str(version)}
    assert shop.post(path, {**form, "city": "Cunewalde"}).status_code == 303
    late = shop.post(path, {**form, "city": "Dresden"})
    assert late.status_code == 422
    assert 'value="Dresden"' in late.text and "Cunewalde" in late.text
    assert shop.world.value("SELECT city FROM customer WHERE id = :id", id=shop.ids["other"]) == "Cunewalde"
    again = re.search(r'name="version"[^>]*value="(\d+)"', late.text)
    assert again and shop.post(path, {**form, "city": "Dresden", "version": again[1]}).status_code == 303


def test_a_task_is_planned_and_done(shop: Shop) -> None:
    path = f"/activities/customers/{shop.ids['customer']}"
    assert shop.post(path, {"kind": "task", "subject": "Send samples"}, role="sales").status_code == 303
    task = shop.world.value("SELECT id FROM activity WHERE subject = 'Send samples' AND done_at IS NULL")
    assert "Send samples" in shop.client("sales").get("/activities").text
    assert shop.post(f"/activities/{task}/done", {"next": "//elsewhere"}, role="sales").location == "/activities"
    assert shop.world.value("SELECT done_at IS NOT NULL FROM activity WHERE id = :id", id=task)
    assert shop.post(path, {"kind": "note", "subject": ""}, role="sales").status_code == 422


def test_an_address_is_archived_and_taken_back(shop: Shop) -> None:
    customer, address = shop.ids["customer"], shop.ids["address"]
    path, record = f"/customers/{customer}/addresses/{address}", f"/customers/{customer}"
    form = {"kind": "shipping", "street": "人民路 1 号", "city": "苏州", "country": "CN"}
    assert shop.post(path, form, role="sales").status_code == 303
    assert "no longer used" in shop.client("sales").get(record).text
    assert 'name="is_active"' in shop.client("sales").get(path).text
    assert shop.post(path, {**form, "is_active": "y"}, role="sales").status_code == 303
    assert "no longer used" not in shop.client("sales").get(record).text
    assert shop.post(f"{record}/addresses/new", {**form, "street": "新路 2 号"}, role="sales").status_code == 303
    assert shop.world.value("SELECT is_active FROM address WHERE street = '新路 2 号'")


# orders ---------------------------------------------------------------------------------------------------------------
def test_an_order_is_written_by_names_and_confirmed_once(shop: Shop) -> None:
    before = shop.world.level(shop.ids["tea"])
    written = shop.post("/orders/new", order_form("SZCH", ("TEA", "3"), ("freight", "1"), confirm="1"), role="sales")
    assert written.status_code == 303
    path = written.location.split("?")[0]
    assert written.location.endswith("preview=confirm")
    preview = shop.client("sales").get(written.location).text
    assert "Reserve 1. 杭白菊" in preview and "Post a receivable" in preview
    assert shop.world.level(shop.ids["tea"]) == before
    data, key = {"digest": digest_of(preview)}, new_key()
    first = shop.post(f"{path}/confirm", data, role="sales", key=key)
    second = shop.post(f"{path}/confirm", data, role="sales", key=key)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location == path
    assert shop.world.level(shop.ids["tea"])["reserved"] == before["reserved"] + 3
    order_id = int(path.rsplit("/", 1)[1])
    assert shop.world.value("SELECT count(*) FROM sales_order_invoice WHERE order_id = :id", id=order_id) == 1
    page = shop.client("sales").get(path).text
    assert "Confirmed" in page and "Unpaid" in page


def test_double_submit_of_the_order_form_leads_to_the_first_order(shop: Shop) -> None:
    key, data = new_key(), order_form("SZCH", ("TEA", "1"))
    first, second = (shop.post("/orders/new", data, role="sales", key=key) for _ in range(2))
    assert first.location == second.location


def test_what_cannot_be_read_stays_in_its_cell(shop: Shop) -> None:
    data = order_form("nobody at all", ("no such thing", "2o"), ("TEA", ""))
    answer = shop.post("/orders/new", data, role="sales")
    assert answer.status_code == 422
    for text in (
        'value="nobody at all"',
        'value="no such thing"',
        'value="2o"',
        "Did you mean 20?",
        "No customer fits",
    ):
        assert text in answer.text, text
    assert answer.text.count('aria-invalid="true"') >= 4
    assert shop.post("/orders/new", order_form("SZCH"), role="sales").status_code == 422


def test_a_short_line_shows_numbers_and_ways_out_without_script(shop: Shop) -> None:
    data = order_form("SZCH", ("BEEF", "60"))
    looked = shop.post("/orders/new", {**data, "check": "1"}, role="sales")
    assert looked.status_code == 200
    for text in ("Short by 60.", "On hand", "Back-order 60", "Take the line out", 'value="back_order:0"'):
        assert text in looked.text, text
    taken = shop.post("/orders/new", {**data, "way": "back_order:0"}, role="sales").text
    assert "60 wait for the next receipt" in taken and '<option selected value="back_order">' in taken
    dropped = shop.post("/orders/new", {**data, "way": "drop:0"}, role="sales").text
    assert 'value="BEEF"' not in dropped


def test_confirming_a_short_order_names_the_line_and_offers_to_back_order(shop: Shop) -> None:
    written = shop.post("/orders/new", order_form("QUICK-Stop", ("BEEF", "7")), role="sales")
    path = written.location
    refused = shop.client("sales").get(f"{path}?preview=confirm").text
    assert "Mishi Kobe Niku short by 7" in refused and "short=back_order" in refused
    posted = shop.post(f"{path}/confirm", {}, role="sales")
    assert posted.status_code == 422 and "Mishi Kobe Niku short by 7" in posted.text
    preview = shop.client("sales").get(f"{path}?preview=confirm&short=back_order").text
    data = {"digest": digest_of(preview), "short": "back_order"}
    assert shop.post(f"{path}/confirm", data, role="sales").status_code == 303
    assert "Waits for stock" in shop.client("sales").get(path).text


def test_a_credit_refusal_says_by_how_much_and_what_would_help(shop: Shop) -> None:
    written = shop.post("/orders/new", order_form("SZCH", ("TEA", "2000")) | {"lines-0-on_short": "back_order"})
    text = shop.client("sales").get(f"{written.location}?preview=confirm").text
    assert "go over it by" in text and "ask finance for a higher limit" in text


def test_a_plan_that_changed_shows_the_new_preview(shop: Shop) -> None:
    path = shop.post("/orders/new", order_form("QUICK-Stop", ("TEA", "2"))).location
    answer = shop.post(f"{path}/confirm", {"digest": "0" * 64})
    assert answer.status_code == 422
    assert "Something changed since the preview" in answer.text and digest_of(answer.text)


def test_a_draft_conflict_shows_what_the_draft_holds_now(shop: Shop) -> None:
    path = shop.post("/orders/new", order_form("SZCH", ("TEA", "1"))).location
    data = order_form("SZCH", ("TEA", "8"), version="1")
    assert shop.post(f"{path}/edit", data).status_code == 303
    late = shop.post(f"{path}/edit", order_form("SZCH", ("TEA", "9"), version="1"))
    assert late.status_code == 422
    assert "Quantity: 8" in late.text and 'value="9"' in late.text


def test_shipping_part_then_returning_and_cancelling_by_page(shop: Shop) -> None:
    order = shop.world.order(shop.ids["other"], (shop.ids["tea"], 6))
    shop.world.confirm(order)
    line, path = order["lines"][0]["id"], f"/orders/{order['id']}"
    too_many = shop.post(f"{path}/ship", {f"quantity-{line}": "7"}, role="warehouse")
    assert too_many.status_code == 422 and "Only 6 are left to ship" in too_many.text and 'value="7"' in too_many.text
    preview = shop.client("warehouse").get(f"{path}/ship?preview=1&quantity-{line}=4&carrier=SF").text
    data = {"digest": digest_of(preview), f"quantity-{line}": "4", "carrier": "SF"}
    assert shop.post(f"{path}/ship", data, role="warehouse").status_code == 303
    assert shop.world.value("SELECT quantity_shipped FROM sales_order_line WHERE id = :id", id=line) == 4
    assert shop.post(f"{path}/return", {f"quantity-{line}": "1", "reason": "broken"}).status_code == 303
    assert shop.post(f"{path}/cancel", {f"quantity-{line}": "2"}).status_code == 303
    assert shop.world.value("SELECT state FROM sales_order WHERE id = :id", id=order["id"]) == "done"
    refused = shop.post(f"{path}/cancel", {f"quantity-{line}": "2"})
    assert refused.status_code == 422 and "Completed" in refused.text


def test_a_role_without_the_permission_is_stopped(shop: Shop) -> None:
    path = f"/orders/{shop.ids['waiting']}"
    assert shop.post(f"{path}/ship", {}, role="sales").status_code == 403
    assert shop.post(f"/orders/{shop.ids['draft']}/confirm", {}, role="warehouse").status_code == 403
    assert f"{path}/ship" not in shop.client("sales").get(path).text


def test_live_stock_answers_numbers_and_ways(shop: Shop) -> None:
    answer = shop.client("sales").get("/orders/stock?product=BEEF&quantity=500").json
    assert answer["tone"] == "bad" and answer["price"] == "680.00" and answer["amount"] == "340,000.00"
    assert {"on_hand", "reserved", "available", "back_ordered"} <= set(answer)
    assert answer["short"]["ways"][0][3] == "back_order:"
    assert shop.client("sales").get("/orders/stock?product=6900000000011").json["sku"] == "TEA"
    pasted = shop.client("sales").get("/orders/stock?product=TEA&quantity=1,000&discount_percent=5%25").json
    plain = shop.client("sales").get("/orders/stock?product=TEA&quantity=1000&discount_percent=5").json
    assert (pasted["faults"], pasted["amount"]) == ({}, plain["amount"]), "as a spreadsheet writes it"
    unknown = shop.client("sales").get("/orders/stock?product=nothing&quantity=2o").json
    assert unknown["code"] == "product_unknown" and "id" not in unknown
    assert unknown["faults"].keys() == {"product", "quantity"}
    assert shop.client("sales").get("/orders/products?q=mishi").json[0]["value"] == "BEEF Mishi Kobe Niku"


def test_carrier_day_and_address_of_a_draft_are_changed_and_taken_back(shop: Shop) -> None:
    form = order_form("SZCH", ("TEA", "1")) | {
        "carrier": "顺丰",
        "ship_to": "工业园区 1 号",
        "requested_on": "2026-12-01",
    }
    path = shop.post("/orders/new", form, role="sales").location
    order = int(path.split("?")[0].rsplit("/", 1)[1])
    texts = "SELECT carrier, ship_to, requested_on::text FROM sales_order WHERE id = :id"
    assert shop.world.rows(texts, id=order) == [("顺丰", "工业园区 1 号", "2026-12-01")]
    page = shop.client("sales").get(f"/orders/{order}/edit").text
    assert 'value="顺丰"' in page and "工业园区 1 号" in page
    form = order_form("SZCH", ("TEA", "1")) | {"carrier": "德邦", "ship_to": "", "requested_on": ""}
    form["version"] = "1"
    assert shop.post(f"/orders/{order}/edit", form, role="sales").status_code == 303
    carrier, ship_to, requested_on = shop.world.rows(texts, id=order)[0]
    assert (carrier, requested_on) == ("德邦", None)
    assert ship_to != "工业园区 1 号"


def test_totals_while_typing_are_the_servers(shop: Shop) -> None:
    part = shop.post("/orders/check", order_form("SZCH", ("TEA", "10")), role="sales").text
    assert "1,084.80" in part and "<html" not in part


# pipeline -------------------------------------------------------------------------------------------------------------
def test_a_move_names_what_is_missing_and_where_to_fill_it_in(shop: Shop) -> None:
    path = f"/opportunities/{shop.ids['deal']}"
    board = {"stage": "contract", "next": "/opportunities/board"}
    shop.post(f"{path}/move", {"stage": "needs"})
    refused = shop.post(f"{path}/move", board, role="sales")
    assert refused.status_code == 409
    assert "the budget, the schedule still missing" in refused.text and f'href="{path}/edit"' in refused.text
    changed = {"customer": "x", "name": "2026 年度供货", "amount": "260000", "budget": "100000", "schedule": "April"}
    assert shop.post(f"{path}/edit", changed, role="sales").status_code == 303
    assert shop.post(f"{path}/move", board, role="sales").location == "/opportunities/board"


def test_what_was_ordered_stays_won_until_the_order_is_cancelled(shop: Shop) -> None:
    path = f"/opportunities/{shop.ids['won']}"
    sql = "SELECT id, number FROM sales_order WHERE opportunity_id = :id"
    order_id, number = shop.world.rows(sql, id=shop.ids["won"])[0]
    assert "Move to another stage" not in shop.client("sales").get(path).text
    for data in ({"stage": "needs", "next": "/opportunities/board"}, {"stage": "needs"}):
        refused = shop.post(f"{path}/move", data, role="sales")
        assert refused.status_code == 409
        assert f"order {number} came of it" in refused.text and f"/ledger/document/{number}" in refused.text
    refused = shop.post(f"{path}/lose", {"lost_reason": "Price"}, role="sales")
    assert refused.status_code == 409 and f"order {number} came of it" in refused.text
    assert shop.world.value("SELECT stage_kind FROM opportunity WHERE id = :id", id=shop.ids["won"]) == "won"
    shop.world.run(cancel_order, order_id, reason="wrong customer")
    assert "Move to another stage" in shop.client("sales").get(path).text
    assert shop.post(f"{path}/move", {"stage": "needs"}, role="sales").status_code == 303
    assert shop.world.value("SELECT stage_kind FROM opportunity WHERE id = :id", id=shop.ids["won"]) == "open"


def test_losing_needs_a_reason(shop: Shop) -> None:
    data = {"customer": "SZCH", "name": "Summer", "amount": "100"}
    path = shop.post("/opportunities/new", data, role="sales").location
    refused = shop.post(f"{path}/lose", {"lost_reason": ""}, role="sales")
    assert refused.status_code == 422 and 'id="lost_reason-error"' in refused.text
    assert shop.post(f"{path}/lose", {"lost_reason": "Price"}, role="sales").status_code == 303
    assert "Lost: Price" in shop.client("sales").get(path).text


def test_a_quotation_is_written_ordered_and_then_stands(shop: Shop) -> None:
    data = {"customer": "SZCH", "name": "Winter", "amount": "2000"}
    deal = int(shop.post("/opportunities/new", data, role="sales").location.rsplit("/", 1)[1])
    form = order_form("", ("TEA", "20")) | {"opportunity_id": str(deal), "lines-0-discount_percent": "10"}
    path = shop.post("/quotations/new", form, role="sales").location
    preview = shop.client("sales").get(f"{path}?preview=1").text
    assert "Win the opportunity" in preview and "Missing: the budget, the schedule" in preview
    ordered = shop.post(f"{path}/order", {"digest": digest_of(preview)}, role="sales")
    assert ordered.status_code == 303 and "/orders/" in ordered.location
    assert shop.world.value("SELECT stage_kind FROM opportunity WHERE id = :id", id=deal) == "won"
    net = shop.world.value("SELECT amount_net FROM quotation WHERE id = :id", id=int(path.rsplit("/", 1)[1]))
    assert net == Decimal("1728.00")
    assert shop.client("sales").get(f"{path}/edit").status_code == 409
    again = shop.post(f"{path}/order", {}, role="sales")
    assert again.status_code == 422 and "stands as it is" in again.text


def test_a_quotation_comes_as_pdf_in_both_languages(shop: Shop) -> None:
    for language in ("zh", "en"):
        answer = shop.client("sales").get(f"/quotations/{shop.ids['sent']}/print/{language}")
        assert answer.mimetype in ("application/pdf", "text/html")
        assert answer.mimetype == "text/html" or answer.data.startswith(b"%PDF")
