"""The connection to Odoo, against a real HTTP server that speaks its JSON-RPC."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner

from web.cli.odoo_check import command
from web.odoo.adapter import SENTENCES, OdooAddress, OdooError, connect

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


def odoo(path: str, params: dict[str, Any]) -> dict[str, Any]:
    """A server with one database and one user."""
    if path == "/web/webclient/version_info":
        return {"result": {"server_version": "18.0", "server_version_info": [18, 0, 0, "final", 0, ""]}}
    if path == "/jsonrpc" and params.get("service") == "object":
        return {"result": {"lang": "zh_CN", "tz": "Asia/Shanghai"}}
    database, login, password = credentials(params)
    if database != "shop":
        return refusal("psycopg2.OperationalError", f'database "{database}" does not exist')
    if (login, password) != ("admin", "right"):
        if path == "/jsonrpc":
            return {"result": False}
        return refusal("odoo.exceptions.AccessDenied", "Access Denied")
    return {"result": 2 if path == "/jsonrpc" else {"uid": 2, "user_context": {}}}


def credentials(params: dict[str, Any]) -> tuple[str, str, str]:
    if "args" in params:
        return tuple(params["args"][:3])
    return params["db"], params["login"], params["password"]


def refusal(name: str, message: str) -> dict[str, Any]:
    data = {"name": name, "message": message, "arguments": [message], "debug": message}
    return {"error": {"code": 200, "message": "Odoo Server Error", "data": data}}


def allow(port: int) -> None:
    """What an administrator does for an Odoo in his own network; taken back after the test."""
    os.environ["OUTGOING_ALLOWED"] += f" 127.0.0.1:{port}"


@contextmanager
def served(respond: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server on a free port of this machine; `respond` answers every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            respond(self)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    allow(server.server_port)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def speaking(answer: Answer) -> Callable[[BaseHTTPRequestHandler], None]:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        reply = {"jsonrpc": "2.0", "id": request["id"], **answer(handler.path, request["params"])}
        send(handler, 200, json.dumps(reply).encode())

    return respond


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture(autouse=True)
def nothing_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTGOING_ALLOWED", "")
    monkeypatch.setenv("COUNTINGHOUSE_LANGUAGE", "en")


@pytest.fixture
def server() -> Iterator[str]:
    with served(speaking(odoo)) as url:
        yield url


def failure(url: str, database: str = "shop", user: str = "admin", password: str = "right", **named: Any) -> OdooError:
    with pytest.raises(OdooError) as caught:
        connect(OdooAddress.parse(url, database, user), password, **named)
    assert SENTENCES[caught.value.code] % caught.value.data
    return caught.value


def test_signs_in(server: str) -> None:
    connection = connect(OdooAddress.parse(server, "shop", "admin"), "right")
    assert (connection.version, connection.user_id) == ("18.0", 2)


def test_refused_by_odoo(server: str) -> None:
    assert failure(server, password="wrong").code == "wrong_login"
    assert failure(server, user="nobody").code == "wrong_login"
    assert failure(server, database="other").code == "unknown_database"


def test_other_errors_of_the_server() -> None:
    def broken(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "/web/webclient/version_info":
            return odoo(path, params)
        return refusal("builtins.MemoryError", "out of memory")

    with served(speaking(broken)) as url:
        assert failure(url).code == "server_error"


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"null", b'{"result": {}}', b'{"result": null}', b"\xff\xfe"])
def test_something_else_answers(body: bytes) -> None:
    with served(lambda handler: send(handler, 200, body)) as url:
        assert failure(url).code == "no_odoo"


def test_too_old() -> None:
    with served(speaking(lambda path, params: {"result": {"server_version": "8.0"}})) as url:
        assert failure(url).data["version"] == "8.0"


def test_http_failures() -> None:
    with served(lambda handler: send(handler, 502, b"")) as url:
        assert failure(url).data["status"] == 502
    with served(lambda handler: send(handler, 302, b"", Location="http://elsewhere.example/")) as url:
        assert failure(url).data["target"] == "http://elsewhere.example/"


def test_hangs_up_without_an_answer() -> None:
    with served(lambda handler: handler.connection.close()) as url:
        assert failure(url).code in ("unreachable", "no_odoo")


def test_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        allow(silent.getsockname()[1])
        assert failure(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3).code == "timeout"


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    allow(port)
    assert failure(f"http://127.0.0.1:{port}").code == "unreachable"


def test_plain_http_behind_https(server: str) -> None:
    assert failure(server.replace("http:", "https:")).code == "certificate"


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://x:99999", "http://x/odoo", "http://user@x", "://"])
def test_addresses_that_are_none(url: str) -> None:
    assert failure(url).code == "bad_address"


def test_addresses() -> None:
    assert OdooAddress.parse("shop.example", "d", "u").shown == "https://shop.example:443"
    assert OdooAddress.parse("http://[::1]:8069/", "d", "u").shown == "http://[::1]:8069"


def test_command_says_one_sentence(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_PASSWORD", "right")
    good = CliRunner().invoke(command, [server, "shop", "admin"])
    assert good.exit_code == 0 and "18.0" in good.output
    monkeypatch.setenv("ODOO_PASSWORD", "canary-password")
    bad = CliRunner().invoke(command, [server, "shop", "admin"])
    assert bad.exit_code == 1 and bad.output.count("\n") == 1 and "canary" not in bad.output


def test_command_asks_for_the_password(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ODOO_PASSWORD", raising=False)
    asked = CliRunner().invoke(command, [server, "shop", "admin"], input="right\n")
    assert asked.exit_code == 0 and "right" not in asked.output


def test_a_server_inside_is_refused_until_an_administrator_allows_it(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTGOING_ALLOWED", "")
    monkeypatch.setenv("ODOO_PASSWORD", "right")
    refused = failure(server)
    assert refused.code == "inside"
    said = CliRunner().invoke(command, [server, "shop", "admin"])
    assert said.exit_code == 1 and f"add 127.0.0.1:{refused.data['port']} to the setting" in said.output


def test_proxies_of_the_environment_are_not_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert connect(OdooAddress.parse(server, "shop", "admin"), "right").user_id == 2
