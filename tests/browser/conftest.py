"""The real application on a loopback port, a real Chromium in front of it, and people who sit at it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.database_server import DatabaseUrls
from tests.world import PASSWORD, World
from web.app import create_app
from web.cli.system import CHROMIUM, chromium_path, install_line

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000
ROLES = ("sales", "warehouse", "finance", "manager")
REFUSED = "the server responded with a status of 422"


@dataclass
class Desk:
    """One person's browser window, and what went wrong in it."""

    window: Page
    problems: list[str] = field(default_factory=list)

    def watch(self, window: Page) -> Page:
        """Collects script errors, console errors (broken security policies among them) and failing answers but
        refusals."""
        window.on("pageerror", lambda error: self.problems.append(f"{window.url}: {error}"))
        window.on("console", lambda message: self._hear(window, message))
        return window

    def _hear(self, window: Page, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and REFUSED not in message.text:
            self.problems.append(f"{window.url}: {message.text}")

    def another_tab(self) -> Desk:
        """A second window of the same person, sharing this one's list of problems."""
        return Desk(self.watch(self.window.context.new_page()), self.problems)

    def open(self, path: str) -> None:
        answer = self.window.goto(path)
        assert answer is not None and answer.ok, f"{path} answered {answer and answer.status}"

    def link(self, name: str) -> None:
        """Follows the link of exactly that name in the page, not in the frame around it."""
        self._named("link", name).click()

    def press(self, name: str) -> None:
        """Presses the button of exactly that name."""
        self._named("button", name).click()

    def _named(self, role: Any, name: str) -> Locator:
        dialogs = self.window.locator("dialog[open]")
        inside = dialogs if dialogs.count() else self.window.locator("main")
        return inside.get_by_role(role, name=name, exact=True).first

    def fill(self, **values: Any) -> None:
        """Types values into fields, by their names in the form; `lines_0_product` is `lines-0-product`."""
        for name, value in values.items():
            key = re.sub(r"^lines_(\d+)_", r"lines-\1-", name)
            self.window.locator(f'main [name="{key}"]').fill(str(value))

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.window.locator("body")).to_contain_text(text)

    @property
    def dialog(self) -> Locator:
        return self.window.locator("dialog[open]")

    def is_at(self, pattern: str) -> re.Match[str]:
        """Waits until the address fits, then answers the match."""
        expected = re.compile(pattern + "$")
        expect(self.window).to_have_url(expected)
        found = expected.search(self.window.url)
        assert found is not None
        return found

    def state(self, text: str) -> None:
        """The page's head carries this state."""
        expect(self.window.locator("main .head").first).to_contain_text(text)

    def fact(self, label: str) -> Locator:
        """The value that stands beside a label in a list of facts."""
        return self.window.locator(f'main dt:text-is("{label}") + dd').first


@dataclass
class House:
    """The company, the address its application answers at, and the records the tests begin with."""

    world: World
    address: str
    ids: dict[str, int] = field(default_factory=dict)
    cookies: dict[str, Any] = field(default_factory=dict)

    def books_balance(self) -> None:
        assert sum(self.world.trial_balance().values(), Decimal(0)) == 0


class Office:
    """Lets people sit down at a browser, each with cookies of their own."""

    def __init__(self, chromium: Browser, house: House, stack: ExitStack) -> None:
        self._chromium, self._house, self._stack = chromium, house, stack
        self.desks: list[Desk] = []

    def context(self, **settings: Any) -> BrowserContext:
        """A browser profile of its own, closed at the end of the test."""
        context = self._chromium.new_context(**{"base_url": self._house.address, **settings})
        self._stack.callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        return context

    def desk(self, **settings: Any) -> Desk:
        desk = Desk(self.context(**settings).new_page())
        desk.watch(desk.window)
        self.desks.append(desk)
        return desk

    def signed_in(self, login: str, **settings: Any) -> Desk:
        """Somebody who signed in through the page."""
        desk = self.desk(**settings)
        desk.open("/sign-in")
        desk.fill(login=login, password=PASSWORD)
        desk.window.locator("main button.pri").click()
        expect(desk.window.locator("nav.side, nav.tabbar").first).to_be_attached()
        return desk

    def at_work(self, login: str) -> Desk:
        """Somebody who has signed in before, once per module: for tests that are not about signing in."""
        if login not in self._house.cookies:
            self._house.cookies[login] = self.signed_in(login).window.context.storage_state()
        return self.desk(storage_state=self._house.cookies[login])

    def problems(self) -> list[str]:
        return [problem for desk in self.desks for problem in desk.problems]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of the process. Without one the tests fail and name the line that installs it."""
    path = chromium_path()
    if path is None:
        pytest.fail(f"Chromium is missing. As root, run: {install_line(CHROMIUM)}", pytrace=False)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def house(module_database: DatabaseUrls) -> Iterator[House]:
    """The application on a free port in front of a small company: two products, of one only three on hand."""
    world = World.set_up(module_database.app)
    for role in ROLES:
        world.user(role, role, language="en")
    settings = SimpleNamespace(
        secret_key="for tests only, thirty-two bytes!", environment="test", language="en", time_zone="Asia/Shanghai"
    )
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    house = House(world, f"http://127.0.0.1:{server.server_port}")
    house.ids["seller"] = world.value("SELECT id FROM app_user WHERE login = 'sales'")
    house.ids["tea"] = world.product(stock=100, price="96", sku="TEA", name="杭白菊 Chrysanthemum tea")
    house.ids["beef"] = world.product(stock=3, price="680", sku="BEEF", name="Mishi Kobe Niku")
    yield house
    server.shutdown()
    thread.join()
    server.server_close()
    world.database.dispose()


@pytest.fixture
def office(chromium: Browser, house: House) -> Iterator[Office]:
    """People at browsers. At the end no page may have logged an error or broken the security policy."""
    with ExitStack() as stack:
        office = Office(chromium, house, stack)
        yield office
        problems = office.problems()
    assert not problems, "\n".join(problems)
