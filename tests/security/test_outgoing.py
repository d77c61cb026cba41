"""Calls to addresses that people typed: never into our own network, by no spelling, name, redirect or second answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from core.config import SettingsError, load_settings
from core.outgoing import SENTENCES, Guard, OutgoingRefused, fetch, is_inside

LOOPBACK_FORMS = (
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
    "2130706433", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost", "LOCALHOST", "localhost.",
)  # fmt: skip
INSIDE = (
    "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a00:1::", "64:ff9b:1::a00:1", "64:ff9b:1:7f00:0:100:808:808", "fd20:ce::254", "192.0.0.192", "2001::1",
    "not an address",
)  # fmt: skip
# What no server of one's own network has: where clouds keep their keys, everybody at once, nobody; by any writing.
CLOSED = (
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "0.0.0.0", "::",
    "224.0.0.1", "ff02::1", "::ffff:169.254.169.254", "::ffff:100.100.100.200", "::169.254.169.254",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:5601:5601",
    "not an address",
)  # fmt: skip
OWN = ("127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "::1", "fd00::1", "::ffff:10.0.0.1")
OUTSIDE = ("1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


class Listener:
    """Listens on this machine and counts who comes; `respond` writes what each is told."""

    def __init__(self, respond: Callable[[socket.socket], None]) -> None:
        self.visits = 0
        self.requests: list[bytes] = []
        self._respond = respond
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            with visitor, suppress(OSError):
                self.requests.append(visitor.recv(65536))
                self._respond(visitor)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    @property
    def allowed(self) -> Guard:
        return Guard(frozenset({f"127.0.0.1:{self.port}"}))


@contextmanager
def listening(answer: bytes | Callable[[socket.socket], None]) -> Iterator[Listener]:
    listener = Listener(answer if callable(answer) else lambda visitor: visitor.sendall(answer))
    try:
        yield listener
    finally:
        listener.close()


def reply(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening(reply(b"the inside")) as found:
        yield found


def refusal(url: str, guard: Guard | None = None, **named: Any) -> OutgoingRefused:
    with pytest.raises(OutgoingRefused) as caught:
        fetch("GET", url, guard=guard or Guard(), **named)
    assert caught.value.sentence()
    return caught.value


@pytest.mark.parametrize("host", LOOPBACK_FORMS)
def test_this_machine_by_any_spelling(host: str, listener: Listener) -> None:
    refused = refusal(f"http://{host}:{listener.port}/")
    assert refused.code in ("outgoing_inside", "outgoing_unknown_host")
    assert listener.visits == 0


def test_the_listener_would_have_been_reached(listener: Listener) -> None:
    assert fetch("GET", f"http://127.0.0.1:{listener.port}/", guard=listener.allowed).body == b"the inside"


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert is_inside(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address: str) -> None:
    assert not is_inside(address)


@pytest.mark.parametrize("address", CLOSED)
def test_an_own_server_is_not_where_clouds_keep_their_keys(address: str, listener: Listener) -> None:
    """Refused even for an address of which an administrator has said that it stands in our own network."""
    resolve, _ = names(address)
    refused = refusal(f"http://shop.lan:{listener.port}/", Guard(private=True, resolve=resolve))
    assert refused.code == "outgoing_inside"


@pytest.mark.parametrize("address", OWN)
def test_an_own_server_is_called_where_an_administrator_has_said_so(address: str) -> None:
    resolve, _ = names(address)
    assert Guard(private=True, resolve=resolve).addresses("shop.lan", 8069)
    with pytest.raises(OutgoingRefused, match="outgoing_inside"):
        Guard(resolve=resolve).addresses("shop.lan", 8069)


def names(*answers: str, port: int = 0) -> tuple[Callable[..., list[Any]], list[str]]:
    """A resolver that gives each answer in turn, the last one for ever; and what it was asked."""
    asked: list[str] = []

    def resolve(host: str, wanted: int, **_: Any) -> list[Any]:
        address = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port or wanted))]

    return resolve, asked


def test_a_name_that_points_inside(listener: Listener) -> None:
    resolve, _ = names("127.0.0.1")
    assert refusal(f"http://shop.example:{listener.port}/", Guard(resolve=resolve)).code == "outgoing_inside"
    assert listener.visits == 0


def test_one_address_of_several_inside_is_enough(listener: Listener) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in ("93.184.215.14", "127.0.0.1")]

    assert refusal(f"http://shop.example:{listener.port}/", Guard(resolve=resolve)).code == "outgoing_inside"
    assert listener.visits == 0


def test_a_name_that_changes_its_answer_is_asked_once(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """First outside, then inside: the connection goes to the address that was looked at, never to a second answer."""
    resolve, asked = names("93.184.215.14", "127.0.0.1")
    reached: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: reached.append(address) or _fail())
    assert refusal(f"http://shop.example:{listener.port}/", Guard(resolve=resolve)).code == "outgoing_unreachable"
    assert (asked, reached) == (["shop.example"], [("93.184.215.14", listener.port)])
    assert listener.visits == 0


def _fail() -> None:
    raise ConnectionRefusedError(111, "refused")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(status: str, listener: Listener) -> None:
    location = f"Location: http://127.0.0.1:{listener.port}/"
    with listening(reply(b"", status, location)) as first:
        refused = refusal(f"http://127.0.0.1:{first.port}/", first.allowed)
    assert (refused.code, listener.visits) == ("outgoing_redirected", 0)


def test_only_the_host_and_port_that_were_allowed(listener: Listener) -> None:
    assert refusal(f"http://127.0.0.1:{listener.port}/", Guard(frozenset({"127.0.0.1:1"}))).code == "outgoing_inside"
    assert refusal(f"http://127.1:{listener.port}/", listener.allowed).code in (
        "outgoing_inside", "outgoing_unknown_host",
    )  # fmt: skip
    assert listener.visits == 0


def test_the_refusal_says_how_to_allow_it(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{listener.port}/"
    monkeypatch.setenv("OUTGOING_ALLOWED", "")
    with pytest.raises(OutgoingRefused) as caught:
        fetch("GET", url)
    assert f"add 127.0.0.1:{listener.port} to the setting OUTGOING_ALLOWED" in caught.value.sentence()
    monkeypatch.setenv("OUTGOING_ALLOWED", f"odoo.lan:8069, 127.0.0.1:{listener.port}")
    assert fetch("POST", url, body=b"x", headers={"X-Sign": "1"}).status == 200
    assert b"POST / HTTP/1.1" in listener.requests[0] and b"X-Sign: 1" in listener.requests[0]
    monkeypatch.setenv("OUTGOING_ALLOWED", "nonsense")
    with pytest.raises(OutgoingRefused):
        fetch("GET", url)


def test_proxies_of_the_environment_are_not_asked(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")
    resolve, _ = names("93.184.215.14")
    monkeypatch.setattr(socket.socket, "connect", lambda _self, _address: _fail())
    assert refusal("http://shop.example/", Guard(resolve=resolve)).code == "outgoing_unreachable"
    assert listener.visits == 0


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/", "example.com", "",
     "http://", "http://user:pass@example.com/", "http://a@127.0.0.1/", "http://example.com:99999/",
     "http://example.com/\r\nX: y", "http://example.com/ x", "http://exam\\ple.com/", "javascript:alert(1)",
     "http://[::1", "http://ｅxample.com/"],
)  # fmt: skip
def test_what_is_no_web_address(url: str) -> None:
    resolve, asked = names("93.184.215.14")
    assert refusal(url, Guard(resolve=resolve)).code == "outgoing_bad_address"
    assert asked == []


def test_an_answer_has_its_largest_size() -> None:
    with listening(reply(b"x" * 5000)) as large:
        url = f"http://127.0.0.1:{large.port}/"
        assert refusal(url, large.allowed, largest=4999).code == "outgoing_too_large"
        assert len(fetch("GET", url, guard=large.allowed, largest=5000).body) == 5000


def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time for the socket; the call as a whole does not."""
    ended, outlasted = threading.Event(), threading.Event()

    def drip(visitor: socket.socket) -> None:
        visitor.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(60):
            if ended.wait(0.05):
                return
            visitor.sendall(b"x")
        outlasted.set()

    with listening(drip) as slow:
        refused = refusal(f"http://127.0.0.1:{slow.port}/", slow.allowed, timeout=0.4)
        assert not outlasted.is_set(), "the call went on as long as the server did"
        ended.set()
    assert refused.code == "outgoing_too_slow"


