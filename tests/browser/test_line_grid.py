"""The order grid is filled like a spreadsheet, and says beside the cell what is wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Desk, House, Office

PASTE = """(cell, text) => {
    const carried = new DataTransfer();
    carried.setData("text/plain", text);
    cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def sales(house: House, office: Office) -> Desk:
    """A seller before an empty order."""
    customer_id = house.world.customer(owner_id=house.ids["seller"])
    sales = office.at_work("sales")
    sales.open(f"/orders/new?customer_id={customer_id}")
    return sales


def _cell(desk: Desk, line: int, column: str) -> Locator:
    return desk.window.locator(f'[name="lines-{line}-{column}"]')


def test_a_pasted_block_grows_the_rows_and_finds_prices(sales: Desk) -> None:
    rows = [f"TEA\t{number}" for number in range(1, 8)]
    _cell(sales, 0, "product").evaluate(PASTE, "\r\n".join([*rows, "杭白菊 Chrysanthemum tea\t1,000\t90.50\t5", ""]))
    expect(_cell(sales, 6, "quantity")).to_have_value("7")
    expect(_cell(sales, 0, "price")).to_have_value("96.00")
    expect(_cell(sales, 7, "price")).to_have_value("90.50")
    expect(_cell(sales, 7, "discount_percent")).to_have_value("5")
    expect(_cell(sales, 8, "product")).to_have_value("")
    amounts = sales.window.locator("[data-amount]")
    expect(amounts.nth(6)).to_contain_text("672.00")
    expect(amounts.nth(7)).to_contain_text("85,975.00")


def test_what_is_no_product_or_number_stays_with_the_error_beside_it(sales: Desk) -> None:
    _cell(sales, 0, "product").evaluate(PASTE, "Moon dust\t2\nTEA\t2o")
    unknown, number = _cell(sales, 0, "product"), _cell(sales, 1, "quantity")
    expect(unknown).to_have_attribute("aria-invalid", "true")
    expect(unknown).to_have_value("Moon dust")
    expect(sales.window.locator("#lines-0-product-error")).to_contain_text("There is no such product")
    expect(sales.window.locator("#lines-1-quantity-error")).to_contain_text("Did you mean 20?")
    unknown.fill("BEEF")
    number.fill("20")
    expect(unknown).not_to_have_attribute("aria-invalid", "true")
    expect(sales.window.locator(".cell-err")).to_have_count(0)


def test_enter_arrows_and_alt_down(sales: Desk) -> None:
    press = sales.window.keyboard.press
    _cell(sales, 0, "product").fill("TEA")
    for column in ("quantity", "price", "discount_percent"):
        press("Enter")
        expect(_cell(sales, 0, column)).to_be_focused()
    press("Enter")
    expect(_cell(sales, 1, "product")).to_be_focused()
    press("Alt+ArrowDown")
    expect(_cell(sales, 1, "product")).to_have_value("TEA")
    _cell(sales, 1, "quantity").focus()
    press("ArrowUp")
    expect(_cell(sales, 0, "quantity")).to_be_focused()
    press("ArrowDown")
    expect(_cell(sales, 1, "quantity")).to_be_focused()


def test_a_short_line_says_so_while_typing(sales: Desk) -> None:
    _cell(sales, 0, "product").fill("BEEF")
    _cell(sales, 0, "quantity").fill("5")
    expect(sales.window.locator(".short-row")).to_contain_text("Short by 2")
