"""What people do on these pages: forms keep what was typed, refusals stand beside the field, money and stock move."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.web.pages_ops.conftest import Books, browser


def test_product_form_keeps_what_was_typed(books: Books) -> None:
    person = browser(books, "manager")
    person.get("/products/new")
    response = person.post("/products/new", sku="TEA-1", name="新茶", price="12o", kind="goods")
    assert response.status_code == 422
    assert 'value="12o"' in person.page
    assert "Did you mean 120?" in person.page
    response = person.post("/products/new", sku="TEA-1", name="新茶", price="120", kind="goods")
    assert response.status_code == 422
    assert "Another product has this code" in person.page
    assert 'value="新茶"' in person.page
    assert person.post("/products/new", sku="TEA-9", name="新茶", price="120", kind="goods").status_code == 303


def test_edit_conflict_shows_what_stands_there_now(books: Books) -> None:
    person = browser(books, "manager")
    address = f"/products/{books.ids['low']}/edit"
    person.get(address)
    version, values = person.hidden("version"), {"sku": "CHAI", "name": "Chai", "price": "5", "kind": "goods"}
    assert person.post(address, **values, version=version).status_code == 303
    person.get(address)
    response = person.post(address, **(values | {"name": "Chai 2"}), version=version)
    assert response.status_code == 422
    assert "You saved this record meanwhile, in another window." in person.page
    assert "As it stands now" in person.page and 'value="Chai 2"' in person.page
    assert person.post(address, **(values | {"name": "Chai 2"}), version=person.hidden("version")).status_code == 303


def test_reorder_point(books: Books) -> None:
    person = browser(books, "warehouse")
    address = f"/products/{books.ids['product']}"
    person.get(address)
    wrong = person.post(f"{address}/reorder-point", warehouse_id=books.ids["warehouse"], quantity="x1")
    assert wrong.status_code == 422
    assert 'value="x1"' in person.page
    person.post(f"{address}/reorder-point", warehouse_id=books.ids["warehouse"], quantity="40")
    points = books.world.value("SELECT quantity FROM reorder_point WHERE product_id = :id", id=books.ids["product"])
    assert points == 40


def test_adjustment_of_reserved_stock_is_refused_beside_the_line(books: Books) -> None:
    person = browser(books, "warehouse")
    person.get("/stock/adjustments/new")
    lines = {"reason": "盘点", "lines-1-product": "IKURA", "lines-1-quantity": "-2", "lines-0-product": ""}
    response = person.post("/stock/adjustments/new", step="preview", **lines)
    assert response.status_code == 422
    assert "what is reserved for orders cannot be taken out" in person.page
    assert 'id="lines-1-quantity-error"' in person.page
    assert 'value="-2"' in person.page


def test_receipt_by_preview_fills_waiting_orders(books: Books) -> None:
    person = browser(books, "warehouse")
    person.get("/stock/receipts/new")
    lines = {"lines-0-product": "IKURA", "lines-0-quantity": "10", "lines-0-price": "55"}
    assert person.post("/stock/receipts/new", step="preview", **lines).status_code == 200
    assert "Ikura: +10 on hand" in person.page
    back = re.findall(r'data-back="([^"]*)"', person.page)[0].replace("&amp;", "&")
    preview = person.page
    person.get(back)
    assert 'value="IKURA"' in person.page
    person.page = preview
    assert books.world.level(books.ids["short"])["on_hand"] == 3
    response = person.post("/stock/receipts/new", step="post", digest=True, idempotency_key="k1", **lines)
    assert response.status_code == 303
    level = books.world.level(books.ids["short"])
    assert (level["on_hand"], level["back_ordered"]) == (13, 0)


def test_ship_what_is_reserved(books: Books) -> None:
    person = browser(books, "warehouse")
    person.get("/shipments")
    assert "Ship…" in person.page
    address = f"/shipments/orders/{books.ids['waiting']}"
    assert person.get(address).status_code == 200
    assert "Ship now" in person.page
    response = person.post(address, digest=True, idempotency_key="k2")
    assert response.status_code == 303
    assert books.world.level(books.ids["short"])["on_hand"] == 0
    again = person.post(address, idempotency_key="k3")
    assert again.status_code == 422


def test_payment_by_page_is_matched_and_the_customer_changes(books: Books) -> None:
    person = browser(books, "finance")
    number = books.world.value("SELECT number FROM invoice WHERE id = :id", id=books.ids["overdue"])
    person.get("/payments/new")
    today = books.world.context().today.isoformat()
    first = {"customer": "quick", "amount": "200", "received_on": today, "reference": f"RE {number}"}
    assert person.post("/payments/new", step="find", **first).status_code == 200
    assert "The reference names this invoice" in person.page
    typed = dict(re.findall(r'name="(amount-\d+)" value="([^"]*)"', person.page))
    assert typed[f"amount-{books.ids['overdue']}"] == "200.00"
    whole = {**first, **typed, "customer": "QUICK-Stop", "customer_id": str(books.ids["customer"])}
    whole["customer_found"] = "QUICK-Stop"
    before = books.world.account(books.ids["customer"])
    assert person.post("/payments/new", step="preview", **whole).status_code == 200
    assert "Post payment" in person.page
    preview = person.page
    person.get(re.findall(r'data-back="([^"]*)"', preview)[0].replace("&amp;", "&"))
    assert f'value="RE {number}"' in person.page
    assert 'value="200.00"' in person.page
    person.page = preview
    assert person.post("/payments/new", step="post", digest=True, idempotency_key="p1", **whole).status_code == 303
    after = books.world.account(books.ids["customer"])
    assert after["open_receivables"] == before["open_receivables"] - 200


def test_payment_form_refusals_keep_the_amounts(books: Books) -> None:
    person = browser(books, "finance")
    person.get("/payments/new")
    field = f"amount-{books.ids['overdue']}"
    values = {
        "customer": "QUICK-Stop",
        "customer_found": "QUICK-Stop",
        "customer_id": str(books.ids["customer"]),
        "amount": "9000",
        "received_on": books.world.context().today.isoformat(),
        field: "8000",
    }
    assert person.post("/payments/new", step="preview", **values).status_code == 422
    assert 'value="8000"' in person.page
    assert "does not fit" in person.page
    assert person.post("/payments/new", step="find", **(values | {"customer": "nobody"})).status_code == 422
    assert "No customer fits" in person.page


def test_accept_then_unmatch_with_a_reason(books: Books) -> None:
    person = browser(books, "finance")
    person.get(f"/payments/match/payment/{books.ids['unmatched']}")
    amounts = dict(re.findall(r'type="hidden" name="(amount-\d+)" value="([^"]*)"', person.page))
    address = f"/payments/match/payment/{books.ids['unmatched']}"
    assert person.post(address, step="accept", idempotency_key="m1", **amounts).status_code == 303
    allocation = books.world.value(
        "SELECT id FROM payment_allocation WHERE payment_id = :id AND invoice_id IS NOT NULL",
        id=books.ids["unmatched"],
    )
    open_before = books.world.account(books.ids["other"])["open_receivables"]
    unmatch = f"/payments/allocations/{allocation}/unmatch"
    person.get(unmatch)
    assert person.post(unmatch, digest=True).status_code == 422
    assert 'id="reason-error"' in person.page
    response = person.post(unmatch, digest=True, reason="认错了", idempotency_key="m2")
    assert response.status_code == 303
    assert books.world.account(books.ids["other"])["open_receivables"] == open_before + Decimal(60)
    person.get(response.location)
    assert "认错了" in person.page
    assert person.get(unmatch).status_code == 404


def test_refund_of_more_than_the_credit_is_refused(books: Books) -> None:
    person = browser(books, "finance")
    credit = books.world.account(books.ids["other"])["unapplied"]
    person.get(f"/payments/refunds/new?customer_id={books.ids['other']}")
    values = {"customer_id": books.ids["other"], "refunded_on": books.world.context().today.isoformat()}
    assert person.post("/payments/refunds/new", step="preview", amount=str(credit + 1), **values).status_code == 422
    assert "Not refunded" in person.page
    values |= {"amount": "5", "idempotency_key": "r1"}
    assert person.post("/payments/refunds/new", step="preview", **values).status_code == 200
    assert person.post("/payments/refunds/new", step="post", digest=True, **values).status_code == 303
    assert books.world.account(books.ids["other"])["unapplied"] == credit - 5


def test_closed_month_refuses_a_payment_and_says_the_way_out(books: Books) -> None:
    person = browser(books, "finance")
    person.get("/ledger/periods")
    today = books.world.context().today
    period = books.world.value("SELECT id FROM fiscal_period WHERE :today BETWEEN starts_on AND ends_on", today=today)
    for (earlier,) in books.world.rows(
        "SELECT id FROM fiscal_period WHERE ends_on < :today ORDER BY starts_on", today=today
    ):
        person.post(f"/ledger/periods/{earlier}/close")
        person.get("/ledger/periods")
    assert person.post(f"/ledger/periods/{period}/close").status_code == 303
    person.get("/ledger/periods")
    assert person.post(f"/ledger/periods/{period}/close").status_code == 409
    assert "closed already" in person.page
    person.get("/payments/new")
    values = {
        "customer": "QUICK-Stop",
        "customer_found": "QUICK-Stop",
        "customer_id": str(books.ids["customer"]),
        "amount": "10",
        "received_on": today.isoformat(),
    }
    assert person.post("/payments/new", step="preview", **values).status_code == 422
    assert "is closed. Choose a date from" in person.page
    person.get("/ledger/periods")
    assert person.post(f"/ledger/periods/{period}/reopen").status_code == 409
    assert "needs a second person" in person.page
    books.world.approve("reopen_period", {"period_id": period}, person.who, "manager")
    person.get("/ledger/periods")
    assert person.post(f"/ledger/periods/{period}/reopen").status_code == 303


def test_manual_entry_and_its_reversal(books: Books) -> None:
    person = browser(books, "finance")
    accounts = dict(books.world.rows("SELECT code, id FROM account"))
    person.get("/ledger/entries/new")
    values = {
        "effective_on": books.world.context().today.isoformat(),
        "memo": "电费",
        "lines-0-account_id": str(accounts["5602"]),
        "lines-0-debit": "300",
        "lines-1-account_id": str(accounts["1122"]),
        "lines-1-credit": "300",
    }
    assert person.post("/ledger/entries/new", step="preview", **values).status_code == 422
    assert 'id="lines-1-account_id-error"' in person.page
    values["lines-1-account_id"] = str(accounts["1002"])
    assert person.post("/ledger/entries/new", step="preview", **values).status_code == 200
    response = person.post("/ledger/entries/new", step="post", digest=True, idempotency_key="e1", **values)
    assert response.status_code == 303
    person.get(response.location)
    assert "Reverse…" in person.page
    person.get(f"{response.location}/reverse")
    values = {"effective_on": books.world.context().today.isoformat(), "memo": "记错"}
    assert person.post(f"{response.location}/reverse", idempotency_key="e2", **values).status_code == 303
    assert person.post(f"{response.location}/reverse", idempotency_key="e3", **values).status_code == 422
    assert "reversed already" in person.page


def test_suppliers_and_warehouses(books: Books) -> None:
    person = browser(books, "manager")
    person.get("/suppliers/new")
    assert person.post("/suppliers/new", name="苏州茶业", country="China").status_code == 422
    assert 'value="苏州茶业"' in person.page
    assert person.post("/suppliers/new", name="苏州茶业", country="cn").status_code == 303
    assert person.post("/suppliers/new", name="苏州茶业", country="CN").status_code == 422
    person.get("/warehouses/new")
    assert person.post("/warehouses/new", code="SZ", name="又一个").status_code == 422
    assert person.post("/warehouses/new", code="HZ", name="杭州仓").status_code == 303
    assert books.world.value("SELECT count(*) FROM stock_level WHERE product_id = :id", id=books.ids["product"]) == 3


def test_customers_are_handed_over_before_their_owner_leaves(books: Books) -> None:
    person, world = browser(books, "admin"), books.world
    before, after = books.actors["sales"].user_id, books.actors["manager"].user_id
    customer = world.customer("Save-a-lot", owner_id=before)
    address = f"/users/{before}"
    person.get(address)
    assert "1 customer belongs to Sales." in person.page
    values = {"name": "Sales", "login": "sales", "language": "en", "roles": "sales"}
    refused = person.post(address, version=person.hidden("version"), **values)
    assert refused.status_code == 422 and 'id="is_active-error"' in person.page
    assert "Sales still owns 1 customer. Hand it over first" in person.page
    nobody = person.post(f"{address}/hand-over", to_user_id="")
    assert nobody.status_code == 422 and 'id="to_user_id-error"' in person.page and 'value="sales"' in person.page
    assert person.post(f"{address}/hand-over", to_user_id=str(after)).status_code == 303
    assert world.value("SELECT owner_id FROM customer WHERE id = :id", id=customer) == after
    person.get(address)
    assert "Hand all customers to" not in person.page
    assert person.post(address, version=person.hidden("version"), **values).status_code == 303
    assert not world.value("SELECT is_active FROM app_user WHERE id = :id", id=before)


def test_a_fiscal_invoice_is_recorded_on_the_invoice(books: Books) -> None:
    person, address = browser(books, "finance"), f"/invoices/{books.ids['overdue']}"
    person.get(address)
    assert "not issued" in person.page
    wrong = person.post(f"{address}/fiscal", number="", issued_on="2026-13-01", step="preview")
    assert wrong.status_code == 422 and 'id="number-error"' in person.page and 'value="2026-13-01"' in person.page
    values = {"number": "24312000000123456789", "issued_on": str(books.world.context().today)}
    assert person.post(f"{address}/fiscal", **values, step="preview").status_code == 200
    assert "Deferred VAT falls due" in person.page and "26.00" in person.page
    assert books.world.value("SELECT fiscal_number FROM invoice WHERE id = :id", id=books.ids["overdue"]) is None
    assert person.post(f"{address}/fiscal", **values, step="post", digest=True).status_code == 303
    person.get(address)
    assert "24312000000123456789" in person.page and "Correct number or day" in person.page
    sales = browser(books, "sales")
    sales.get(address)
    assert "Record fiscal invoice" not in sales.page


def test_payment_terms_and_accounts_are_added_and_archived_on_their_pages(books: Books) -> None:
    person = browser(books, "admin")
    person.get("/settings/terms/new")
    wrong = person.post("/settings/terms/new", name="45 days", code="", days="x")
    assert wrong.status_code == 422 and 'value="45 days"' in person.page
    assert (
        person.post("/settings/terms/new", name="45 days", name_zh="45 天", code="net45", days="45").status_code == 303
    )
    terms = books.world.value("SELECT id FROM payment_terms WHERE code = 'net45'")
    person.get("/customers/new")
    assert "45 days" in person.page
    assert person.post(f"/settings/terms/{terms}", name="Net 45", name_zh="45 天").status_code == 303
    person.get("/settings/terms")
    assert "Net 45" in person.page and "Archived" in person.page
    person.get("/customers/new")
    assert "Net 45" not in person.page
    person.get("/ledger/accounts/new")
    values = {"code": "5602.07", "name": "Courier", "name_zh": "快递费", "kind": "expense"}
    assert person.post("/ledger/accounts/new", **values).status_code == 303
    refused = person.post("/ledger/accounts/new", **values)
    assert refused.status_code == 422 and 'id="code-error"' in person.page
    account = books.world.value("SELECT id FROM account WHERE code = '5602.07'")
    person.get(f"/ledger/accounts/{account}/edit")
    assert person.post(f"/ledger/accounts/{account}/edit", **(values | {"name": "Post"})).status_code == 303
    assert books.world.rows("SELECT name, is_active FROM account WHERE id = :id", id=account) == [("Post", False)]
    used = f"/ledger/accounts/{books.ids['receivable']}/edit"
    person.get(used)
    assert person.post(used, **(values | {"code": "1122", "kind": "asset"})).status_code == 422
    assert "own postings go there" in person.page
