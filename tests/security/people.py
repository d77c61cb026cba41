"""A small company whose people sign in by the pages, at whatever time a test says it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from core.credentials import RecoveryCode
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World, new_key
from web.app import create_app

HTML = {"Accept": "text/html,application/xhtml+xml"}
COOKIE = "sign-in"


@dataclass
class House:
    """The company, its application, and the time."""

    world: World
    app: Flask = field(default_factory=lambda: create_app(SETTINGS))
    _people: int = 0

    def __post_init__(self) -> None:
        self.app.config["WTF_CSRF_ENABLED"] = False

    def somebody(self, *roles: str) -> str:
        """The sign-in name of a new user."""
        self._people += 1
        login = f"person{self._people}"
        self.world.user(login, *(roles or ("sales",)), language="en")
        return login

    def address(self) -> str:
        """An address nobody came from yet: failures stand against addresses too."""
        self._people += 1
        return f"10.1.{self._people // 250}.{self._people % 250}"

    def visitor(self, address: str | None = None) -> Visitor:
        return Visitor(self, self.app.test_client(), address or self.address())

    def signed_in(self, *roles: str) -> Visitor:
        login = self.somebody(*roles)
        visitor = self.visitor()
        assert visitor.sign_in(login).status_code == 303
        return visitor

    def user_id(self, login: str) -> int:
        return int(self.world.value("SELECT id FROM app_user WHERE login = :login", login=login))

    def audited(self, login: str, action: str) -> int:
        found = "SELECT count(*) FROM audit_row WHERE action = :action AND record_id = :id"
        return int(self.world.value(found, action=action, id=self.user_id(login)))


@dataclass
class Visitor:
    """One browser, at one address."""

    house: House
    client: FlaskClient
    address: str
    login: str = ""

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=HTML | headers, environ_base={"REMOTE_ADDR": self.address})

    def post(self, path: str, **values: Any) -> Any:
        data = {"idempotency_key": new_key(), **values}
        return self.client.post(path, data=data, environ_base={"REMOTE_ADDR": self.address})

    def send(self, path: str, body: Any) -> Any:
        return self.client.post(path, json=body, environ_base={"REMOTE_ADDR": self.address})

    def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> Any:
        self.login = login
        return self.post("/sign-in", login=login, password=password, **more)

    @property
    def token(self) -> str:
        cookie = self.client.get_cookie(COOKIE)
        return cookie.value if cookie is not None else ""

    def with_token(self, token: str) -> Visitor:
        """Another browser that has got hold of a token."""
        other = self.house.visitor(self.address)
        other.client.set_cookie(COOKIE, token)
        return other

    @property
    def is_in(self) -> bool:
        """Whether a page opens, asked as a script would, so that nothing about the session changes."""
        answer = self.client.get("/menu", headers={"Accept": "*/*"})
        assert answer.status_code in (200, 303)
        return bool(answer.status_code == 200)

    def add_authenticator(self) -> pyotp.TOTP:
        """Sets an authenticator up by the pages; the code of the present thirty seconds is used by it."""
        assert self.post("/account/authenticator/begin").status_code == 303
        page = self.get("/account/authenticator").text
        secret = page.split('class="secret">')[1].split("<")[0].replace(" ", "")
        totp = pyotp.TOTP(secret)
        answer = self.post("/account/authenticator", code=code_at(totp))
        assert answer.status_code == 303, answer.text
        return totp

    def make_recovery_codes(self) -> list[str]:
        page = self.post("/account/recovery-codes").text
        listed = page.split('class="codes">')[1].split("</ol>")[0]
        return [part.split("</li>")[0] for part in listed.split("<li>")[1:]]


def code_at(totp: pyotp.TOTP, **later: float) -> str:
    """The code an authenticator shows now, or later."""
    return totp.at(datetime.now(UTC) + timedelta(**later))


def codes_left(house: House, login: str) -> int:
    name = RecoveryCode.__tablename__
    unused = f"SELECT count(*) FROM {name} WHERE user_id = :id AND used_at IS NULL"
    return int(house.world.value(unused, id=house.user_id(login)))


@contextmanager
def later(**passed: float) -> Iterator[None]:
    """The same company after some time. Meanwhile the clock stands still, so that a slow machine tests the same."""
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed), tick=False):
        yield
