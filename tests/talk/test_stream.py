"""News that reach an open page: few streams, however many ask, so that pages are answered all the same."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.config import load_settings
from core.listening import Bell
from core.notices import mark_all_read
from core.talk.comments import write_comment
from tests.conftest import DatabaseUrls
from tests.talk.conftest import as_
from tests.world import PASSWORD, World
from web.notices import stream
from web.notices.stream import MOST_STREAMS
from web.supervisor import BLOCKING_THREADS, answers, web_child

PATIENCE_SECONDS = 40
STREAMS = 50


def test_streams_leave_threads_for_pages() -> None:
    assert MOST_STREAMS <= BLOCKING_THREADS // 4


def test_a_stream_says_what_came_and_goes(
    world: World, browser: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LASTS_SECONDS", float(PATIENCE_SECONDS))
    as_(world, "anna", mark_all_read)
    customer = world.customer(owner_id=world.actor_of("anna").user_id)
    as_(world, "anna", mark_all_read)
    answer = browser("anna").get("/notifications/stream")
    assert answer.content_type.startswith("text/event-stream")
    lines = iter(answer.response)
    assert _text(next(lines)) == "retry: 2000\nevent: unread\ndata: 0\n\n"
    second = browser("chief").get("/notifications/stream")
    assert (second.status_code, second.data) == (204, b""), "no room for a second one"

    said = threading.Event()

    def say() -> None:
        while not said.wait(0.2):  # the listening connection may be opening still
            as_(world, "chief", write_comment, "customer", customer, "@anna now")

    speaker = threading.Thread(target=say)
    speaker.start()
    try:
        heard = next(text for text in map(_text, lines) if "event" in text)
    finally:
        said.set()
        speaker.join()
    assert heard.startswith("event: unread\ndata: ") and int(heard.split()[-1]) >= 1
    answer.close()
    assert stream.bell.open_streams == 0
    again = browser("chief").get("/notifications/stream")
    assert again.status_code == 200
    again.close()


def _text(chunk: Any) -> str:
    return chunk.decode() if isinstance(chunk, bytes) else str(chunk)


def test_places_are_counted_and_given_back() -> None:
    few = Bell(0)
    with few.place(1) as has_place:
        assert not has_place
    assert few.open_streams == 0


def test_what_a_page_asks_by_itself_keeps_no_session_alive(world: World, browser: Callable[[str], FlaskClient]) -> None:
    anna = browser("anna")
    seen = """SELECT max(last_seen_at) FROM user_session JOIN app_user ON app_user.id = user_id
               WHERE login = 'anna' AND ended_at IS NULL"""
    with world.database.autocommit() as connection:
        connection.exec_driver_sql(
            "UPDATE user_session SET last_seen_at = last_seen_at - interval '2 hours' FROM app_user "
            "WHERE app_user.id = user_id AND login = 'anna'"
        )
    before = world.value(seen)
    assert anna.get("/notifications/count").status_code == 200
    assert world.value(seen) == before
    assert anna.get("/notifications").status_code == 200
    assert world.value(seen) > before


# the real server ------------------------------------------------------------------------------------------------------
@pytest.fixture
def port(world: World, module_database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The web server as the supervisor starts it, in one process."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    environment = {
        **os.environ, "COUNTINGHOUSE_HOME": str(tmp_path), "DATABASE_URL": module_database.app, "PORT": str(number),
        "WEB_WORKERS": "1", "SECRET_KEY": secrets.token_hex(32), "COUNTINGHOUSE_ENV": "test",
    }  # fmt: skip
    child = web_child(load_settings(environment))
    # What the supervisor takes from its own environment stands in the child's here.
    child.environment |= {name: environment[name] for name in ("SECRET_KEY", "COUNTINGHOUSE_ENV")}
    child.start()
    assert child.process is not None
    try:
        for _ in range(PATIENCE_SECONDS * 10):
            if answers("127.0.0.1", number):
                break
            with pytest.raises(subprocess.TimeoutExpired):
                child.process.wait(0.1)
        yield number
    finally:
        child.process.terminate()
        try:
            child.process.wait(20)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def test_fifty_open_pages_do_not_stall_the_others(world: World, port: int) -> None:
    """Fifty ask for a stream and keep their connections; meanwhile every page is answered. Were each given one of the
    few threads, no page would be."""
    cookie = _signed_in(port)
    headers = {"Cookie": cookie, "Accept": "text/event-stream"}
    asking = [_connected(port) for _ in range(STREAMS)]
    try:
        for connection in asking:
            connection.request("GET", "/notifications/stream", headers=headers)
        found = [connection.getresponse().status for connection in asking]
        assert found.count(200) == MOST_STREAMS
        assert found.count(204) == STREAMS - MOST_STREAMS
        for _ in range(30):
            page = _connected(port)
            page.request("GET", "/menu", headers={"Cookie": cookie, "Accept": "text/html"})
            answer = page.getresponse()
            assert (answer.status, answer.read()[:9]) == (200, b"<!doctype")
            page.close()
    finally:
        for connection in asking:
            connection.close()


def _connected(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)


def _signed_in(port: int) -> str:
    """The cookies of somebody signed in by the page."""
    connection = _connected(port)
    connection.request("GET", "/sign-in", headers={"Accept": "text/html"})
    answer = connection.getresponse()
    page, first = answer.read().decode(), answer.getheader("Set-Cookie") or ""
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    form = {"login": "anna", "password": PASSWORD, "csrf_token": token, "idempotency_key": secrets.token_hex(9)}
    kept = first.split(";")[0]
    headers = {"Cookie": kept, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sign-in", urllib.parse.urlencode(form), headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    return "; ".join([*cookies, kept] if not any(c.startswith("session=") for c in cookies) else cookies)
