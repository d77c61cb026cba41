"""Passkeys in a real Chromium with a virtual device: made, used alone and as second factor, refused when they must
be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk, House, Office
from tests.world import PASSWORD

pytestmark = pytest.mark.browser


class Device:
    """A virtual authenticator of one browser window, as if built into the machine."""

    def __init__(self, desk: Desk) -> None:
        self.cdp = desk.window.context.new_cdp_session(desk.window)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        found = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])

    def take(self, key: dict[str, Any]) -> None:
        """Puts a copy of another device's key on this one."""
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def verifies(self, yes: bool) -> None:
        """Whether finger or face is recognised."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": yes})


@pytest.fixture
def people(house: House) -> Iterator[Any]:
    """Signs somebody in at localhost: a passkey belongs to a name, not to a number."""
    house.address = house.address.replace("127.0.0.1", "localhost")
    names = iter(range(1, 100))

    def make() -> str:
        login = f"keeper{next(names)}-{house.world.value('SELECT count(*) FROM app_user')}"
        house.world.user(login, "sales", language="en")
        return login

    yield make
    house.address = house.address.replace("localhost", "127.0.0.1")


def add(desk: Desk, name: str) -> None:
    desk.open("/account/passkeys/new")
    desk.fill(name=name)
    desk.press("Make the passkey")
    desk.is_at(r"/account(/recovery-codes)?")
    desk.sees(f"Passkey {name} added")


def leave(desk: Desk) -> None:
    """Signs out, and stands at the sign-in page."""
    desk.open("/account")
    desk.window.locator("header details.menu summary").last.click()
    desk.window.get_by_role("button", name="Sign out").click()
    desk.is_at("/sign-in")


def inside(desk: Desk) -> None:
    expect(desk.window.locator("nav.side, nav.tabbar").first).to_be_attached()


def test_a_passkey_signs_in_alone(office: Office, people: Any, house: House) -> None:
    desk = office.signed_in(login := people())
    device = Device(desk)
    add(desk, "Office laptop")
    assert len(device.keys()) == 1
    leave(desk)
    desk.press("Sign in with a passkey")
    inside(desk)
    desk.open("/account")
    desk.sees("Office laptop", "Last used")
    count = house.world.value(
        """SELECT sign_count FROM passkey JOIN app_user ON app_user.id = passkey.user_id WHERE login = :login""",
        login=login,
    )
    assert count == device.keys()[0]["signCount"] > 0


def test_it_is_the_second_factor_after_the_password(office: Office, people: Any) -> None:
    desk = office.signed_in(login := people())
    device = Device(desk)
    add(desk, "Phone")
    leave(desk)
    desk.fill(login=login, password=PASSWORD)
    desk.press("Sign in")
    desk.is_at("/sign-in/second")
    desk.window.goto("/customers")
    desk.is_at(r"/sign-in\?next=/customers")
    desk.fill(login=login, password=PASSWORD)
    desk.press("Sign in")
    device.verifies(False)
    desk.press("Use a passkey")
    desk.sees("The passkey was not used.")
    device.verifies(True)
    desk.press("Use a passkey")
    inside(desk)
    desk.is_at("/customers")


def test_several_are_listed_and_one_is_taken_away(office: Office, people: Any) -> None:
    desk = office.signed_in(people())
    laptop = Device(desk)
    add(desk, "Laptop")
    laptop.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": laptop.id})
    stick = Device(desk)
    add(desk, "Stick")
    desk.open("/account")
    desk.sees("Laptop", "Stick")
    desk.window.get_by_role("button", name="Remove Stick").click()
    desk.sees("Passkey Stick removed")
    assert stick.keys()
    leave(desk)
    desk.press("Sign in with a passkey")
    desk.sees("This passkey was not accepted.")


def test_the_same_device_is_not_added_twice(office: Office, people: Any) -> None:
    desk = office.signed_in(people())
    Device(desk)
    add(desk, "Laptop")
    desk.open("/account/passkeys/new")
    desk.fill(name="Laptop again")
    desk.press("Make the passkey")
    desk.sees("This passkey is set up already.")


def test_a_copied_key_is_refused_once_the_counter_has_gone_on(office: Office, people: Any) -> None:
    desk = office.signed_in(people())
    device = Device(desk)
    add(desk, "Laptop")
    copy = device.keys()[0]
    for _ in range(2):
        leave(desk)
        desk.press("Sign in with a passkey")
        inside(desk)
    thief = office.desk()
    thief.open("/sign-in")
    Device(thief).take(copy)
    thief.press("Sign in with a passkey")
    thief.sees("This passkey was not accepted.")


def test_an_answer_is_taken_once_and_for_its_purpose(office: Office, people: Any) -> None:
    """What the browser has sent is sent again, by somebody who has heard it."""
    desk = office.signed_in(people())
    Device(desk)
    add(desk, "Laptop")
    leave(desk)
    heard: list[dict[str, Any]] = []
    desk.window.on("request", lambda request: _hear(heard, request))
    desk.press("Sign in with a passkey")
    inside(desk)
    assert len(heard) == 1
    leave(desk)
    again = _send(desk, "/sign-in/passkey", heard[0], first="")
    assert again["error"].startswith("This passkey was not accepted.")
    other = _send(desk, "/sign-in/passkey", heard[0], first="/sign-in/passkey/options")
    assert other["error"].startswith("This passkey was not accepted."), "nor for another challenge"


def test_it_proves_again_who_one_is(office: Office, people: Any, house: House) -> None:
    desk = office.signed_in(login := people())
    Device(desk)
    add(desk, "Laptop")
    _forget_proof(house, login)
    desk.open("/account/password")
    desk.is_at("/account/prove.*")
    expect(desk.window.locator("main [name=password]")).to_have_count(0)
    desk.press("Use a passkey")
    desk.is_at("/account/password")
    desk.sees("New password again")


def test_without_what_it_needs_the_button_is_not_there(office: Office, house: House, people: Any) -> None:
    """By the number of the machine, and without scripts, the page works as ever."""
    by_number = office.desk(base_url=house.address.replace("localhost", "127.0.0.1"))
    by_number.open("/sign-in")
    plain = office.desk(java_script_enabled=False)
    plain.open("/sign-in")
    login = people()
    for desk in (by_number, plain):
        expect(desk.window.get_by_text("Sign in with a passkey")).to_be_hidden()
        desk.fill(login=login, password=PASSWORD)
        desk.window.locator("main button.pri").click()
        inside(desk)
        desk.open("/account/passkeys/new")
        expect(desk.window.get_by_text("Passkeys need JavaScript")).to_be_visible()


def test_the_picture_to_scan_is_shown(office: Office, people: Any) -> None:
    desk = office.signed_in(people())
    desk.open("/account/authenticator")
    desk.press("Show the picture to scan")
    picture = desk.window.get_by_alt_text("QR code for the authenticator")
    expect(picture).to_be_visible()
    assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth > 100; }")


def _forget_proof(house: House, login: str) -> None:
    from sqlalchemy import text

    forget = text(
        "UPDATE user_session SET proved_at = NULL FROM app_user WHERE app_user.id = user_id AND login = :login"
    )
    with house.world.database.autocommit() as connection:
        connection.execute(forget, {"login": login})


def _hear(heard: list[dict[str, Any]], request: Any) -> None:
    if request.url.endswith("/sign-in/passkey"):
        heard.append(json.loads(request.post_data))


def _send(desk: Desk, path: str, body: dict[str, Any], first: str) -> dict[str, Any]:
    """Sends an answer from the page itself, after asking for a challenge at `first`."""
    script = """async ({path, body, first}) => {
        const token = document.querySelector("[data-passkey]").dataset.token;
        const headers = {"Content-Type": "application/json", "X-CSRFToken": token};
        if (first) await fetch(first, {method: "POST", headers, body: "{}"});
        const answer = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
        return answer.json();
    }"""
    answer: dict[str, Any] = desk.window.evaluate(script, {"path": path, "body": body, "first": first})
    return answer
