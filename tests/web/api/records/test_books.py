"""Manual entries and their reversal, account lines, periods, reports and what stood open on a day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.queries.reading import today
from tests.web.api.conftest import Api
from tests.web.api.records.conftest import Asked
from tests.web.api.test_refusals import faults, problem
from tests.world import World

ENTRY = "/journal-entries/{entry_id}"


@pytest.fixture
def accounts(api: Api) -> dict[str, int]:
    """Ids of accounts by role, or by code where they have none."""
    return {row["role"] or row["code"]: row["id"] for row in api.ok("GET", "/accounts")["items"]}


def entry_body(debit: int, credit: int, amount: str = "80.00", **values: Any) -> dict[str, Any]:
    lines = [{"account_id": debit, "debit": amount}, {"account_id": credit, "credit": amount}]
    return {"effective_on": today().isoformat(), "memo": "年会押金", "lines": lines, **values}


def plain_accounts(accounts: dict[str, int]) -> list[int]:
    """Accounts nothing but hands post on."""
    return [identity for name, identity in accounts.items() if name.isdigit()][:2]


def test_an_entry_is_previewed_posted_read_and_reversed_once(api: Api, asked: Asked, accounts: dict[str, int]) -> None:
    first, second = plain_accounts(accounts)
    body = entry_body(first, second)
    shown = api.ok("POST", "/journal-entries?preview=true", body)
    assert len(shown["effects"]) == 2
    posted = asked("POST", "/journal-entries", body | {"preview_digest": shown["digest"]})
    assert posted["amount"] == "80.00"
    whole = asked("GET", ENTRY, None, posted["id"])
    assert (whole["event"], whole["memo"], whole["reversed_by_id"]) == ("manual", "年会押金", None)
    assert [(line["debit"], line["credit"]) for line in whole["lines"]] == [("80.00", "0.00"), ("0.00", "80.00")]
    back = asked("POST", "/journal-entries/{entry_id}/reverse", {"memo": "记错了"}, posted["id"])
    assert asked("GET", ENTRY, None, posted["id"])["reversed_by_id"] == back["id"]
    assert asked("GET", ENTRY, None, back["id"])["reverses_id"] == posted["id"]
    problem(api.post(f"/journal-entries/{posted['id']}/reverse"), 409, "entry_reversed")


def test_what_is_not_posted(api: Api, as_role: Any, accounts: dict[str, int]) -> None:
    first, second = plain_accounts(accounts)
    uneven = entry_body(first, second)
    uneven["lines"][0]["debit"] = "81"
    assert problem(api.post("/journal-entries", uneven), 409, "entry_not_balanced")["difference"] == "1.00"
    kept = api.post("/journal-entries", entry_body(accounts["receivable"], second))
    assert faults(problem(kept, 422, "invalid_input")) == {"lines.0.account_id": "account_kept_by_documents"}
    wrong = entry_body(7, second) | {"memo": " "}
    assert faults(problem(api.post("/journal-entries", wrong), 422, "invalid_input")) == {
        "memo": "required", "lines.0.account_id": "account_unknown"
    }  # fmt: skip
    problem(api.post("/journal-entries", entry_body(first, second, effective_on="2001-01-01")), 409, "period_missing")
    typed = api.post("/journal-entries", entry_body(first, second, effective_on="1999-01-01"))
    assert faults(problem(typed, 422, "invalid_input")) == {"effective_on": "day_out_of_range"}
    for answer in (api.get("/journal-entries/7"), api.post("/journal-entries/7/reverse")):
        problem(answer, 404, "not_found")
    api.product("1")
    document = next(row for row in api.ok("GET", "/journal-entries")["items"] if row["event"] != "manual")
    problem(api.post(f"/journal-entries/{document['id']}/reverse"), 409, "entry_of_document")
    problem(as_role("sales").post("/journal-entries", entry_body(first, second)), 403, "permission_denied")
    problem(as_role("sales").get(f"/journal-entries/{document['id']}"), 403, "permission_denied")


def test_account_lines_run_to_the_balance_page_by_page(api: Api, asked: Asked, accounts: dict[str, int]) -> None:
    first, second = plain_accounts(accounts)
    for amount in ("1.00", "2.00", "3.00"):
        api.ok("POST", "/journal-entries", entry_body(first, second, amount))
    path, found, cursor = "/accounts/{account_id}/lines", [], ""
    while cursor is not None:
        page = asked("GET", path, None, first, query=f"?limit=2{cursor and '&cursor=' + cursor}")
        found += page["items"]
        cursor = page["next_cursor"]
    assert len({row["id"] for row in found}) == len(found) >= 3
    running = Decimal(0)
    for row in reversed(found):
        running += Decimal(row["debit"]) - Decimal(row["credit"])
        assert Decimal(row["balance"]) == running
    code = next(row["code"] for row in api.ok("GET", "/accounts")["items"] if row["id"] == first)
    balance = next(row for row in api.ok("GET", "/trial-balance")["items"] if row["account"] == code)
    assert Decimal(balance["balance"]) == running
    tomorrow = (today() + timedelta(days=1)).isoformat()
    assert api.ok("GET", f"/accounts/{first}/lines?from={tomorrow}")["items"] == []
    problem(api.get("/accounts/7/lines"), 404, "not_found")


def test_months_are_closed_and_opened_in_order(
    api: Api, world: World, asked: Asked, as_role: Any, accounts: dict[str, int]
) -> None:
    months = asked("GET", "/fiscal-periods", query=f"?fiscal_year={today().year}")["items"]
    assert [row["starts_on"] for row in months] == sorted((row["starts_on"] for row in months), reverse=True)
    month = next(row for row in months if row["starts_on"] <= today().isoformat() <= row["ends_on"])
    close, reopen = "/fiscal-periods/{period_id}/close", "/fiscal-periods/{period_id}/reopen"
    problem(as_role("sales").post(f"/fiscal-periods/{month['id']}/close"), 403, "permission_denied")
    assert asked("POST", close, {}, month["id"])["state"] == "closed"
    problem(api.post(f"/fiscal-periods/{month['id']}/close"), 409, "period_state")
    refused = api.post("/journal-entries", entry_body(*plain_accounts(accounts)))
    assert problem(refused, 409, "period_closed")["date"] == today().isoformat()
    [closed] = asked("GET", "/fiscal-periods", query="?state=closed")["items"]
    assert (closed["id"], closed["closed_by_id"]) == (month["id"], api.ok("GET", "/me")["id"])
    problem(api.post(f"/fiscal-periods/{month['id']}/reopen"), 409, "approval_required")
    world.approve("reopen_period", {"period_id": month["id"]}, "admin", "manager")
    assert asked("POST", reopen, {}, month["id"])["state"] == "open"
    problem(api.post(f"/fiscal-periods/{month['id']}/reopen"), 409, "period_state")
    for action in ("close", "reopen"):
        problem(api.post(f"/fiscal-periods/7/{action}"), 404, "not_found")


def test_reports_agree_with_the_ledger(api: Api, asked: Asked, as_role: Any) -> None:
    customer, product = api.customer()["id"], api.product("5")
    order = api.order(customer, {"product_id": product["id"], "quantity": "2"})
    api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    api.ok("POST", f"/sales-orders/{order['id']}/ship")
    sheet, result = asked("GET", "/balance-sheet"), asked("GET", "/profit-and-loss")
    assert (sheet["difference"], sheet["result"]) == ("0.00", result["result"])
    for part in (sheet["assets"], sheet["liabilities"], sheet["equity"], result["income"], result["expenses"]):
        assert Decimal(part["total"]) == sum(Decimal(item["amount"]) for item in part["items"])
    assert Decimal(result["income"]["total"]) >= 200
    before = asked("GET", "/profit-and-loss", query="?from=2020-01-01&to=2020-12-31")
    assert (before["income"], before["result"]) == ({"total": "0.00", "items": []}, "0.00")
    problem(as_role("sales").get("/balance-sheet"), 403, "permission_denied")


def test_open_invoices_add_up_to_the_aging(api: Api, asked: Asked, as_role: Any) -> None:
    customer, product = api.customer()["id"], api.product("9")
    for quantity in ("1", "2"):
        order = api.order(customer, {"product_id": product["id"], "quantity": quantity})
        api.ok("POST", f"/sales-orders/{order['id']}/confirm")
    api.ok("POST", "/payments", {"customer_id": customer, "amount": "50", "auto": True})
    for as_of in (today(), today() - timedelta(days=1), today() + timedelta(days=400)):
        query = f"?customer_id={customer}&as_of={as_of}"
        rows = asked("GET", "/open-invoices", query=query)["items"]
        totals = api.ok("GET", f"/aging{query}")["totals"]
        assert sum((Decimal(row["amount_open"]) for row in rows), Decimal(0)) == Decimal(totals["open"])
        late = api.ok("GET", f"/open-invoices{query}&overdue=true")["items"]
        assert len(late) == (len(rows) if as_of > today() else 0)
    problem(as_role("warehouse").get("/open-invoices"), 403, "permission_denied")


def test_a_fiscal_invoice_is_previewed_and_recorded(api: Api, asked: Asked, as_role: Any) -> None:
    order = api.order(api.customer()["id"], {"product_id": api.product("3")["id"], "quantity": "3"})
    [invoice] = api.ok("POST", f"/sales-orders/{order['id']}/confirm")["invoices"]
    path = f"/invoices/{invoice['id']}/fiscal"
    seen = api.ok("POST", f"{path}?preview=true", {"number": "2431"})
    assert {effect["kind"] for effect in seen["effects"]} == {"tax_point", "fiscal_invoice"}
    assert api.ok("GET", f"/invoices/{invoice['id']}")["fiscal_number"] is None
    answer = asked("POST", "/invoices/{invoice_id}/fiscal", {"number": "2431"}, invoice["id"])
    assert (answer["fiscal_number"], answer["tax_recognised"]) == ("2431", "39.00")
    shown = api.ok("GET", f"/invoices/{invoice['id']}")
    assert (shown["fiscal_number"], shown["fiscal_issued_on"]) == ("2431", answer["fiscal_issued_on"])
    stale = api.post(path, {"number": "2432", "was_number": None, "was_issued_on": None})
    assert problem(stale, 409, "changed_since")["number"] == "2431"
    was = {"was_number": "2431", "was_issued_on": answer["fiscal_issued_on"]}
    assert api.ok("POST", path, {"number": "2432", **was})["fiscal_number"] == "2432"
    problem(as_role("sales").post(path, {"number": "1"}), 403, "permission_denied")
    problem(api.post("/invoices/7/fiscal", {"number": "1"}), 404, "not_found")
    assert faults(problem(api.post(path, {}), 422, "invalid_input")) == {"number": "required"}
    api.ok("POST", f"/sales-orders/{order['id']}/cancel")
    problem(api.post(path, {"number": "2"}), 409, "invoice_credited")
