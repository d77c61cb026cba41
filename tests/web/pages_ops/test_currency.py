"""A company that keeps its books in another currency sees no yuan anywhere."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import url_for

from core.categories import save_category
from core.custom_fields.commands import create_field
from core.customers import save_address, save_contact
from core.units import save_unit
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from tests.database_server import Server
from tests.web.pages_ops.conftest import Books, Browser, application, browser, build
from tests.world import World

# Not looked at: files, answers to scripts, what works without a company, and what only leads on.
NO_PAGES = re.compile(
    r"/(assets|api|sign-in|setup|healthz|readyz)\b|\.css$|/logo$|/ledger/document/|/allocations/|/imports/templates/"
)

# Random letters may spell anything.
TOKENS = re.compile(r'(name="(?:csrf_token|idempotency_key)" value|data-token)="[^"]*"')

# What must be asked about something.
ASKED = {path: {"product": "TEA-1", "quantity": 1} for path in ("/orders/stock", "/stock/lookup")}


@pytest.fixture(scope="module")
def dollars(database_server: Server) -> Iterator[Books]:
    name = f"{database_server.template}_usd_{os.getpid()}"
    books = build(World.set_up(database_server.clone(name).app, currency="USD", tax_rate=Decimal("0.08")))
    world, ids = books.world, books.ids
    ids["opportunity"] = world.run(create_opportunity, ids["customer"], {"name": "Spring", "amount": Decimal(100)})[
        "id"
    ]
    request = LineRequest(ids["product"], Decimal(1))
    ids["quotation"] = world.run(create_quotation, opportunity_id=ids["opportunity"], lines=[request])["id"]
    ids["shipped"] = world.value("SELECT max(id) FROM sales_order WHERE shipping_status = 'shipped'")
    ids["draft"] = world.order(ids["customer"], (ids["product"], 2))["id"]
    address = {"kind": "shipping", "street": "1 Main St", "city": "Boise"}
    ids["address"] = world.run(save_address, ids["customer"], address)["id"]
    ids["contact"] = world.run(save_contact, ids["customer"], {"name": "Horst Kloss"})["id"]
    ids["category"] = world.run(save_category, {"name": "Beverages"})["id"]
    cheap = world.order(ids["customer"], (ids["product"], 2, None, 40))["id"]
    ids["request"] = world.ask("confirm_order", {"order_id": cheap}, "manager")["id"]
    amount = {"record_type": "customer", "key": "quota", "label": "Quota", "kind": "money", "preset": "5"}
    ids["field"] = world.run(create_field, amount)["id"]
    ids["unit"] = world.run(save_unit, {"name": "East", "kind": "region"})["id"]
    yield books
    world.database.dispose()
    database_server.drop(name)


def pages(books: Books) -> list[str]:
    """The address of every page that is looked at with GET, with records of this company for its arguments."""
    ids, world = books.ids, books.world
    values: dict[str, Any] = {
        "bank_account_id": world.value("SELECT id FROM bank_account WHERE is_default"),
        "role_id": world.value("SELECT min(id) FROM role"),
        "record_type": "sales_order",
        "record_id": ids["shipped"],
        "terms_id": world.value("SELECT min(id) FROM payment_terms"),
        "rule_id": world.value("SELECT id FROM approval_rule WHERE kind = 'adjustment'"),
        "period_id": world.value("SELECT min(id) FROM fiscal_period"),
        "account_id": ids["receivable"],
        "entry_id": ids["manual"],
        "invoice_id": ids["overdue"],
        "order_id": ids["waiting"],
        "source_id": ids["unmatched"],
        "user_id": books.actors["sales"].user_id,
        "kind": "payment",
        "language": "en",
        "paper_language": "en",
    }
    values |= {f"{name}_id": identity for name, identity in ids.items() if f"{name}_id" not in values}
    asked = ASKED | {"/payments/refunds/new": {"customer_id": ids["other"]}}
    app = application(books)
    with app.test_request_context():
        return sorted(
            {
                url_for(rule.endpoint, **{name: values[name] for name in rule.arguments}, **asked.get(rule.rule, {}))
                for rule in app.url_map.iter_rules()
                if "GET" in (rule.methods or ()) and not NO_PAGES.search(rule.rule) and rule.arguments <= values.keys()
            }
        )


def yuan_on(person: Browser, path: str) -> list[str]:
    """Where a page, or the text of a printed document, speaks of yuan."""
    response = person.get(path)
    if response.mimetype == "application/pdf":
        run = subprocess.run(["pdftotext", "-", "-"], input=response.data, capture_output=True, check=True)
        text = run.stdout.decode()
    else:
        text = TOKENS.sub("", response.get_data(as_text=True))
    assert response.status_code in (200, 302, 303, 409), f"{path}: {response.status_code}"
    return [f"{path}: …{text[hit.start() - 60 : hit.end() + 20]}…" for hit in re.finditer("¥|￥|CNY", text)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_speaks_of_yuan(dollars: Books, language: str) -> None:
    person = browser(dollars, "admin", language)
    order = f"/orders/{dollars.ids['draft']}"
    more = [f"{order}/edit", f"{order}?preview", f"/orders/{dollars.ids['shipped']}/return", "/search?q=quick"]
    addresses = [*pages(dollars), *more]
    found = [hit for path in addresses for hit in yuan_on(person, path)]
    assert not found, "\n".join(found)
    assert len(addresses) > 80


@pytest.mark.parametrize("who", ["manager", "sales", "finance", "warehouse"])
def test_no_home_speaks_of_yuan(dollars: Books, who: str) -> None:
    assert not [hit for language in ("en", "zh") for hit in yuan_on(browser(dollars, who, language), "/")]