def test_time_spent_on_dead_addresses_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an address where nobody answers, and one that drips once the time is over: it is still left."""
    ended, outlasted = threading.Event(), threading.Event()

    def drip(visitor: socket.socket) -> None:
        for _ in range(60):
            if ended.wait(0.05):
                return
            visitor.sendall(b"x")
        outlasted.set()

    with listening(drip) as slow, socket.create_server(("127.0.0.2", 0), backlog=0) as full:
        dead = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]  # nobody takes these, so the next one waits for ever
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.2", dead))
        places = [("127.0.0.2", dead), ("127.0.0.1", slow.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        guard = Guard(frozenset({"both.example:80"}), resolve=lambda *_, **__: found)
        refused = refusal("http://both.example/", guard, timeout=0.4)
        assert not outlasted.is_set(), "the call went on as long as the server did"
        ended.set()
        for each in waiting:
            each.close()
    assert refused.code == "outgoing_too_slow"


def test_plain_text_behind_https(listener: Listener) -> None:
    assert refusal(f"https://127.0.0.1:{listener.port}/", listener.allowed).code == "outgoing_unreachable"


def test_the_setting_lists_hosts_with_ports(tmp_path: Path) -> None:
    home = {"COUNTINGHOUSE_HOME": str(tmp_path)}
    given = {**home, "OUTGOING_ALLOWED": "Odoo.lan:8069, 10.0.0.5:443 [fd00::1]:8069"}
    assert load_settings(given).outgoing_allowed == {"odoo.lan:8069", "10.0.0.5:443", "[fd00::1]:8069"}
    for wrong in ("odoo.lan", "10.0.0.5:0", "http://odoo.lan:80", "*:443", ":80", "odoo.lan:99999"):
        with pytest.raises(SettingsError, match="OUTGOING_ALLOWED"):
            load_settings({**home, "OUTGOING_ALLOWED": wrong})


def test_every_refusal_has_its_sentence_in_both_languages() -> None:
    from pathlib import Path

    import polib

    known = {entry.msgid for file in Path("web/translations/zh").glob("*.po") for entry in polib.pofile(str(file))}
    assert set(SENTENCES.values()) <= known
