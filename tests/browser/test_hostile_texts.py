"""A company in which every text that anybody may type is an attempt at a script: all of it in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Enum, String
from werkzeug.serving import make_server

from core.database import Base
from core.models_registry import import_all_models
from tests.database_server import DatabaseUrls
from tests.web.input.conftest import Person, addresses, books, person
from tests.web.pages_ops.conftest import Books

NO_PAGES = ("/print/", "/export", "/templates/", "/stream")
"""What answers with a file, or goes on answering."""

__all__ = ["addresses", "books", "person"]

RUN = "ran('x')"
CORPUS = (
    f"<script>{RUN}</script>", f"</title><script>{RUN}</script>", f"</textarea><script>{RUN}</script>",
    f'"><script>{RUN}</script>', f"'><script>{RUN}</script>", f"<img src=x onerror={RUN}>", f'"onmouseover="{RUN}',
    f"' autofocus onfocus={RUN} x='", f"<svg onload={RUN}>", f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x>", f"<body onload={RUN}>", f"<details open ontoggle={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>", f"<a href=javascript:{RUN} id=x>x</a>", f"javascript:{RUN}",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>", "{{ 7 * 7191 }}", "{% raw %}${7*7191}",
    "<%= 7*7191 %>", "#{7*7191}", "%(name)s %s {0} {name}", f"<style>@import'//127.0.0.1:9/'</style><b style=x:y>{RUN}",
    "<link rel=stylesheet href=//127.0.0.1:9/x>", "<base href=//127.0.0.1:9/>", "<meta http-equiv=refresh content=0;/>",
    "<form action=//127.0.0.1:9/><button>x", "＜script＞ran('x')＜/script＞", "\u202e>tpircs/<)(nar>tpircs<",
    "<scr\u200bipt>ran('x')</scr\u200bipt>", "\\u003cscript\\u003eran('x')\\u003c/script\\u003e", "&lt;script&gt;ran()",
    f"<object data=javascript:{RUN}>", f"<embed src=javascript:{RUN}>", f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>", f"<div hx-get=/orders hx-on:load={RUN} hx-trigger=load>", f"`-{RUN}-`", f"';{RUN};//",
)  # fmt: skip
# Not typed: made by the product or chosen from a list.
MADE = re.compile(
    r"hash|key|pinyin|initials|search|kind|state|status|time_zone|language|event|origin$|role$|media|logo"
    r"|theme|contrast|density|document$|rule$|method|policy|bucket|path|route|reference_type|digest|type$|scopes"
)
# Numbers of documents are made; what a carrier, a bank or the tax office calls them is typed.
MADE_NUMBERS = re.compile(r"^number$")
TYPED_NUMBERS = {("bank_account", "number")}
# Rows that stand for something of the product's own.
NEEDED = {("app_user", "login"), ("role", "code"), ("pipeline_stage", "code"), ("journal", "code"), ("account", "code")}
# Facts as they were told, with the words of the time.
TELLING = (("audit_row", "changes"), ("notice", "data"), ("mail_message", "data"), ("approval_request", "arguments"))
SHORTEST = 20
WATCH = """
window.ran = () => console.error('RAN');
addEventListener('securitypolicyviolation', found => console.error(`POLICY ${found.violatedDirective}`));
"""


def poison(urls: DatabaseUrls) -> tuple[int, int]:
    """Writes an attempt into every text column that is typed, another one in each row, also where nothing stood;
    answers how many columns now hold some, and how many told facts."""
    import_all_models()
    columns = facts = 0
    with psycopg.connect(urls.superuser.replace("+psycopg", "", 1)) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if _is_typed(table.name, column):
                    columns += _poison(connection, table.name, column.name, column.type.length or 10_000)
        for table_name, column_name in TELLING:
            facts += _poison_facts(connection, table_name, column_name)
    return columns, facts


def _is_typed(table: str, column: Any) -> bool:
    kind = column.type
    if not isinstance(kind, String) or isinstance(kind, Enum) or column.computed or column.primary_key:
        return False
    if MADE.search(column.name) or (table, column.name) in NEEDED or (kind.length or 10_000) < SHORTEST:
        return False
    return not MADE_NUMBERS.search(column.name) or (table, column.name) in TYPED_NUMBERS


def _poison(connection: psycopg.Connection[Any], table: str, column: str, length: int) -> bool:
    """Into every row; where a rule of the table ties a missing text to other columns, into what is there."""
    statement = sql.SQL(
        "UPDATE {table} SET {column} = left((%(texts)s::text[])[1 + ((hashtext(%(name)s) & 1023) + n) %% %(count)s],"
        " %(length)s - 6) || right(n::text, 5)"
        " FROM (SELECT ctid AS place, row_number() OVER () AS n FROM {table}) AS numbered"
        " WHERE numbered.place = {table}.ctid AND (%(empty)s OR {column} IS NOT NULL)"
    ).format(table=sql.Identifier(table), column=sql.Identifier(column))
    fitting = [text for text in CORPUS if len(text) <= length - 6]
    values = {"texts": fitting, "count": len(fitting), "length": length, "name": f"{table}.{column}"}
    for empty in (True, False):
        try:
            with connection.transaction():
                return connection.execute(statement, {**values, "empty": empty}).rowcount > 0
        except psycopg.errors.CheckViolation:
            continue
    return False


def _poison_facts(connection: psycopg.Connection[Any], table: str, column: str) -> int:
    """Every word in what was told, but for names of fields, numbers and days."""
    names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
    rows = connection.execute(sql.SQL("SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL").format(**names))
    change = sql.SQL("UPDATE {table} SET {column} = %s WHERE id = %s").format(**names)
    changed = [(Jsonb(_spoilt(data, row_id)), row_id) for row_id, data in rows.fetchall()]
    with connection.cursor() as cursor:
        cursor.executemany(change, changed)
    return len(changed)


def _spoilt(data: Any, number: int) -> Any:
    if isinstance(data, dict):
        return {name: _spoilt(inner, number + at) for at, (name, inner) in enumerate(data.items())}
    if isinstance(data, list):
        return [_spoilt(inner, number + at) for at, inner in enumerate(data)]
    if isinstance(data, str) and not re.fullmatch(r"[0-9.:T+Z -]*", data):
        return CORPUS[number % len(CORPUS)]
    return data


@pytest.fixture(scope="module")
def poisoned(books: Books, module_database: DatabaseUrls) -> Books:
    columns, facts = poison(module_database)
    assert columns > 90 and facts > 50
    return books


@pytest.fixture(scope="module")
def pages(poisoned: Books, request: pytest.FixtureRequest) -> list[str]:
    """The addresses of all pages, found after the company was spoilt; and those that say again what was asked."""
    found: list[str] = request.getfixturevalue("addresses")
    asked = [f"{path}?q={text}" for path in ("/search", "/orders", "/customers") for text in CORPUS[3:6]]
    return [*found, *asked]


@pytest.fixture
def address(poisoned: Books, person: Person) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, person.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_nothing_runs_and_nothing_breaks_the_policy(
    poisoned: Books, pages: list[str], address: str, chromium: Browser
) -> None:
    context = chromium.new_context(base_url=address, extra_http_headers={"X-Test-Actor": "admin"})
    context.add_init_script(WATCH)
    window, heard = context.new_page(), []
    window.on("dialog", lambda dialog: heard.append(f"{window.url}: dialog") or dialog.dismiss())
    window.on("console", lambda said: heard.append(f"{window.url}: {said.text}") if _matters(said.text) else None)
    window.on("request", lambda asked: heard.append(f"asked {asked.url}") if not _is_ours(asked.url, address) else None)
    visited = 0
    for page in pages:
        if page.endswith((".pdf", ".css")) or any(part in page for part in NO_PAGES):
            continue
        answer = window.goto(page, wait_until="load")
        assert answer is not None and answer.status < 500, page
        assert "50337" not in window.content(), f"{page}: a template calculated"
        visited += 1
    context.close()
    assert visited > 60
    assert heard == []


def _matters(text: str) -> bool:
    return "RAN" in text or "POLICY" in text or "Content Security Policy" in text


# The browser's own viewer of PDF files, which shows what hangs on a record.
PDF_VIEWER = ("chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/", "chrome://resources/")


def _is_ours(url: str, address: str) -> bool:
    return url.startswith((address, *PDF_VIEWER))


def test_the_watch_sees_what_runs(chromium: Browser) -> None:
    """What runs is heard."""
    context = chromium.new_context()
    context.add_init_script(WATCH)
    window, heard = context.new_page(), []
    window.on("console", lambda said: heard.append(said.text))
    window.set_content("<!doctype html><body>" + CORPUS[0])
    window.evaluate("ran('x')")
    context.close()
    assert any("RAN" in text for text in heard)


def test_papers_are_made_of_it(poisoned: Books, pages: list[str], person: Person) -> None:
    """Every kind of paper, in both languages."""
    ids = poisoned.ids
    papers = [
        path
        for language in ("zh", "en")
        for path in (
            f"/quotations/{ids['quotation']}/print/{language}", f"/orders/{ids['confirmed']}/print/{language}",
            f"/invoices/{ids['paid']}/{language}.pdf", f"/invoices/credit-notes/{ids['credit_note']}/{language}.pdf",
            f"/shipments/{ids['shipment']}/delivery-note-{language}.pdf",
        )
    ]  # fmt: skip
    for path in papers:
        answer = person.get(path)
        assert answer.status_code == 200, path
        assert answer.data.startswith(b"%PDF"), path
