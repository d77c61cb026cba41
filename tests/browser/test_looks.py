"""Main pages on a phone and a desk, light and dark, in both languages: nothing sticks out, nothing complains."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Office

WIDTHS = (390, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = {"zh": ("zh-CN", "客户"), "en": ("en", "Customers")}
PATHS = (
    "/",
    "/customers",
    "/opportunities",
    "/quotations",
    "/orders",
    "/orders/new",
    "/products",
    "/stock",
    "/payments/new",
    "/ledger",
    "/ledger/periods",
    "/ledger/tasks",
    "/payments/bank-accounts",
    "/products/categories",
)
SIDEWAYS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_fit(house: House, office: Office, language: str) -> None:
    code, customers = LANGUAGES[language]
    house.world.user(f"boss-{language}", "manager", "finance", "warehouse", "sales", language=language)
    person = office.signed_in(f"boss-{language}")
    for path in PATHS:
        person.open(path)
        expect(person.window.locator("html")).to_have_attribute("lang", code)
        expect(person.window.get_by_role("heading", level=1).first).to_be_visible()
        for width in WIDTHS:
            person.window.set_viewport_size({"width": width, "height": 844})
            _looks_right(person.window, f"{path} in {language}, {width} px")
    expect(person.window.locator("nav.side")).to_contain_text(customers)


def _looks_right(window: Page, name: str) -> None:
    """Light and dark follow the system: the same page is looked at in both."""
    backgrounds = []
    for scheme in SCHEMES:
        window.emulate_media(color_scheme=scheme)
        content, available = window.evaluate(SIDEWAYS)
        assert content <= available, f"{name}, {scheme}: the content is {content} px wide"
        backgrounds.append(window.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"))
    assert backgrounds[0] != backgrounds[1], f"{name} looks the same in the dark"
