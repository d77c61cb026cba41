"""The keys do what is declared, outside fields only, and not when they are switched off."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Desk, House, Office
from web.help.keys import GROUPS

TEMPLATES = Path(__file__).parents[2] / "templates"


def test_a_key_in_a_page_is_declared() -> None:
    """What carries a key that nobody declared would show it and do nothing."""
    declared = {key.keys for group in GROUPS for key in group.keys}
    used = set()
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'btn\([^{}]*?(?:key=|"pri", |"" if main else "pri", )"(.)"\)', text))
        used |= set(re.findall(r'data-key="(.)"', text))
    assert {"n", "e", "f", "p"} <= used <= declared


def _press(desk: Desk, *keys: str) -> None:
    for key in keys:
        desk.window.keyboard.press(key)


def test_g_and_a_letter_go_to_a_place(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    sales.open("/")
    _press(sales, "g", "c")
    sales.is_at("/customers")
    _press(sales, "g", "o")
    sales.is_at("/orders")
    _press(sales, "n")
    sales.is_at("/orders/new")


def test_rows_by_keyboard(house: House, office: Office) -> None:
    for number in range(3):
        house.world.customer(f"Row {number}", owner_id=house.ids["seller"])
    sales = office.at_work("sales")
    sales.open("/customers")
    _press(sales, "j", "j", "k", "x")
    rows = sales.window.locator("[data-row]")
    expect(rows.nth(0).locator("input[type=checkbox]")).to_be_checked()
    _press(sales, "Escape")
    expect(rows.nth(0).locator("input[type=checkbox]")).not_to_be_checked()
    sales.window.keyboard.press("/")
    expect(sales.window.locator("#search")).to_be_focused()
    sales.window.keyboard.type("gcj")
    expect(sales.window.locator("#search")).to_have_value("gcj")
    sales.is_at("/customers")


def test_a_field_is_edited_where_it_stands(house: House, office: Office) -> None:
    """Escape leaves it as it was; what is saved is that field alone, though the table is a form of its own."""
    customer = house.world.customer("Edited here", owner_id=house.ids["seller"], city="Suzhou")
    city = "SELECT city FROM customer WHERE id = :id"
    sales = office.at_work("sales")
    sales.open("/customers?q=Edited+here&col=name&col=city")
    pen, field = sales.window.locator("[data-edit]"), sales.window.locator("td [name=value]")
    pen.click()
    field.fill("Wuxi")
    field.press("Escape")
    expect(field).to_have_count(0)
    pen.click()
    field.fill("Nanjing")
    field.press("Enter")
    expect(sales.window.locator(".toast")).to_contain_text("Nanjing")
    assert house.world.value(city, id=customer) == "Nanjing"


def test_ctrl_z_takes_back_what_was_done_outside_fields_only(house: House, office: Office) -> None:
    customer = house.world.customer("Kept", owner_id=house.ids["seller"], city="Suzhou")
    city = "SELECT city FROM customer WHERE id = :id"
    sales = office.at_work("sales")
    sales.open(f"/customers/{customer}/edit")
    sales.window.locator("#city").fill("Nanjing")
    _press(sales, "Control+s")
    sales.is_at(f"/customers/{customer}")
    sales.window.locator("#subject").focus()
    _press(sales, "Control+z")
    expect(sales.window.locator("[data-undo]")).to_have_count(1)
    assert house.world.value(city, id=customer) == "Nanjing"
    sales.window.locator("body").evaluate("() => document.activeElement.blur()")
    _press(sales, "Control+z")
    expect(sales.window.locator(".toast")).to_contain_text("Taken back")
    assert house.world.value(city, id=customer) == "Suzhou"


def test_all_keys_stand_in_a_dialog_and_on_a_page(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    sales.open("/orders/new")
    _press(sales, "Escape")
    sales.window.locator("body").evaluate("() => document.activeElement.blur()")
    _press(sales, "?")
    expect(sales.dialog.get_by_text("Order lines")).to_be_visible()
    expect(sales.dialog.get_by_text("Next row")).to_be_hidden()
    _press(sales, "Escape")
    expect(sales.dialog).to_have_count(0)
    without = office.signed_in("sales", java_script_enabled=False)
    without.open("/help/keys")
    without.sees("Next row", "Order lines", "Customers")


def test_single_keys_can_be_switched_off(house: House, office: Office) -> None:
    house.world.user("quiet", "sales", language="en")
    quiet = office.signed_in("quiet")
    quiet.open("/help/keys")
    quiet.press("Switch single keys off")
    quiet.sees("Single keys are switched off.")
    quiet.open("/customers")
    _press(quiet, "g", "o")
    _press(quiet, "?")
    expect(quiet.dialog).to_have_count(0)
    quiet.is_at("/customers")


def test_control_s_keeps_an_order_as_a_draft(house: House, office: Office) -> None:
    house.world.customer("Keyed Ltd", owner_id=house.ids["seller"])
    customer_id = house.world.value("SELECT id FROM customer WHERE name = 'Keyed Ltd'")
    sales = office.at_work("sales")
    sales.open(f"/orders/new?customer_id={customer_id}")
    sales.fill(lines_0_product="TEA", lines_0_quantity="2")
    _press(sales, "Control+s")
    sales.is_at(r"/orders/\d+")
    sales.state("Draft")
