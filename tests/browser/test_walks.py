"""Three everyday tasks by the keyboard, with every click and key counted: none may come to need more of them.

What is counted is what the browser hears from outside (trusted events), each letter typed too. Counts and seconds are
printed (`-s`); the seconds are those of hands that neither look nor think: what the pages themselves cost.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from playwright.sync_api import expect

from inventory.catalog import set_reorder_point
from tests.browser.conftest import Desk, House, Office
from tests.mailbox import deliver

COUNTING = """for (const kind of ["click", "keydown"]) {
    const hear = (event) => { if (event.isTrusted && (kind === "keydown" || event.detail)) counted(kind); };
    addEventListener(kind, hear, true);
}"""
PAYMENTS = 10
ALERTS = 5


@contextmanager
def _counted(office: Office, login: str, name: str, *, clicks: int, keys: int) -> Iterator[Desk]:
    """Somebody whose clicks and keys are counted: at most so many may be needed."""
    heard: Counter[str] = Counter()
    desk = office.at_work(login)
    desk.window.context.expose_binding("counted", lambda _source, kind: heard.update([kind]))
    desk.window.context.add_init_script(COUNTING)
    started = time.perf_counter()
    yield desk
    seconds = time.perf_counter() - started
    print(f"\n{name}: {heard['click']} clicks, {heard['keydown']} keys, {seconds:.1f} s")
    assert heard["click"] <= clicks
    assert 0 < heard["keydown"] <= keys


def test_a_customer_by_pinyin_and_an_order_for_three_products(house: House, office: Office) -> None:
    customer_id = house.world.customer("顺丰茶行", owner_id=house.ids["seller"])
    for sku in ("GREEN", "BLACK", "WHITE"):
        house.world.product(stock=50, price="20", sku=sku)
    with _counted(office, "sales", "pinyin to a confirmed order", clicks=0, keys=40) as sales:
        sales.open("/")
        keyboard = sales.window.keyboard
        keyboard.press("/")
        keyboard.type("sfch")
        expect(sales.window.locator("#found [aria-selected=true]")).to_contain_text("顺丰茶行")
        keyboard.press("Enter")
        sales.is_at(rf"/customers/{customer_id}")
        keyboard.press("o")
        sales.is_at(rf"/orders/new\?customer_id={customer_id}")
        for line, (sku, quantity) in enumerate((("GREEN", "12"), ("BLACK", "6"), ("WHITE", "3"))):
            expect(sales.window.locator(f'[name="lines-{line}-product"]')).to_be_focused()
            keyboard.type(sku)
            keyboard.press("Enter")
            keyboard.type(quantity)
            for _to_the_next_line in range(3 if line < 2 else 0):
                keyboard.press("Enter")
        keyboard.press("Control+Enter")
        expect(sales.dialog.locator(".effects")).to_contain_text("eserve")
        keyboard.press("Control+Enter")
        sales.is_at(r"/orders/\d+")
        sales.state("Confirmed")
    assert house.world.account(customer_id)["open_receivables"] == Decimal("474.60")  # 21 × 20 × 1.13


def test_ten_payments_are_matched(house: House, office: Office) -> None:
    for number in range(PAYMENTS):
        customer_id = house.world.customer(f"Payer {number}", owner_id=house.ids["seller"])
        order = house.world.confirm(house.world.order(customer_id, (house.ids["tea"], 1)))
        house.world.pay(customer_id, order["amount_total"], auto=False)
    with _counted(office, "finance", f"{PAYMENTS} payments matched", clicks=0, keys=PAYMENTS + 2) as finance:
        finance.open("/")
        finance.window.keyboard.press("m")
        for _number in range(PAYMENTS):
            expect(finance.window.locator("form[data-primary] button[value=accept]")).to_be_visible()
            with finance.window.expect_navigation():
                finance.window.keyboard.press("Enter")
        finance.sees("Everything is matched")
    assert house.world.value("SELECT count(*) FROM payment WHERE amount_unapplied > 0") == 0


def test_five_stock_alerts_are_answered(house: House, office: Office) -> None:
    for number in range(ALERTS):
        product_id = house.world.product(stock=2, sku=f"LOW-{number}")
        house.world.run(set_reorder_point, product_id, house.world.value("SELECT id FROM warehouse"), Decimal(10))
    deliver()
    assert house.world.value("SELECT count(*) FROM stock_alert WHERE closed_at IS NULL") == ALERTS
    with _counted(office, "warehouse", f"{ALERTS} stock alerts answered", clicks=0, keys=7) as warehouse:
        warehouse.open("/")
        keyboard = warehouse.window.keyboard
        keyboard.press("g")
        keyboard.press("l")
        warehouse.is_at("/stock/alerts")
        keyboard.press("r")
        warehouse.is_at(r"/stock/receipts/new\?.*")
        keyboard.press("Control+Enter")
        expect(warehouse.dialog).to_contain_text("+9 on hand")
        keyboard.press("Control+Enter")
        warehouse.is_at(r"/stock/documents/\d+")
    deliver()
    assert not house.world.value("SELECT count(*) FROM stock_alert WHERE closed_at IS NULL")
