"""Exports: on record, within the reader's rows and columns, and inert in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import DatabaseUrls
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World
from web.app import create_app
from web.exports.declared import LISTS
from web.exports.writing import inert, write_rows

ACTING = ("=1+1", "+8613800000000", "-2+3", "@SUM(A1)", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "=cmd|x")
HIDDEN = ("\t=1+1", "\r=1+1", "\n=1+1", "\tx", " =1+1", "\u3000=1+1", " \u3000\uff1d1+1", "  @x")
CANARY = "Zaunkönig"


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    """Anna's customers have names that would act as formulas; Bert has one of his own."""
    world = World.set_up(module_database.app)
    anna, bert = world.user("anna", "sales", language="en"), world.user("bert", "sales", language="en")
    world.user("store", "warehouse", language="en")
    product = world.product(stock=500, sku="TEA", name="Tea")
    for number, start in enumerate(ACTING):
        customer = world.customer(f"{start}|{CANARY}{number}", owner_id=anna.user_id, city=f"{start}stadt"[:60])
        world.order(customer, (product, 1, Decimal("12.50")))
    world.customer("Bert's own", owner_id=bert.user_id)
    return world


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def signed_in(app: Flask, login: str) -> FlaskClient:
    browser = app.test_client()
    browser.post("/sign-in", data={"login": login, "password": PASSWORD})
    return browser


def table(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_a_csv_file_has_no_cell_that_a_spreadsheet_would_run(app: Flask) -> None:
    rows = table(signed_in(app, "anna").post("/exports/customers", data={"format": "csv"}))
    assert len(rows) == len(ACTING) + 1
    texts = [cell for row in rows for cell in row if not _is_number(cell)]
    assert [
        cell for cell in texts if cell.lstrip(" \u3000")[:1] in tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20") and cell
    ] == []
    assert sum(cell.startswith("'") for cell in texts) >= len(ACTING)


def test_numbers_stay_numbers(app: Flask) -> None:
    answer = signed_in(app, "anna").post("/exports/orders", data={"format": "csv"})
    heads, *rows = table(answer)
    assert {row[heads.index("Amount, CNY")] for row in rows} == {"14.13"}
    book = openpyxl.load_workbook(io.BytesIO(signed_in(app, "anna").post("/exports/orders").data))
    cells = list(book.active.iter_rows(min_row=2, values_only=True))
    assert {row[heads.index("Amount, CNY")] for row in cells} == {14.13}
    assert {type(row[heads.index("Ordered")]).__name__ for row in cells} == {"datetime"}


def test_a_workbook_holds_texts_and_no_formula(app: Flask) -> None:
    book = openpyxl.load_workbook(io.BytesIO(signed_in(app, "anna").post("/exports/customers").data))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert len([cell for cell in cells if str(cell.value).startswith(("=", "+", "-", "@"))]) >= 4


@pytest.mark.parametrize(
    "text", ["Muster;=1+1", 'a;"=1+1', "a; \uff1d1+1;b", "a\t@SUM(A1)", "a\r\n=1+1", "a\n-2+3", ";;=1", "a;\n+1"]
)
def test_nothing_within_a_text_begins_a_cell_that_would_act(text: str) -> None:
    """Spreadsheets of half the world part a file at semicolons, amid what commas and quotes hold together."""
    file = io.StringIO()
    csv.writer(file).writerow(["Name", inert(text), "end"])
    cells = [cell.strip(' \u3000"') for cell in re.split(r"[;\t\r\n]", file.getvalue())]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))] == []


@pytest.mark.parametrize("text", [*ACTING, *HIDDEN])
def test_what_would_act_is_inert_as_head_and_as_cell(text: str) -> None:
    with write_rows("csv", "List", [text], [[text]]) as file:
        rows = list(csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline="")))
    assert rows == [[inert(text)], [inert(text)]] and inert(text).startswith("'")
    with write_rows("xlsx", "List", [text], [[text]]) as file:
        cells = [row[0] for row in openpyxl.load_workbook(file).active.iter_rows()]
    assert [cell.data_type for cell in cells] == ["s", "s"]


