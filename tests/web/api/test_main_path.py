"""From an opportunity to a paid invoice, by the API alone; the books balance at each step."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.web.api.conftest import Api


def assert_balanced(api: Api) -> None:
    balance = api.ok("GET", "/trial-balance")
    assert balance["balance"] == "0.00"
    assert balance["debit"] == balance["credit"]


def test_opportunity_to_paid(api: Api) -> None:
    customer = api.customer(credit_limit="10000")
    product = api.product("4")
    deal = api.ok("POST", "/opportunities", {"customer_id": customer["id"], "name": "十台", "amount": "1000"})
    assert deal["stage"] == "contact"
    line = {"product_id": product["id"], "quantity": "10", "discount_percent": "10"}
    quotation = api.ok("POST", f"/opportunities/{deal['id']}/quotations", {"lines": [line]})
    assert quotation["amount_total"] == "1017.00"
    order = api.ok("POST", f"/quotations/{quotation['id']}/order")
    assert (order["state"], order["amount_total"]) == ("draft", "1017.00")
    assert api.ok("GET", f"/opportunities/{deal['id']}")["stage"] == "won"

    refused = api.post(f"/sales-orders/{order['id']}/confirm")
    assert refused.status_code == 409
    problem = refused.get_json()
    assert problem["code"] == "insufficient_stock"
    [short] = problem["shortages"]
    assert (short["product_id"], short["sku"]) == (product["id"], product["sku"])
    assert (Decimal(short["requested"]), Decimal(short["available"]), Decimal(short["short"])) == (10, 4, 6)
    assert api.ok("GET", f"/sales-orders/{order['id']}")["state"] == "draft"
    assert_balanced(api)

    api.ok("POST", "/stock-receipts", {"lines": [{"product_id": product["id"], "quantity": 6, "unit_cost": "60"}]})
    assert_balanced(api)
    confirmed = api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    assert confirmed["state"] == "confirmed"
    [invoice] = confirmed["invoices"]
    assert (invoice["amount_total"], invoice["amount_open"]) == ("1017.00", "1017.00")
    assert_balanced(api)
    level = api.level(product["id"])
    assert [Decimal(level[name]) for name in ("on_hand", "reserved", "available")] == [10, 10, 0]

    shipped = api.ok("POST", f"/sales-orders/{order['id']}/ship")
    assert (shipped["state"], shipped["shipping_status"]) == ("done", "shipped")
    assert_balanced(api)
    owing = api.ok("GET", f"/customers/{customer['id']}")
    assert (owing["balance"], owing["payment_status"], owing["overdue"]) == ("1017.00", "unpaid", "0.00")

    payment = api.ok(
        "POST",
        "/payments",
        {
            "customer_id": customer["id"],
            "amount": "1017.00",
            "currency": "CNY",
            "received_on": owing["last_order_on"],
            "allocations": [{"invoice_id": invoice["id"], "amount": "1017.00"}],
        },
    )
    assert (payment["amount_unapplied"], len(payment["allocations"])) == ("0.00", 1)
    assert_balanced(api)
    assert_everything_paid(api, customer["id"], order, invoice["id"])


def assert_everything_paid(api: Api, customer_id: int, order: Any, invoice_id: int) -> None:
    paid = api.ok("GET", f"/customers/{customer_id}")
    assert (paid["balance"], paid["payment_status"], paid["overdue"]) == ("0.00", "paid", "0.00")
    assert paid["last_payment_on"] is not None
    whole = api.ok("GET", f"/sales-orders/{order['id']}")
    assert (whole["payment_status"], whole["invoice_status"], whole["amount_open"]) == ("paid", "invoiced", "0.00")
    assert Decimal(whole["lines"][0]["quantity_shipped"]) == 10
    assert Decimal(whole["lines"][0]["quantity_reserved"]) == 0
    assert len(whole["shipments"]) == len(whole["invoices"]) == 1
    invoice = api.ok("GET", f"/invoices/{invoice_id}")
    assert (invoice["payment_status"], invoice["amount_open"]) == ("paid", "0.00")
    entries = api.ok("GET", f"/journal-entries?origin={order['number']}")["items"]
    assert [entry["event"] for entry in entries] == ["confirm", "shipment", "tax_point", "payment"]
    for entry in entries:
        assert sum(Decimal(line["debit"]) - Decimal(line["credit"]) for line in entry["lines"]) == 0
    assert entries[0]["lines"][0]["account_role"] == "receivable"


def test_back_order_filled_by_receipt_and_partial_shipment(api: Api) -> None:
    customer, product = api.customer(), api.product("4")
    line = {"product_id": product["id"], "quantity": "10", "on_short": "back_order"}
    order = api.order(customer["id"], line)
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    [held] = api.ok("GET", f"/sales-orders/{order['id']}")["lines"]
    assert (Decimal(held["quantity_reserved"]), Decimal(held["quantity_back_ordered"])) == (4, 6)
    shipped = api.ok("POST", f"/sales-orders/{order['id']}/ship")
    assert shipped["shipping_status"] == "partial"
    api.ok("POST", "/stock-receipts", {"lines": [{"product_id": product["id"], "quantity": "6"}]})
    line_id = order["lines"][0]["id"]
    rest = api.ok("POST", f"/sales-orders/{order['id']}/ship", {"lines": [{"line_id": line_id, "quantity": "6"}]})
    assert (rest["state"], rest["shipping_status"]) == ("done", "shipped")


@pytest.mark.parametrize("auto", [True, False])
def test_overpaid_money_stays_unapplied_and_is_given_back(api: Api, auto: bool) -> None:
    customer, product = api.customer(), api.product("1")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "1"})
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    money = {"customer_id": customer["id"], "amount": "120"}
    payment = api.ok("POST", "/payments", money | ({"auto": True} if auto else {}))
    assert payment["amount_unapplied"] == ("7.00" if auto else "120.00")
    if not auto:
        matched = api.ok("POST", f"/payments/{payment['id']}/match", {"auto": True})
        assert matched["amount_unapplied"] == "7.00"
    allocation = api.ok("GET", f"/payments/{payment['id']}")["allocations"][0]
    unmatched = api.ok("POST", f"/payment-allocations/{allocation['id']}/unmatch", {"reason": "wrong one"})
    assert unmatched["amount_unapplied"] == "120.00"
    refunded = api.ok("POST", "/refunds", {"customer_id": customer["id"], "amount": "20"})
    assert refunded["amount_unapplied"] == "100.00"
    assert api.ok("GET", f"/customers/{customer['id']}")["balance"] == "13.00"
    assert api.ok("GET", f"/aging?customer_id={customer['id']}")["totals"]["balance"] == "13.00"
    assert_balanced(api)


def test_return_and_credit_after_payment(api: Api) -> None:
    customer, product = api.customer(), api.product("10")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "10"})
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    api.ok("POST", f"/sales-orders/{order['id']}/ship")
    api.ok("POST", "/payments", {"customer_id": customer["id"], "amount": "1130", "auto": True})
    line_id = order["lines"][0]["id"]
    back = {"lines": [{"line_id": line_id, "quantity": "3"}], "reason": "damaged"}
    returned = api.ok("POST", f"/sales-orders/{order['id']}/return", back)
    assert returned["amount_unapplied"] == "339.00"
    whole = api.ok("GET", f"/sales-orders/{order['id']}")
    assert [note["amount_total"] for note in whole["credit_notes"]] == ["339.00"]
    note = api.ok("GET", f"/credit-notes/{whole['credit_notes'][0]['id']}")
    assert (note["amount_unapplied"], len(note["lines"])) == ("339.00", 1)
    assert api.ok("GET", f"/credit-notes?customer_id={customer['id']}")["items"][0]["id"] == note["id"]
    assert_balanced(api)
