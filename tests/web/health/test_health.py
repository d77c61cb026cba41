"""Alive without a database; ready only with one whose tables are this code's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from core import database as db
from core.database import Database
from tests.database_server import DatabaseUrls
from tests.web.api.conftest import SETTINGS
from web.app import create_app


@pytest.fixture
def client() -> FlaskClient:
    return create_app(SETTINGS).test_client()


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Database]]:
    opened: list[Database] = []
    monkeypatch.setattr(db, "_current", None)
    yield opened
    for database in opened:
        database.dispose()


def ready(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()["status"]


def test_ready_with_a_migrated_database(
    client: FlaskClient, configured: list[Database], database_urls: DatabaseUrls
) -> None:
    configured.append(db.configure(Database(database_urls.app)))
    assert ready(client) == (200, "ready")


def test_alive_but_not_ready_without_a_database(client: FlaskClient, configured: list[Database]) -> None:
    assert ready(client) == (503, "database_unavailable")
    configured.append(db.configure(Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=2")))
    assert ready(client) == (503, "database_unavailable")
    assert client.get("/healthz").get_json() == {"status": "alive"}


def test_not_ready_with_older_tables(
    client: FlaskClient, configured: list[Database], database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.append(db.configure(Database(database_urls.app)))
    monkeypatch.setattr("web.health._newest", lambda: frozenset({"tomorrow"}))
    assert ready(client) == (503, "schema_behind")
