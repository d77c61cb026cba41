"""Where an action is not possible now, the page says what it needs: to who may do it, in both languages."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from crm.models import QuotationState
from crm.orders.cancel import cancel_order
from crm.pricing import LineRequest
from crm.quotations import create_quotation, mark_quotation
from tests.web.pages_sell.conftest import Shop

_MAIN = re.compile(r'<ul class="refused.*?</ul>', re.S)
_LINE = re.compile(r"<li>.*?<b>(.*?)</b> (.*?)</span></li>", re.S)
_OFF = re.compile(r'<span class="off"><b>(.*?)</b><span class="sub">(.*?)</span></span>', re.S)


def said(shop: Shop, path: str, role: str = "admin", language: str = "en") -> dict[str, str]:
    """What a page says of each action that is not possible, under its head and in its menu."""
    answer = shop.client(role, language).get(path)
    assert answer.status_code == 200, path
    found = _MAIN.search(answer.text)
    pairs = [*_LINE.findall(found[0] if found else ""), *_OFF.findall(answer.text)]
    assert len(dict(pairs)) == len(pairs)
    return {html.unescape(action): html.unescape(text) for action, text in pairs}


@pytest.fixture(scope="module", autouse=True)
def more(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    ids["short"] = world.order(ids["other"], (ids["beef"], 500), (ids["tea"], 1))["id"]
    narrow = world.customer("Narrow", credit_limit=Decimal(50))
    ids["over"] = world.order(narrow, (ids["tea"], 1))["id"]
    none = world.product(stock=0, sku="NONE", name="None")
    empty = world.order(ids["other"], (none, 7), on_short="back_order")
    world.confirm(empty)
    ids["empty"] = empty["id"]
    full = world.order(ids["other"], (ids["tea"], 2))
    world.confirm(full)
    ids["untouched"] = full["id"]
    gone = world.order(ids["other"], (ids["tea"], 2))
    world.confirm(gone)
    world.ship(gone)
    ids["gone"] = gone["id"]
    dropped = world.order(ids["other"], (ids["tea"], 1))
    world.run(cancel_order, dropped["id"], reason="no")
    ids["dropped"] = dropped["id"]
    lines = [LineRequest(ids["tea"], Decimal(1))]
    ids["declined"] = world.run(create_quotation, customer_id=ids["customer"], lines=lines)["id"]
    world.run(mark_quotation, ids["declined"], QuotationState.DECLINED)
    then = world.context(now=world.context().now - timedelta(days=90))
    ids["expired"] = world.run(create_quotation, customer_id=ids["customer"], lines=lines, context=then)["id"]
    ids["paid_invoice"] = world.value("SELECT invoice_id FROM sales_order_invoice WHERE order_id = :id", id=ids["paid"])
    ids["open_invoice"] = world.value("SELECT invoice_id FROM sales_order_invoice WHERE order_id = :id", id=full["id"])
    ids["matched"] = world.value("SELECT id FROM payment WHERE amount_allocated = amount ORDER BY id LIMIT 1")


# What each state says, by the beginning of its sentence; a state that says nothing is ready for everything.
STATES: dict[str, tuple[str, dict[str, str]]] = {
    "a draft that stock covers": ("/orders/{draft}", {}),
    "a draft that stock does not cover": ("/orders/{short}", {"Confirm order…": "Stock does not cover BEEF −"}),
    "a draft over the limit": ("/orders/{over}", {"Confirm order…": "It goes over the credit limit by 58.48."}),
    "an order that waits for stock": (
        "/orders/{empty}",
        {"Ship": "7 units wait for stock.", "Return": "Nothing has left yet."},
    ),
    "an order that waits for a part": ("/orders/{waiting}", {"Return": "Nothing has left yet."}),
    "an order that can be shipped": ("/orders/{untouched}", {"Return": "Nothing has left yet."}),
    "a shipped order": ("/orders/{gone}", {"Cancel order": "Everything is shipped."}),
    "a cancelled order": ("/orders/{dropped}", {}),
    "an open quotation": ("/quotations/{sent}", {}),
    "an expired quotation": ("/quotations/{expired}", {"Order…": "It was valid until "}),
    "an ordered quotation": ("/quotations/{ordered}", {"Edit": "It is ordered: SO-"}),
    "a declined quotation": ("/quotations/{declined}", {"Order…": "It was declined."}),
    "an open invoice": ("/invoices/{open_invoice}", {"Credit note": "It comes from the order"}),
    "a paid invoice": (
        "/invoices/{paid_invoice}",
        {"Record payment": "Nothing is open any more.", "Credit note": "It comes from the order"},
    ),
    "a matched payment": ("/payments/{matched}", {"Refund…": "All of it is put on invoices."}),
    "an open opportunity": ("/opportunities/{deal}", {}),
    "a won opportunity": (
        "/opportunities/{won}",
        {"Mark as lost": "SO-", "Write quotation": "It is won."},
    ),
    "a lost opportunity": ("/opportunities/{lost}", {"Write quotation": "It is closed."}),
}


@pytest.mark.parametrize("state", STATES)
def test_a_page_says_what_an_action_needs(shop: Shop, state: str) -> None:
    path, wanted = STATES[state]
    found = said(shop, path.format(**shop.ids))
    assert found.keys() == wanted.keys(), found
    assert all(found[action].startswith(text) for action, text in wanted.items()), found
    chinese = said(shop, path.format(**shop.ids), language="zh")
    assert len(chinese) == len(found)
    assert all(re.search("[一-鿿]", text) for text in chinese.values()), chinese


def test_who_may_not_do_it_is_told_nothing_of_it(shop: Shop) -> None:
    assert said(shop, f"/orders/{shop.ids['short']}", role="warehouse") == {
        "Ship": "It is a draft; it has to be confirmed first."
    }
    assert said(shop, f"/invoices/{shop.ids['paid_invoice']}", role="sales").get("Record payment") is None


def test_an_expired_quotation_has_no_button_to_order(shop: Shop) -> None:
    order = f"/quotations/{shop.ids['expired']}?preview=1"
    assert order not in shop.client().get(f"/quotations/{shop.ids['expired']}").text
    assert f"/quotations/{shop.ids['sent']}?preview=1" in shop.client().get(f"/quotations/{shop.ids['sent']}").text
