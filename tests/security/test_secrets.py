"""Secrets: a default one does not start, and none is ever told, written down or shown, whatever breaks."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from sqlalchemy import make_url

from core import database as db
from core.config import SettingsError, load_settings
from core.database import Database
from tests.conftest import DatabaseUrls
from tests.world import World
from web.supervisor import web_child

ROOT = Path(__file__).parents[2]
KEY, DATABASE_PASSWORD, TYPED = "canarykey" * 6, "canarydatabase17", "canarytyped42"
PARAMETER = "canaryparameter5"


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_ADMIN_URL", "DATABASE_SYSTEM_URL", "BROKER_URL"])
@pytest.mark.parametrize(
    "password", ["postgres", "changeme", "Password", "countinghouse", "app", "123456", "p%6Fstgres"]
)
def test_a_known_password_in_an_address_does_not_start(tmp_path: Path, name: str, password: str) -> None:
    scheme = "redis" if name == "BROKER_URL" else "postgresql"
    given = {"COUNTINGHOUSE_HOME": str(tmp_path), name: f"{scheme}://app:{password}@db/books"}
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings(given)
    assert f":{password}@" not in str(caught.value)
    load_settings(given | {"COUNTINGHOUSE_ENV": "development"})
    load_settings(given | {name: f"{scheme}://app:3nough-0f-a-secret@db/books"})


def test_the_server_does_not_start_with_a_default_secret(tmp_path: Path) -> None:
    environment = {**os.environ, "COUNTINGHOUSE_ENV": "production", "COUNTINGHOUSE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "import web.wsgi"],
        env=environment | {"SECRET_KEY": "changeme"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "SECRET_KEY is a known default" in done.stderr


def test_nothing_that_holds_secrets_shows_them(tmp_path: Path) -> None:
    url = f"postgresql://app:{DATABASE_PASSWORD}@db/books"
    settings = load_settings(
        {"COUNTINGHOUSE_HOME": str(tmp_path), "SECRET_KEY": KEY, "DATABASE_URL": url, "BROKER_URL": url}
    )
    database = Database(settings.database_url or "")
    shown = f"{settings!r} {web_child(settings)!r} {database!r} {database.engine!r}"
    assert "canary" not in shown


@dataclass
class Served:
    """A server in a process of its own, what it answered, and what it wrote."""

    port: int
    log: Path
    told: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        self.told += [answer.read().decode(errors="replace"), *(f"{pair}" for pair in answer.getheaders())]
        connection.close()
        return answer


@contextmanager
def served(url: str, home: Path, log_format: str) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRANIAN_")} | {
        "COUNTINGHOUSE_ENV": "production",
        "COUNTINGHOUSE_HOME": str(home),
        "DATABASE_URL": url,
        "SECRET_KEY": KEY,
        "LOG_FORMAT": log_format,
        "LOG_LEVEL": "debug",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1"]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--access-log", "tests.security.broken:app"],
            env=environment,
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
        try:
            found = Served(port, log)
            _wait_until_up(found, process)
            yield found
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_up(found: Served, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, found.log.read_text()
        try:
            found.ask("GET", "/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not answer")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_told_or_written_whatever_breaks(
    fresh_database: DatabaseUrls, tmp_path: Path, log_format: str
) -> None:
    world = World.set_up(fresh_database.app)
    token = world.token()
    world.database.dispose()
    url = make_url(fresh_database.app)
    url = url if url.password else url.set(password=DATABASE_PASSWORD)
    with served(url.render_as_string(hide_password=False), tmp_path, log_format) as server:
        cookies = _go_through(server, token)
    written = server.log.read_text(encoding="utf-8")
    assert written.count("request_failed") >= 6, written
    for fault in ("InvalidTextRepresentation", "NotNullViolation", "UniqueViolation"):
        assert f"psycopg.errors.{fault}" in written, "it broke over the value"
    secrets = {
        "key": KEY, "typed password": TYPED, "token": token, "parameter": PARAMETER, "cookie": cookies["session"],
        "database password": url.password,
    }  # fmt: skip
    assert [name for name, secret in secrets.items() if secret and secret in written] == []
    told = [text for text in server.told if "Set-Cookie" not in text and "set-cookie" not in text]
    assert [name for name, secret in secrets.items() if secret and any(secret in text for text in told)] == []
    assert not any(re.search(r"Traceback|RuntimeError|psycopg", text) for text in told)
    if log_format == "json":
        failures = [json.loads(line) for line in written.splitlines() if '"request_failed"' in line]
        assert all("Traceback" in failure["exception"] for failure in failures)


def _go_through(server: Served, token: str) -> dict[str, str]:
    page = server.ask("GET", "/sign-in")
    cookies = dict(re.findall(r"(\w+)=([^;]+)", page.headers["Set-Cookie"])[:1])
    forged = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', "".join(server.told))[-1]
    cookie = f"session={cookies['session']}"
    form = urlencode({"csrf_token": forged, "login": "admin", "password": TYPED})
    kind = "application/x-www-form-urlencoded"
    bearer = f"Bearer {token}"
    expected = [
        (server.ask("POST", "/sign-in", form, Content_Type=kind, Cookie=cookie), 422),
        (server.ask("POST", "/sign-in", form, Content_Type=kind, Cookie=cookie, X_Break="sign-in"), 500),
        (server.ask("GET", "/sign-in", Cookie=cookie, X_Break="statement", X_Secret=PARAMETER), 500),
        (server.ask("GET", "/sign-in", Cookie=cookie, X_Break="row", X_Secret=PARAMETER), 500),
        (server.ask("GET", "/sign-in", Cookie=cookie, X_Break="twice", X_Secret=PARAMETER), 500),
        (server.ask("GET", "/api/v1/products", Authorization=bearer, X_Break="database"), 500),
        (server.ask("GET", "/api/v1/products", Authorization=bearer, X_Break="page"), 500),
        (server.ask("GET", "/api/v1/products", Authorization=bearer), 200),
        (server.ask("GET", f"/api/v1/products?{PARAMETER}=1", Authorization=f"{bearer}x"), 401),
        (server.ask("GET", "/readyz"), 200),
        (server.ask("GET", "/healthz"), 200),
    ]
    assert [answer.status for answer, _ in expected] == [status for _, status in expected]
    server.told = [text.replace(forged, "") for text in server.told if PARAMETER not in text or "<" in text]
    return cookies


def test_an_unreachable_database_tells_nothing_of_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    database = Database(f"postgresql+psycopg://app:{DATABASE_PASSWORD}@127.0.0.1:9/books")
    with pytest.raises(Exception) as caught, database.autocommit():
        pass
    assert DATABASE_PASSWORD not in f"{caught.value!s} {caught.value!r}"
    database.dispose()


def test_a_failing_statement_does_not_name_its_values(fresh_database: DatabaseUrls) -> None:
    database = db.Database(fresh_database.app)
    with pytest.raises(Exception, match="hidden") as caught, database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT %(secret)s::text FROM no_such_table", {"secret": PARAMETER})
    assert PARAMETER not in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg.Error)
    database.dispose()
