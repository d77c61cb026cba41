"""What somebody has typed is not lost with the connection, the window or the session; and is gone once it is saved."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Desk, House, Office

KEPT = "Object.entries(localStorage).filter(([key]) => key.startsWith('draft:')).map(([, text]) => text)"


def _kept(desk: Desk, count: int) -> list[str]:
    """What the browser keeps, once it is that many drafts."""
    desk.window.wait_for_function(f"() => {KEPT}.length === {count}")
    found: Any = desk.window.evaluate(f"() => {KEPT}")
    return list(found)


def test_a_submit_without_a_network_keeps_everything_and_tries_again(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    sales.open("/customers/new")
    sales.fill(name="Cut off Ltd", city="Ürümqi")
    sales.window.context.set_offline(True)
    sales.window.locator("main button.pri").first.click()
    alert = sales.window.get_by_role("alert")
    expect(alert).to_contain_text("Nothing was sent")
    expect(sales.window.locator("[name=name]")).to_have_value("Cut off Ltd")
    assert house.world.value("SELECT count(*) FROM customer WHERE name = 'Cut off Ltd'") == 0
    sales.window.context.set_offline(False)
    alert.get_by_role("button", name="Try again").click()
    sales.is_at(r"/customers/\d+")
    assert house.world.value("SELECT count(*) FROM customer WHERE name = 'Cut off Ltd'") == 1
    _kept(sales, 0)


def test_unsaved_input_is_offered_again(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    sales.open("/customers/new")
    sales.fill(name="Left open", note="half a sentence")
    _kept(sales, 1)
    sales.open("/customers")
    sales.open("/customers/new")
    bar = sales.window.get_by_role("status").filter(has_text="unsaved input")
    expect(bar).to_contain_text(re.compile(r"from \d\d:\d\d"))
    expect(sales.window.locator("[name=name]")).to_have_value("")
    sales.press("Restore")
    expect(sales.window.locator("[name=name]")).to_have_value("Left open")
    expect(sales.window.locator("[name=note]")).to_have_value("half a sentence")
    sales.open("/customers/new")
    sales.press("Discard")
    _kept(sales, 0)


def test_lines_come_back_too(house: House, office: Office) -> None:
    customer_id = house.world.customer("Lines Ltd", owner_id=house.ids["seller"])
    sales = office.at_work("sales")
    sales.open(f"/orders/new?customer_id={customer_id}")
    for line in range(5):
        sales.fill(**{f"lines_{line}_product": "TEA", f"lines_{line}_quantity": line + 1})
    sales.open("/customers")
    sales.open(f"/orders/new?customer_id={customer_id}")
    expect(sales.window.get_by_role("button", name="Restore")).to_be_visible()
    assert sales.window.evaluate("() => document.querySelector('table.grid').offsetWidth") > 500, "beside the offer"
    sales.press("Restore")
    expect(sales.window.locator('[name="lines-4-quantity"]')).to_have_value("5")


def test_a_refusal_keeps_what_was_typed_and_saving_forgets_it(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    sales.open("/customers/new")
    sales.fill(note="Refused once")
    sales.window.locator("main button.pri").first.click()
    expect(sales.window.locator("[name=name]")).to_have_attribute("aria-invalid", "true")
    expect(sales.window.get_by_role("status").filter(has_text="unsaved input")).to_have_count(0)
    _kept(sales, 1)
    sales.fill(name="Refused once")
    sales.window.locator("main button.pri").first.click()
    sales.is_at(r"/customers/\d+")
    _kept(sales, 0)


def test_another_person_is_not_shown_it_and_signing_out_forgets(house: House, office: Office) -> None:
    house.world.user("shared-1", "sales", language="en")
    desk = office.signed_in("shared-1")
    desk.open("/customers/new")
    desk.fill(name="Mine alone")
    _kept(desk, 1)
    desk.open("/customers")
    desk.window.locator("header.top details.menu").last.locator("summary").click()
    desk.window.get_by_role("button", name="Sign out").click()
    desk.is_at(r"/sign-in.*")
    _kept(desk, 0)


def test_a_password_is_never_kept(house: House, office: Office) -> None:
    house.world.user("secretive", "sales", language="en")
    desk = office.signed_in("secretive")
    desk.open("/account/password")
    for field in desk.window.locator("main input[type=password]").all():
        field.fill("never to be kept")
    desk.open("/customers/new")
    desk.fill(name="Kept")
    assert "never to be kept" not in "".join(_kept(desk, 1))
