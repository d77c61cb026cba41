"""No page breaks WCAG 2.2 AA as far as a program can see, in any language, theme and width; none scrolls sideways.

Here each page is looked at once, each combination on some of them; `./manage drill axe` looks at all pages in all
combinations. A page that is new is found by its route; if it shows a record the test company has none of, the test
says which.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from core import mail
from core.context import Context
from core.imports.commands import check_import, pause_import
from core.lists import bulk
from core.lists.saved import save_view
from core.permissions import ROLES
from core.smtp import MailServer
from core.talk.comments import write_comment
from core.talk.files import Sent, add_files
from core.units import save_unit
from tests.browser.walk import Address, Walk
from tests.imports.conftest import Importer
from tests.security.conftest import app, world
from tests.world import PASSWORD, World

__all__ = ["app", "world"]

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
RUN = """() => Promise.race([axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    resultTypes: ['violations'], rules: {'target-size': {enabled: true}},
}), new Promise((_, fail) => setTimeout(() => fail(new Error("axe has not ended")), 60_000))])"""
WEAR = """([theme, contrast]) => {
    Object.assign(document.documentElement.dataset, {theme, contrast});
}"""
SIDEWAYS = """density => {
    document.documentElement.dataset.density = density;
    return document.documentElement.scrollWidth;
}"""
WIDEST = """limit => [...document.querySelectorAll("body *")]
    .filter(part => part.checkVisibility() && part.getBoundingClientRect().right > limit + 1)
    .filter(part => ![...document.querySelectorAll("body *")].some(
        around => around !== part && around.contains(part) && getComputedStyle(around).overflowX !== "visible"))
    .slice(0, 3).map(part => part.outerHTML.slice(0, 120))"""
LANGUAGES = ("zh", "en")
THEMES = {"light": ("light", "normal"), "dark": ("dark", "normal"), "high": ("light", "high")}
WIDTHS = (1280, 390)
NARROWEST = 360
HEIGHT, TALLEST = 844, 12_000
DENSITIES = ("compact", "normal", "roomy")
COMBINATIONS = tuple(product(LANGUAGES, THEMES, WIDTHS))
FEWEST_PAGES = 110
# Pages of nobody in particular.
OUTSIDE = ("/sign-in", "/sign-in/forgot", "/sign-in/reset", "/no-such-page")
# Routes that are no page, or one only in the middle of something; whoever adds one says why.
NO_PAGE = {
    "/account/authenticator/picture": "an image, while an authenticator is set up",
    "/settings/logo": "an image",
    "/orders/stock": "an answer to a script",
    "/stock/lookup": "an answer to a script",
    "/imports/<int:batch_id>/refused": "a file",
    "/imports/templates/<kind>": "a file",
    "/talk/files/<int:file_id>/content": "a file",
}
# Three customers, one of them refused, one there twice.
CUSTOMERS = b"Customer name,Phone,City\nAcme,13800000001,Shanghai\n,13800000002,Suzhou\nAcme,13800000003,\n"


@dataclass
class Looker:
    """Looks at pages and writes down what is wrong with them."""

    contexts: dict[str, BrowserContext]
    windows: dict[str, Page] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)

    def look(self, path: str, language: str, theme: str, width: int) -> None:
        window = self.windows.setdefault(language, self.contexts[language].new_page())
        window.set_viewport_size({"width": width, "height": HEIGHT})
        if self.shown.get(language) != path:
            window.goto(path)
            self.shown[language] = path
        # The whole page at once: what the bars that stand fixed hide for the moment can be scrolled to.
        whole = window.evaluate("() => document.documentElement.scrollHeight")
        window.set_viewport_size({"width": width, "height": max(HEIGHT, min(whole, TALLEST))})
        window.evaluate(WEAR, THEMES[theme])
        where = f"{path} in {language}, {theme}, {width} px"
        for violation in window.evaluate(RUN)["violations"]:
            for node in violation["nodes"]:
                why = " ".join(node["failureSummary"].split())
                self.faults.append(f"{where}: {violation['id']}: {node['html'][:200]} {why[:300]}")

    def look_at_what_opens(self, path: str, opener: str, shown: str, language: str, theme: str, width: int) -> None:
        """A page with a part of it opened that is fetched when it is wanted."""
        self.windows.setdefault(language, self.contexts[language].new_page()).set_viewport_size(
            {"width": width, "height": HEIGHT}
        )
        window = self.windows[language]
        window.goto(path)
        window.click(opener)
        window.wait_for_selector(shown)
        self.shown[language] = path
        self.look(path, language, theme, width)
        del self.shown[language]

    def measure(self, path: str, language: str, densities: Sequence[str] = DENSITIES) -> None:
        """The page that is shown, at the narrowest width."""
        window = self.windows[language]
        window.set_viewport_size({"width": NARROWEST, "height": 780})
        for density in densities:
            wide = window.evaluate(SIDEWAYS, density)
            if wide > NARROWEST:
                parts = window.evaluate(WIDEST, NARROWEST)
                self.faults.append(f"{path} in {language}, {density}: {wide} px wide at {NARROWEST} px: {parts}")
        window.evaluate(SIDEWAYS, "normal")


@pytest.fixture(scope="module")
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _context(chromium: Browser, address: str, language: str) -> BrowserContext:
    code = {"zh": "zh-CN", "en": "en-GB"}[language]
    context = chromium.new_context(base_url=address, reduced_motion="reduce", locale=code)
    context.add_init_script(path=str(AXE))
    return context


@pytest.fixture(scope="module")
def looker(chromium: Browser, served: str, world: World) -> Iterator[Looker]:
    """Somebody who may do everything, once in each language."""
    contexts = {}
    for language in LANGUAGES:
        world.user(f"boss-{language}", *ROLES, language=language)
        context = contexts[language] = _context(chromium, served, language)
        window = context.new_page()
        window.goto("/sign-in")
        window.fill("[name=login]", f"boss-{language}")
        window.fill("[name=password]", PASSWORD)
        window.click("main button.pri")
        window.close()
    yield Looker(contexts)
    for context in contexts.values():
        context.close()


def _company(world: World) -> None:
    """What the company of the security tests has not: a region, and what a person keeps of lists."""
    world.run(save_unit, {"name": "North", "kind": "region"})
    boss = world.context(actor=world.actor_of("boss-en"))
    world.run(save_view, "customers", {"name": "Of note", "query": "", "is_shared": True}, context=boss)
    some = [row[0] for row in world.rows("SELECT id FROM customer")]
    world.run(
        bulk.start_job, "customers", "edit", some, {"field": "note", "column": "note", "value": "seen"}, context=boss
    )


def _talk(world: World, boss: Context) -> None:
    """A comment, a file and a mail; and something to hear of."""
    customer = world.value("SELECT min(id) FROM customer")
    world.run(write_comment, "customer", customer, "@boss-en @boss-zh Please look")
    world.run(write_comment, "customer", customer, "Of note", context=boss)
    world.run(add_files, "customer", customer, [Sent("Terms.txt", b"Thirty days.")], context=boss)
    before = mail.current()
    mail.use(
        mail.MailSettings(MailServer("mail.example.com", 25), "books@example.com")
    )  # nothing is sent: no worker runs
    try:
        world.run(mail.send_test_mail, email="boss@example.com", language="en", context=boss)
    finally:
        mail.use(before)


def _imports(world: World) -> list[Address]:
    """The page of an import in each of its states: columns, check, at work, paused, done, and what undoing would do."""
    importer = Importer(world, world.actor_of("boss-en"))
    batches = [importer.upload("customers", ("customers.csv", CUSTOMERS)) for _ in range(4)]
    columns, checked, paused, done = (batch["id"] for batch in batches)
    for batch in (batches[1], batches[3]):
        importer.check(batch, existing="ask")
    importer.start(done)
    importer.run(check_import, paused, batches[2]["mapping"], {})
    importer.run(pause_import, paused)
    shown = "/imports/<int:batch_id>"
    return [
        *(Address(shown, f"/imports/{batch_id}") for batch_id in (columns, checked, paused, done)),
        Address(f"{shown}/undo", f"/imports/{done}/undo"),
    ]


def _all_pages(app: Flask, world: World, every: bool) -> list[Address]:
    _company(world)
    _talk(world, world.context(actor=world.actor_of("boss-en")))
    imports = _imports(world)
    walk = Walk(app, world, "boss-en")
    pages = [page for page in walk.pages(every=every) if page.rule not in {shown.rule for shown in imports}] + imports
    left = [text for text in walk.unreached if text.rpartition(": ")[0] not in NO_PAGE]
    assert not left, "\n".join(left)
    return pages


def test_no_page_keeps_anybody_out(
    app: Flask, world: World, looker: Looker, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.settings.mail._is_demo", lambda: True)  # what a mail says is a page of the demo only
    every = request.config.getoption("--every-combination")
    pages = _all_pages(app, world, every)
    assert len(pages) > FEWEST_PAGES
    for number, page in enumerate(pages):
        chosen = COMBINATIONS if every else [COMBINATIONS[number % len(COMBINATIONS)]]
        for language, theme, width in chosen:
            looker.look(page.path, language, theme, width)
        for language in dict.fromkeys(language for language, _theme, _width in chosen):
            looker.measure(page.path, language, DENSITIES if every else [DENSITIES[number % len(DENSITIES)]])
    assert looker.faults == [], "\n".join(looker.faults)


PARTS = (
    ("/orders", "#search", "#found [role=option]"),
    ("/orders", ".bell summary", ".bell .pop"),
    ("/orders", "#columns > summary", "#columns .arrange"),
    ("/orders?group=customer", ".menu:has(#level-2) > summary", "#level-2"),
)


@pytest.mark.parametrize("part", range(len(PARTS)))
def test_nor_does_what_opens_in_a_page(looker: Looker, part: int) -> None:
    path, opener, shown = PARTS[part]
    looker.faults.clear()
    for number, (language, theme) in enumerate(product(LANGUAGES, THEMES)):
        looker.look_at_what_opens(path, opener, shown, language, theme, WIDTHS[number % len(WIDTHS)])
    assert looker.faults == [], "\n".join(looker.faults)


def test_nor_do_the_pages_before_signing_in(chromium: Browser, served: str, request: pytest.FixtureRequest) -> None:
    outside: dict[str, Any] = {language: _context(chromium, served, language) for language in LANGUAGES}
    looker = Looker(outside)
    for number, path in enumerate(OUTSIDE):
        chosen = (
            COMBINATIONS if request.config.getoption("--every-combination") else COMBINATIONS[number :: len(OUTSIDE)]
        )
        for language, theme, width in chosen:
            looker.look(path, language, theme, width)
            looker.measure(path, language)
    for context in outside.values():
        context.close()
    assert looker.faults == [], "\n".join(looker.faults)
