"""The home page and the columns of a list are arranged by mouse, by keyboard, and without scripts; each way ends in the
same order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk, House, Office

CARDS = "#arrange section:nth-of-type(2) [data-arrange] > li"


def _order(desk: Desk) -> list[str]:
    found: list[str] = desk.window.locator(CARDS).evaluate_all(
        "items => items.filter(item => item.querySelector('input:checked')).map(item => item.id.slice(5))"
    )
    return found


def _at_home(desk: Desk) -> list[str]:
    found: list[str] = desk.window.locator("main section.card").evaluate_all(
        "cards => cards.map(card => card.getAttribute('aria-labelledby').slice(5).replaceAll('-', '_'))"
    )
    return found


def _back_to_the_start(desk: Desk) -> None:
    desk.open("/home/arrange")
    if desk.window.get_by_role("button", name="Back to the start set").count():
        desk.press("Back to the start set")
        desk.is_at("/home/arrange")


def test_by_keyboard(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    _back_to_the_start(sales)
    before = _order(sales)
    box = sales.window.locator(f"#card-{before[2]} input[type=checkbox]")
    box.focus()
    sales.window.keyboard.press("Alt+ArrowUp")
    sales.window.keyboard.press("Alt+ArrowUp")
    sales.window.keyboard.press("Alt+ArrowUp")
    wanted = [before[2], before[0], before[1], *before[3:]]
    assert _order(sales) == wanted
    expect(box).to_be_focused()
    expect(sales.window.locator("[data-moved]")).to_have_text("Not moved for 21 days is at place 1")
    sales.window.keyboard.press("Enter")
    sales.is_at("/")
    assert _at_home(sales) == wanted


def test_by_mouse_and_by_button(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    _back_to_the_start(sales)
    before = _order(sales)
    first, last = (sales.window.locator(f"#card-{name}") for name in (before[0], before[-1]))
    first.drag_to(last, target_position={"x": 40, "y": 40})
    dragged = [*before[1:], before[0]]
    assert _order(sales) == dragged
    sales.press("Move up: Follow up today")
    moved = [*dragged[:-2], dragged[-1], dragged[-2]]
    assert _order(sales) == moved
    sales.is_at("/home/arrange")
    sales.press("Save")
    sales.is_at("/")
    assert _at_home(sales) == moved


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_card_is_ticked_moved_and_saved(house: House, office: Office, javascript: bool) -> None:
    sales = office.signed_in("sales", java_script_enabled=javascript)
    _back_to_the_start(sales)
    sales.window.get_by_role("checkbox", name="My top customers this year").check()
    sales.window.get_by_role("checkbox", name="Has just paid").uncheck()
    sales.press("Move down: Follow up today")
    sales.press("Save")
    sales.is_at("/")
    cards = [card.get_attribute("aria-labelledby") for card in sales.window.locator("main section.card").all()]
    assert cards[:2] == ["card-stages", "card-follow-ups"]
    assert cards[-1] == "card-top-customers"
    assert "card-just-paid" not in cards


COLUMNS = "#columns [data-arrange] > li"


def _columns(desk: Desk) -> list[str]:
    found: list[str] = desk.window.locator(COLUMNS).evaluate_all(
        "items => items.filter(item => item.querySelector('input:checked')).map(item => item.id.slice(4))"
    )
    return found


def test_columns_by_mouse_by_keyboard_and_by_button(house: House, office: Office) -> None:
    sales = office.at_work("sales")
    sales.open("/customers?view=all&cols=city,country,code,industry")
    sales.window.locator("#columns > summary").click()
    box = sales.window.locator("#col-industry input")
    expect(sales.window.locator("#col-industry")).to_have_attribute("draggable", "true")
    box.focus()
    sales.window.keyboard.press("Alt+ArrowUp")
    sales.window.keyboard.press("Alt+ArrowUp")
    assert _columns(sales) == ["city", "industry", "country", "code"]
    expect(box).to_be_focused()
    sales.window.locator("#col-city").drag_to(sales.window.locator("#col-code"), target_position={"x": 40, "y": 20})
    assert _columns(sales) == ["industry", "country", "code", "city"]
    sales.press("Move up: City")
    assert _columns(sales) == ["industry", "country", "city", "code"]
    box.focus()
    sales.window.keyboard.press("Enter")
    sales.window.wait_for_url("**col=name&col=industry&col=country&col=city&col=code")
    assert _columns(sales) == ["industry", "country", "city", "code"]


def test_columns_without_a_script(house: House, office: Office) -> None:
    sales = office.signed_in("sales", java_script_enabled=False)
    sales.open("/customers?view=all&cols=city,country,code")
    sales.window.locator("#columns > summary").click()
    sales.press("Move down: City")
    assert _columns(sales) == ["country", "city", "code"]
    sales.press("Move down: City")
    assert _columns(sales) == ["country", "code", "city"]
