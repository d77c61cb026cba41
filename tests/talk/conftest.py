"""Two sales people with customers of their own, their manager, and what is written about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.command import run
from core.context import Context
from core.outbox import CONSUMERS, apply_event
from tests.conftest import DatabaseUrls
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World
from web.app import create_app
from web.consumers import load


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    load()
    world = World.set_up(module_database.app)
    for login, role in (("anna", "sales"), ("bert", "sales"), ("chief", "manager"), ("carl", "warehouse")):
        world.user(login, role, language="en")
    return world


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture(scope="module")
def browser(app: Flask) -> Callable[[str], FlaskClient]:
    """A browser signed in as somebody, kept for the module."""
    known: dict[str, FlaskClient] = {}

    def of(login: str) -> FlaskClient:
        if login not in known:
            known[login] = app.test_client()
            assert known[login].post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303
        return known[login]

    return of


def as_(world: World, login: str, command: Any, /, *arguments: Any, **named: Any) -> Any:
    """Runs a command as somebody."""
    return world.run(command, *arguments, context=world.context(actor=world.actor_of(login)), **named)


def told(world: World, login: str, kind: str | None = None) -> list[Any]:
    """The notices of somebody as (kind, record type, record), oldest first."""
    return world.rows(
        """SELECT kind, record_type, record_id FROM notice JOIN app_user ON app_user.id = notice.user_id
            WHERE login = :login AND kind = coalesce(:kind, kind) ORDER BY notice.created_at, notice.id""",
        login=login,
        kind=kind,
    )


def work(world: World) -> None:
    """What the worker would do by now, mail apart."""
    kinds = [kind for kind in CONSUMERS if kind != "mail_written"]
    pending = "SELECT id FROM outbox_event WHERE state = 'pending' AND kind = ANY (:kinds) ORDER BY id"
    while events := world.rows(pending, kinds=kinds):
        for (event_id,) in events:
            run(apply_event, event_id, context=Context(route="worker"), database=world.database)
