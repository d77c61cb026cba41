"""The first steps of a new company: ticked off by what is there, put away by each for himself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.company import change_company
from tests.database_server import DatabaseUrls
from tests.web.conftest import SETTINGS, visitor
from tests.world import World, new_key
from web.app import create_app
from web.home.first_steps import Step, first_steps


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app, language="en")
    yield world
    world.database.dispose()


@pytest.fixture
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def _seen_by(visitor: FlaskClient, world: World) -> tuple[list[Step] | None, str]:
    """What somebody's home page has to show, and the card."""
    with visitor:
        visitor.get("/menu")
        with world.database.reading() as connection:
            steps = first_steps(connection)
        card = visitor.application.jinja_env.get_template("home/first_steps.html").module.first_steps_card(steps)  # type: ignore[attr-defined]
        return steps, str(card)


def _done(steps: list[Step] | None) -> list[bool]:
    assert steps is not None
    return [step.is_done for step in steps]


def test_each_step_is_ticked_off_by_what_is_there(app: Flask, world: World) -> None:
    admin = visitor(app, "admin")
    steps, card = _seen_by(admin, world)
    assert _done(steps) == [False] * 6
    assert all(step.url for step in steps or [])
    assert 'id="first-steps"' in card and card.count("<li") == 6
    company = {"tax_id": "91310000MA1FL0000X", "address": "Harbour Road 1"}
    world.run(change_company, company)
    world.user("sales", "sales")
    customer, product = world.customer(), world.product(stock=5)
    assert _done(_seen_by(admin, world)[0]) == [True] * 5 + [False]
    world.confirm(world.order(customer, (product, 1)))
    steps, card = _seen_by(admin, world)
    assert _done(steps) == [True] * 6
    assert card.count('class="dim"') == 6


def test_who_does_not_set_the_company_up_is_shown_none(app: Flask, world: World) -> None:
    world.user("sales", "sales")
    assert _seen_by(visitor(app, "sales"), world) == (None, "")


def test_each_puts_them_away_for_himself(app: Flask, world: World) -> None:
    world.user("second", "admin")
    admin, second = visitor(app, "admin"), visitor(app, "second")
    answer = admin.post("/first-steps/dismiss", data={"idempotency_key": new_key()})
    assert answer.status_code == 303
    assert _seen_by(admin, world)[0] is None
    assert _seen_by(second, world)[0] is not None
