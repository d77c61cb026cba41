"""The search box by keyboard: focus from everywhere, lines while typing, arrows, Enter, Escape; without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.conftest import Desk, House, Office


@pytest.fixture
def desk(office: Office, house: House) -> Iterator[Desk]:
    for name in ("李明朗", "李明朗商行"):
        if not house.world.value("SELECT count(*) FROM customer WHERE name = :name", name=name):
            house.ids[name] = house.world.customer(name, owner_id=house.ids["seller"])
    desk = office.at_work("sales")
    desk.open("/orders")
    yield desk


def box(desk: Desk):  # type: ignore[no-untyped-def]
    return desk.window.get_by_role("combobox", name="Search")


def chosen(desk: Desk):  # type: ignore[no-untyped-def]
    return desk.window.locator("#found [aria-selected=true]")


def test_a_customer_by_initials_with_the_keyboard_alone(desk: Desk, house: House) -> None:
    desk.window.keyboard.press("/")
    expect(box(desk)).to_be_focused()
    expect(box(desk)).to_have_attribute("aria-expanded", "true")
    desk.window.keyboard.type("lml")
    expect(chosen(desk)).to_contain_text("李明朗")
    expect(box(desk)).to_have_attribute("aria-activedescendant", chosen(desk).get_attribute("id") or "")
    expect(chosen(desk).locator("mark")).to_have_text("李明朗")
    desk.window.keyboard.press("ArrowDown")
    expect(chosen(desk)).to_contain_text("李明朗商行")
    desk.window.keyboard.press("ArrowUp")
    desk.window.keyboard.press("Enter")
    desk.is_at(rf"/customers/{house.ids['李明朗']}")


def test_what_was_opened_stands_first_when_the_box_is_empty(desk: Desk, house: House) -> None:
    with desk.window.expect_response("**/search/opened"):
        desk.open(f"/customers/{house.ids['李明朗商行']}")
    desk.window.locator("main textarea").first.focus()
    desk.window.keyboard.press("Control+k")
    expect(box(desk)).to_be_focused()
    group = desk.window.get_by_role("group", name="Opened last")
    expect(group.get_by_role("option").first).to_contain_text("李明朗商行")


def test_commands_and_escape(desk: Desk) -> None:
    desk.window.keyboard.press("Control+k")
    desk.window.keyboard.type("new cust")
    expect(chosen(desk)).to_have_text("New customer…")
    desk.window.keyboard.press("Escape")
    expect(box(desk)).to_have_value("")
    desk.window.keyboard.press("Escape")
    expect(box(desk)).to_have_attribute("aria-expanded", "false")
    expect(desk.window.locator("#found")).to_be_hidden()
    desk.window.keyboard.press("Control+k")
    desk.window.keyboard.type("xjkh")
    expect(desk.window.locator("#found")).to_contain_text("“xjkh”")  # the answer to all of it
    expect(chosen(desk)).to_have_text("New customer…")
    desk.window.keyboard.press("Enter")
    desk.is_at("/customers/new")


def test_one_question_is_under_way_at_a_time(desk: Desk) -> None:
    """While an answer is awaited nothing else is asked; then what was typed last is, and nothing in between."""
    waiting: list[Route] = []
    asked: list[str] = []

    def hold_the_first(route: Route, request: Request) -> None:
        asked.append(request.url.partition("?q=")[2])
        if len(asked) == 1:
            waiting.append(route)
        else:
            route.continue_()

    desk.window.route("**/search/box?**", hold_the_first)
    with desk.window.expect_request("**/search/box?**"):
        desk.window.keyboard.press("Control+k")
    box(desk).press_sequentially("liming", delay=100)
    assert asked == [""]
    with desk.window.expect_response("**/search/box?q=liming"):
        waiting[0].continue_()
    assert asked == ["", "liming"]
    expect(chosen(desk)).to_contain_text("李明朗")


def test_on_a_phone_it_is_a_sheet_that_can_be_left(office: Office, house: House, desk: Desk) -> None:
    phone = office.signed_in("sales", viewport={"width": 390, "height": 844})
    box(phone).click()
    phone.window.keyboard.type("lml")
    expect(chosen(phone)).to_contain_text("李明朗")
    sheet = phone.window.locator("form.search").bounding_box()
    assert sheet and (sheet["x"], sheet["y"], sheet["width"], sheet["height"]) == (0, 0, 390, 844)
    phone.window.get_by_role("button", name="Close").click()
    expect(phone.window.locator("#found")).to_be_hidden()


def test_without_a_script_it_is_a_form(office: Office, desk: Desk, house: House) -> None:
    state = desk.window.context.storage_state()
    plain = office.desk(java_script_enabled=False, storage_state=state)
    plain.open("/orders")
    plain.window.locator("form.search input[name=q]").fill("minglang")
    plain.window.locator("form.search input[name=q]").press("Enter")
    plain.is_at(r"/search\?q=minglang")
    plain.link("李明朗商行")
    plain.is_at(rf"/customers/{house.ids['李明朗商行']}")
