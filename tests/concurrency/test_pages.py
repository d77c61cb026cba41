"""One record edited by many people through its page, over HTTP: whoever meets a newer version is shown it."""

from __future__ import annotations

import html
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from werkzeug.serving import make_server

from tests.concurrency.crowd import at_once
from tests.scenarios.house import House
from tests.web.input.pages import Page, PageForm
from tests.world import PASSWORD
from web.app import create_app

PEOPLE = 8
EDITS = int(os.environ.get("COUNTINGHOUSE_PAGE_EDITS", "104"))
NOW = re.compile(r'value="theirs"[^>]*><span><span class="vh">[^<]*</span>([^<]*)</span>')


class Saved(NamedTuple):
    """What was typed over what was shown."""

    shown: str
    typed: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


class Somebody:
    """A browser without scripts, signed in by the page."""

    def __init__(self, base: str, login: str) -> None:
        self.base = base
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(cookies, _NoRedirect)
        form = self.form("/sign-in", "password")
        status, _ = self.post("/sign-in", {**form.values, "login": login, "password": PASSWORD})
        assert status == 303

    def ask(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        try:
            with self.opener.open(self.base + path, data) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def post(self, path: str, values: dict[str, str]) -> tuple[int, str]:
        return self.ask(path, urlencode(values).encode())

    def form(self, path: str, field: str) -> PageForm:
        status, text = self.ask(path)
        assert status == 200, (path, status)
        return form_with(text, field)


def form_with(text: str, field: str) -> PageForm:
    return next(form for form in Page(text).forms if any(control.name == field for control in form.controls))


def note_in(form: PageForm) -> str:
    return form.values["note"].strip()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    settings = SimpleNamespace(
        secret_key="for tests only, thirty-two bytes!", environment="test", language="en", time_zone="Asia/Shanghai"
    )
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_many_people_edit_one_customer_in_their_browsers(house: House, address: str) -> None:
    customer = house.customer(note="as it was")
    people = []
    for number in range(PEOPLE):
        house.user(f"editor{number}", "manager", language="en")
        people.append(Somebody(address, f"editor{number}"))
    before = house.value("SELECT version FROM customer WHERE id = :id", id=customer)
    path = f"/customers/{customer}/edit"

    def work(number: int) -> tuple[list[Saved], int]:
        saved: list[Saved] = []
        conflicts = 0
        for turn in range(EDITS // PEOPLE):
            form, typed = people[number].form(path, "version"), f"{number} wrote {turn}"
            shown, status = note_in(form), 0
            values = {**form.values, "note": typed}
            while status != 303:
                status, text = people[number].post(path, values)
                if status == 303:
                    saved.append(Saved(shown, typed))
                    continue
                # Refused: what was typed still stands there, beside what stands there now.
                assert status == 422, text
                conflicts += 1
                form = form_with(text, "version")
                assert note_in(form) == typed
                found = NOW.search(text)
                assert found is not None, text
                shown, values = html.unescape(found[1]), form.values
                if (number + turn) % 3 == 0:
                    break  # this one leaves it at that
        return saved, conflicts

    answers = at_once([lambda number=number: work(number) for number in range(PEOPLE)])
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    saved = [one for answer in answers for one in answer[0]]
    assert sum(conflicts for _, conflicts in answers) > 0, "nobody met anybody"

    version, note = house.rows("SELECT version, note FROM customer WHERE id = :id", id=customer)[0]
    assert version - before == len(saved)
    rows = house.rows(
        "SELECT changes -> 'note' ->> 0, changes -> 'note' ->> 1 FROM audit_row "
        "WHERE record_type = 'customer' AND record_id = :id AND action = 'customer.changed'",
        id=customer,
    )
    # Each change that was saved is from what its author was shown, and together they are one chain.
    assert sorted(rows) == sorted(saved)
    told = dict(rows)
    assert len(told) == len(rows)
    at = "as it was"
    for _ in rows:
        at = told[at]
    assert at == note