@pytest.mark.parametrize(
    "text", ["plain", "a=b", "10%", "李明", "", "a-b", "3 + 4", "a; b", "5;6", "10:30; 11", "a\n\nb", "a\r\nb"]
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


def test_an_export_is_on_record_before_it_is_handed_out(app: Flask, world: World) -> None:
    before = world.value("SELECT count(*) FROM audit_row WHERE action = 'list.exported'")
    signed_in(app, "anna").post("/exports/customers?q=Zaun&view=mine&after=x", data={"format": "csv"})
    [row] = world.rows(
        "SELECT actor_name, record_label, changes, address FROM audit_row WHERE action = 'list.exported' "
        "ORDER BY id DESC LIMIT 1"
    )
    assert world.value("SELECT count(*) FROM audit_row WHERE action = 'list.exported'") == before + 1
    assert row[:2] == ("Anna", "customers")
    assert row[2] == {"rows": len(ACTING), "format": "csv", "filters": {"q": "Zaun", "view": "mine"}}
    assert row[3]


@pytest.mark.parametrize("name", LISTS)
def test_nobody_exports_what_is_a_colleague_s(app: Flask, world: World, name: str) -> None:
    token = {"Authorization": f"Bearer {world.token('bert')}", "Idempotency-Key": f"export-{name}"}
    browser = signed_in(app, "bert")
    for query in ("", "?view=all", "?tab=all", "?q=Zaun"):
        answer = browser.post(f"/exports/{name}{query}", data={"format": "csv"})
        assert answer.status_code in (200, 403)
        assert CANARY not in answer.data.decode("utf-8-sig", "replace")
    answer = app.test_client().post("/api/v1/exports", json={"list": name, "format": "csv"}, headers=token)
    assert answer.status_code in (200, 403)
    assert CANARY not in answer.data.decode("utf-8-sig", "replace")


def test_the_canary_is_there_to_be_found(app: Flask) -> None:
    assert CANARY in signed_in(app, "anna").post("/exports/customers", data={"format": "csv"}).data.decode()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_exported_by_who_sees_its_page(app: Flask, world: World, name: str) -> None:
    for login, role in (("anna", "sales"), ("store", "warehouse"), ("admin", "admin")):
        permissions = set(world.value("SELECT permissions FROM role WHERE code = :code", code=role))
        answer = signed_in(app, login).post(f"/exports/{name}")
        assert answer.status_code == (200 if LISTS[name].permission in permissions else 403), login


def test_a_column_that_the_page_hides_is_not_in_the_file(app: Flask) -> None:
    asked = "/exports/orders?cols=number,payment_status,open_amount"
    heads = table(signed_in(app, "anna").post(asked, data={"format": "csv"}))[0]
    hidden = table(signed_in(app, "store").post(asked, data={"format": "csv"}))[0]
    assert heads == ["Number", "Payment", "Open, CNY"]
    assert hidden == ["Number"]


def test_an_unknown_list_or_format_is_none(app: Flask) -> None:
    browser = signed_in(app, "admin")
    assert browser.post("/exports/passwords").status_code == 404
    assert browser.post("/exports/customers", data={"format": "exe"}).status_code == 400
    assert browser.get("/exports/customers").status_code == 405


def test_every_page_of_a_list_is_in_the_file(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.lists.reading.READ_AT_ONCE", 5)
    rows = table(signed_in(app, "anna").post("/exports/orders?sort=number", data={"format": "csv"}))[1:]
    numbers = [row[0] for row in rows]
    assert len(numbers) == len(ACTING) and numbers == sorted(set(numbers))


def test_a_list_that_is_too_large_is_refused_whole(app: Flask, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr("web.exports.lists.LARGEST_EXPORT", 3)
    before = world.value("SELECT count(*) FROM audit_row WHERE action = 'list.exported'")
    answer = signed_in(app, "anna").post("/exports/orders")
    assert answer.status_code == 409 and "more than 3 rows" in answer.get_data(as_text=True)
    assert world.value("SELECT count(*) FROM audit_row WHERE action = 'list.exported'") == before


def test_chinese_for_old_spreadsheets(app: Flask) -> None:
    answer = signed_in(app, "anna").post("/exports/customers?q=Zaun", data={"format": "csv-gb18030"})
    assert CANARY in answer.data.decode("gb18030")
    assert "gb18030" in answer.content_type


def _is_number(cell: str) -> bool:
    try:
        Decimal(cell)
    except ArithmeticError:
        return False
    return True
