"""Who sees everybody's imports sees them without what he does not see elsewhere; and the command line says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from core import database as db
from core.context import Context
from core.imports.kinds import KINDS
from core.masks import showing
from core.queries.imports import covered_rows, get_import, list_rows
from tests.database_server import DatabaseUrls
from tests.imports.conftest import Importer, csv_file
from tests.imports.test_pages import Visitor
from tests.security.conftest import SETTINGS
from tests.world import World
from web.app import create_app
from web.cli.import_file import _bring_in
from web.cli.messages import speaking

ROWS = [["客户名称", "电话", "邮箱", "私下"], ["蓝天贸易有限公司", "13812345678", "no address", "secret"]]


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    world.user("sales", "sales", language="en")
    world.user("other", "sales", language="en")
    world.user("manager", "manager", language="en")
    yield world
    world.database.dispose()


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    return create_app(SETTINGS)


@pytest.fixture(scope="module")
def here(world: World) -> int:
    worker = Importer(world, world.actor_of("sales"))
    uploaded = worker.upload("customers", ("kunden.csv", csv_file(ROWS)))
    worker.check(uploaded)
    return int(uploaded["id"])


def test_a_manager_sees_it_and_does_nothing_with_it(app: Flask, here: int) -> None:
    manager = Visitor(app, "manager")
    assert "kunden.csv" not in manager.get("/imports") and "kunden.csv" in manager.get("/imports?whose=all")
    page = manager.get(f"/imports/{here}")
    assert "13812345678" in page and "no address" in page and "secret" not in page
    assert not re.search(rf"/imports/{here}/(start|discard|refused)|columns=", page)
    for action in ("start", "discard", "check", "decide", "pause"):
        assert manager.post(f"/imports/{here}/{action}").status_code == 404, action  # type: ignore[attr-defined]
    assert manager.client.get(f"/imports/{here}/refused").status_code == 404


def test_a_colleague_sees_nothing_of_it(app: Flask, here: int) -> None:
    other = Visitor(app, "other")
    assert "kunden.csv" not in other.get("/imports?whose=all")
    assert other.client.get(f"/imports/{here}").status_code == 404


def test_cells_and_reasons_of_masked_fields_are_covered(world: World, here: int) -> None:
    db.configure(world.database)
    record = get_import(here, None)
    rows, _following = list_rows(here, None)
    with showing({"phones.read"}):
        [row] = covered_rows(KINDS["customers"], record.mapping, rows)
    assert row.cells == ["蓝天贸易有限公司", "13812345678", "•••", None]
    assert row.reasons == [{"field": "email", "code": "import_covered", "data": {}}]


def test_the_command_line_says_in_sentences_why_a_row_is_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    file = tmp_path / "a.csv"
    file.write_bytes(csv_file(ROWS))
    monkeypatch.setenv("COUNTINGHOUSE_LANGUAGE", "en")
    with speaking(SETTINGS):
        _bring_in("customers", (file,), "admin", None, True, Context(channel="command line"))
    said = capsys.readouterr()
    assert "Waits for you: 0 new, 0 updated, 0 left out, 1 refused, of 1 rows" in said.out
    assert said.err == "  2: E-mail: This is not an e-mail address. Write it like name@example.com.\n"
