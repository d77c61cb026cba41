"""An import as a person does it in the browser, and what the pages refuse."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.database_server import DatabaseUrls
from tests.imports.conftest import Importer, csv_file
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World, new_key
from web.app import create_app

ROWS = [["客户名称", "电话", "备注"], ["蓝天贸易有限公司", "13812345678", "a"], ["", "13912345678", "b"]]


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    world.user("sales", "sales", language="en")
    world.user("warehouse", "warehouse", language="en")
    yield world
    world.database.dispose()


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    return create_app(SETTINGS)


class Visitor:
    """Somebody at a browser, who sends the forms of the page he looks at."""

    def __init__(self, app: Flask, login: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.page = self.client.get("/sign-in").get_data(as_text=True)
        self.post("/sign-in", login=login, password=PASSWORD)

    def get(self, path: str) -> str:
        self.page = self.client.get(path).get_data(as_text=True)
        return self.page

    def post(self, path: str, **values: object) -> object:
        token = re.findall(r'name="csrf_token"[^>]* value="([^"]*)"', self.page)[-1]
        data = {"csrf_token": token, "idempotency_key": new_key(), **values}
        response = self.client.post(path, data=data, follow_redirects=True, content_type="multipart/form-data")
        self.page = response.get_data(as_text=True)
        return response

    def hand_in(self, kind: str, name: str, content: bytes) -> object:
        self.get("/imports/new")
        return self.post("/imports/new", kind=kind, files=(io.BytesIO(content), name))


def batch_of(world: World) -> int:
    return int(world.value("SELECT max(id) FROM import_batch"))


def test_from_the_file_to_the_result_and_back(world: World, app: Flask) -> None:
    visitor, worker = Visitor(app, "sales"), Importer(world, world.actor_of("sales"))
    visitor.hand_in("customers", "kunden.csv", csv_file(ROWS, "gb18030"))
    here = f"/imports/{batch_of(world)}"
    assert "蓝天贸易有限公司" in visitor.page and 'value="name" selected' in visitor.page
    chosen = {"column-0": "name", "column-1": "phone", "column-2": "note"}
    visitor.post(f"{here}/check", existing="skip", **chosen)
    assert 'hx-trigger="every 1s"' in visitor.page and "Reload" in visitor.page
    worker.work()
    assert "Name: This is needed. Fill it in." in visitor.get(here)
    back = visitor.client.get(f"{here}/refused?format=csv").get_data().decode("utf-8-sig")
    assert back.splitlines() == ["客户名称,电话,备注,Reason", ",13912345678,b,Name: This is needed. Fill it in."]
    visitor.get(here)
    visitor.post(f"{here}/start")
    worker.work()
    assert "蓝天贸易有限公司" in visitor.get(f"{here}?rows=done")
    assert world.value("SELECT owner_id FROM customer WHERE name = '蓝天贸易有限公司'") == worker.actor.user_id
    assert "Delete what the import created: Customers" in visitor.get(f"{here}/undo")
    digest = re.findall(r'name="digest" value="([^"]*)"', visitor.page)[-1]
    visitor.post(f"{here}/undo", digest=digest)
    worker.work()
    assert "Undone" in visitor.get(here)
    assert world.value("SELECT count(*) FROM customer") == 0


def test_the_same_heads_are_mapped_as_last_time(world: World, app: Flask) -> None:
    visitor, rows = Visitor(app, "sales"), [["Firma X", "Y"], ["Acme", "a"]]
    visitor.hand_in("customers", "a.csv", csv_file(rows))
    assert 'value="name" selected' not in visitor.page
    visitor.post(f"/imports/{batch_of(world)}/check", **{"column-0": "name", "column-1": "note", "existing": "update"})
    visitor.hand_in("customers", "b.csv", csv_file(rows))
    assert 'value="name" selected' in visitor.page and 'value="note" selected' in visitor.page


def test_lines_before_the_heads_and_other_sheets_are_found(world: World, app: Flask) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Notes only"])
    sheet = book.create_sheet("Kunden")
    for row in (["Export of 2026-11-22"], [None], ["Customer name", "Phone", "City"], ["Acme", "1", "Köln"]):
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    Visitor(app, "sales").hand_in("customers", "a.xlsx", stream.getvalue())
    heads = world.value("SELECT heads FROM import_batch ORDER BY id DESC LIMIT 1")
    assert heads == ["Customer name", "Phone", "City"]


def test_nobody_sees_or_does_what_is_another_s(world: World, app: Flask) -> None:
    visitor = Visitor(app, "sales")
    visitor.hand_in("customers", "a.csv", csv_file(ROWS))
    here, other = f"/imports/{batch_of(world)}", Visitor(app, "warehouse")
    for path in (here, f"{here}/refused", f"{here}/undo"):
        assert other.client.get(path).status_code == 404
    other.get("/imports/new")
    for action in ("check", "start", "undo", "discard", "pause", "resume", "decide", "heads"):
        assert other.post(f"{here}/{action}").status_code == 404, action
    assert other.hand_in("customers", "a.csv", csv_file(ROWS)).status_code == 403
    assert other.client.get("/imports/templates/customers").status_code == 403


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "empty"),
        ("a.xlsx", b"PK\x03\x04 no workbook at all", "no plain Excel workbook"),
        ("a.csv", b"%PDF-1.7", "no table in text"),
        ("a.csv", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no table in text"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(app: Flask, name: str, content: bytes, said: str) -> None:
    visitor = Visitor(app, "sales")
    answer = visitor.hand_in("customers", name, content)
    assert answer.status_code == 422 and said in visitor.page  # type: ignore[attr-defined]


def test_a_workbook_that_says_its_last_cell_is_the_last_there_is_takes_no_memory(world: World, app: Flask) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "x", "y"
    stream = io.BytesIO()
    book.save(stream)
    visitor = Visitor(app, "sales")
    assert visitor.hand_in("customers", "a.xlsx", stream.getvalue()).status_code == 422  # type: ignore[attr-defined]
    assert "200000 rows, 200 columns" in visitor.page


def test_a_template_comes_back_as_it_is(world: World, app: Flask) -> None:
    visitor = Visitor(app, "sales")
    content = visitor.client.get("/imports/templates/customers").get_data()
    heads = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(content)).active[1]]
    visitor.hand_in("customers", "a.xlsx", content)
    mapping = world.value("SELECT mapping FROM import_batch ORDER BY id DESC LIMIT 1")
    assert len(mapping) == len(heads)
