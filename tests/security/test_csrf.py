"""Requests that somebody else's page could send: refused on every form; and no GET changes anything."""

from __future__ import annotations

from flask import Flask

from tests.security.conftest import Visitor, values_of
from tests.security.test_matrix import address
from tests.world import World
from web.permissions import route_matrix

# What a GET may write: that a session was seen.
QUIET = ("user_session",)


def test_every_form_without_its_token_is_refused(app: Flask, world: World, visitor: Visitor) -> None:
    values, wrong = values_of(world), []
    for row in route_matrix(app):
        if row.method == "GET" or row.rule.startswith("/api/"):
            continue
        for data in ({}, {"csrf_token": "forged"}):
            answer = visitor("admin").open(address(row, values), method=row.method, data=data)
            if answer.status_code != 400:
                wrong.append(f"{row.method} {row.rule}: {answer.status_code}")
    assert not wrong


def test_the_api_takes_no_cookie(app: Flask, world: World, visitor: Visitor) -> None:
    """A signed-in browser is nobody to the API, so there is nothing to forge."""
    answer = visitor("admin").post("/api/v1/customers", json={"name": "forged"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 401


def test_no_get_writes(app: Flask, world: World, visitor: Visitor) -> None:
    values, browser = values_of(world), visitor("admin")
    before = _rows_written(world)
    for row in route_matrix(app):
        if row.method == "GET" and row.endpoint != "assets.file" and not row.rule.startswith("/styleguide"):
            browser.get(address(row, values))
    assert _rows_written(world) == before


def _rows_written(world: World) -> dict[str, tuple[int, str]]:
    """Per table: rows, and a digest of all of them."""
    names = [name for (name,) in world.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
    found = {}
    for name in sorted(set(names) - set(QUIET)):
        found[name] = world.rows(
            f"SELECT count(*), coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM {name} AS row"
        )[0]
    return found
