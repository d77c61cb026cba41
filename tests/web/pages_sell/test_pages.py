"""Every page of the sales side answers for every role that may open it, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core import wire
from tests.web.pages_sell.conftest import ROLES, Shop
from web.effects import registered_effects
from web.permissions import required_permission
from web.sentences import registered_codes

ROOT = Path(__file__).parents[3]
PAGES = (
    "/",
    "/customers",
    "/customers?view=overdue",
    "/customers?q=szch",
    "/customers?view=credit&sort=-balance",
    "/customers/new",
    "/customers/{customer}",
    "/customers/{customer}?show=money",
    "/customers/{customer}/edit",
    "/customers/{customer}/contacts/new",
    "/customers/{customer}/contacts/{contact}",
    "/customers/{customer}/addresses/new",
    "/customers/{customer}/addresses/{address}",
    "/activities",
    "/activities?view=all",
    "/activities/customers/{customer}",
    "/opportunities",
    "/opportunities?view=lost&sort=-amount",
    "/opportunities/board",
    "/opportunities/board?owner=me",
    "/opportunities/{deal}",
    "/opportunities/{won}",
    "/opportunities/{lost}",
    "/opportunities/{deal}/edit",
    "/opportunities/new?customer_id={customer}",
    "/quotations",
    "/quotations?view=all&q=szch",
    "/quotations/{quotation}",
    "/quotations/{quotation}?preview=1",
    "/quotations/{sent}",
    "/quotations/{ordered}",
    "/quotations/{quotation}/edit",
    "/quotations/new?opportunity_id={deal}",
    "/quotations/new?customer_id={customer}",
    "/orders",
    "/orders?view=held",
    "/orders?view=to_ship&sort=requested",
    "/orders?view=unpaid",
    "/orders?view=overdue",
    "/orders?view=returned&customer_id={customer}",
    "/orders?q=SO-",
    "/orders/new?customer_id={customer}",
    "/orders/{draft}",
    "/orders/{draft}/edit",
    "/orders/{draft}?preview=confirm",
    "/orders/{shipped}",
    "/orders/{paid}",
    "/orders/{waiting}",
    "/orders/{cancelled}",
    "/orders/{waiting}/ship",
    "/orders/{waiting}/ship?preview=1",
    "/orders/{waiting}/cancel?preview=1",
    "/orders/{shipped}/return",
    "/orders/{shipped}/credit",
    "/orders/{draft}/print/zh",
    "/orders/{shipped}/print/en",
    "/quotations/{quotation}/print/en",
    "/search",
    "/search?q=mishi",
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", ROLES)
def test_pages_answer(shop: Shop, role: str, language: str) -> None:
    client = shop.client(role, language)
    for page in PAGES:
        path = page.format(**shop.ids)
        endpoint, _values = shop.app.url_map.bind("localhost").match(path.split("?")[0])
        allowed = shop.actors[role].may(required_permission(shop.app, str(endpoint), "GET"))
        answer = client.get(path)
        assert answer.status_code == (200 if allowed else 403), f"{role} {language} {path}: {answer.status_code}"


def test_a_missing_record_is_a_404(shop: Shop) -> None:
    for path in ("/customers/1", "/orders/1", "/quotations/1", "/opportunities/1", "/orders/1/edit", "/orders/1/ship"):
        assert shop.client().get(path).status_code == 404, path


def test_cursors_nobody_issued_are_ignored(shop: Shop) -> None:
    for path in ("/customers?after=zzz", "/orders?before=%%%", "/orders?after=WyJ4Iiwg", "/opportunities?after=W10"):
        assert shop.client().get(path).status_code == 200, path


def test_warehouse_sees_no_money(shop: Shop) -> None:
    page = shop.client("warehouse").get(f"/customers/{shop.ids['customer']}").text
    assert "What they owe" not in page
    assert "Last order" in shop.client("warehouse").get("/customers").text


def test_customer_is_found_by_initials_pinyin_and_phone(shop: Shop) -> None:
    for text in ("szch", "suzhou", "051265871234", "澄湖", "SZCH"):
        assert "苏州澄湖百货有限公司" in shop.client().get("/customers", query_string={"q": text}).text, text


def test_an_exact_number_jumps_to_the_record(shop: Shop) -> None:
    number = shop.world.value("SELECT number FROM sales_order WHERE id = :id", id=shop.ids["draft"])
    answer = shop.client().get("/search", query_string={"q": number.lower()})
    assert answer.status_code == 303
    assert answer.location == f"/orders/{shop.ids['draft']}"


def test_search_shows_only_what_the_role_may_see(shop: Shop) -> None:
    number = shop.world.value("SELECT number FROM opportunity WHERE id = :id", id=shop.ids["deal"])
    assert number in shop.client("sales").get("/search?q=澄湖").text
    assert number not in shop.client("warehouse").get("/search?q=澄湖").text


def test_statements_do_not_grow_with_rows(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[object] = []
    execute, exchange = psycopg.Cursor.execute, wire.exchange

    def count_one(*args: Any, **named: Any) -> Any:
        counted.append(args[1])
        return execute(*args, **named)

    def count_many(connection: Any, statements: Any, **named: Any) -> Any:
        sent = list(statements)
        counted.extend(sent)
        return exchange(connection, sent, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", count_one)
    monkeypatch.setattr(wire, "exchange", count_many)

    def cost(path: str) -> int:
        shop.client().get(path)
        counted.clear()
        assert shop.client().get(path).status_code == 200
        return len(counted)

    customer = shop.ids["other"]
    paths = ("/customers", "/orders", f"/customers/{customer}", "/", "/opportunities/board", "/quotations?view=all")
    before = {path: cost(path) for path in paths}
    for number in range(12):
        shop.world.customer(f"Customer {number} of many")
        shop.world.order(customer, (shop.ids["tea"], 1))
    assert {path: cost(path) for path in paths} == before
    assert max(before.values()) <= 21


def codes_of(*folders: str) -> set[str]:
    """Every code a refusal or a field of the domain may carry, read from the source."""
    codes = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    place = {"DomainError": 0, "FieldError": 0, "add": 1}.get(name)
                    if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                        codes.add(str(node.args[place].value))
    return codes


def test_every_refusal_of_the_sales_side_has_a_sentence(shop: Shop) -> None:
    codes = {code for code in codes_of("crm") if code.isidentifier() and code == code.lower()}
    codes |= {"duplicate_customer", "edit_conflict", "insufficient_stock", "credit_exceeded", "period_closed"}
    first_run = {"already_set_up", "unknown_currency"}
    assert not codes - registered_codes() - first_run


def test_every_effect_of_the_sales_side_has_a_line(shop: Shop) -> None:
    kinds = set()
    for folder in ("crm", "inventory", "finance"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("effect", "warn") and node.args:
                    kinds.add(getattr(node.args[0], "value", ""))
    elsewhere = {"payment", "match", "refund", "stock", "ledger_line", ""}
    assert not {str(kind) for kind in kinds} - registered_effects() - elsewhere
