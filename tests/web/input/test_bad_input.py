"""Bad input anywhere: every page and every form is sent what nobody means, field by field.

Never a failure of ours; a refusal says in a sentence what is wrong; and of what was refused nothing is kept.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import text

from core.database import Base
from core.models_registry import import_all_models
from tests.web.input.conftest import Person, parameters
from tests.web.input.pages import Page, PageForm, pattern
from tests.web.pages_ops.conftest import Books
from tests.world import new_key

CORPUS: dict[str, str | bytes] = {
    "nul": "a\x00b",
    "superscript": "²",
    "long": "9" * 5000,
    "forty digits": "9" * 40,
    "beyond an id": str(2**63),
    "no such id": str(2**63 - 1),
    "fourteen digits": "9" * 14,
    "compatible": "ﷺ" * 40,
    "not utf-8": b"\xff\xfe\xed\xa0\x80",
    "first day": "0001-01-01",
    "negative": "-1",
    "fine": "0.00000000000000000000000001",
}
SHARES = 4
# Showing who one is counts each failure, which is meant to change something.
LEFT_OUT = ("/sign-in", "/account/prove", "/preferences", "/assets", "/setup")
# What is written about looking, not about doing: it may change although a form was refused.
TRACES = frozenset({"user_session", "sign_in_delay", "api_token"})


class Rows:
    """How many rows each table has, and the youngest change of each."""

    def __init__(self, books: Books) -> None:
        import_all_models()
        names = sorted(set(Base.metadata.tables) - TRACES)
        counts = [f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM \"{name}\"" for name in names]
        self.query = text(" UNION ALL ".join(counts))
        self.database = books.world.database

    def now(self) -> dict[str, tuple[int, int | None]]:
        with self.database.autocommit() as connection:
            return {name: (count, youngest) for name, count, youngest in connection.execute(self.query)}


@pytest.fixture(scope="module")
def rows(books: Books) -> Rows:
    return Rows(books)


@pytest.mark.parametrize("odd", CORPUS)
def test_no_address_makes_a_page_fail(person: Person, addresses: list[str], odd: str) -> None:
    query = dict.fromkeys(sorted(parameters()), CORPUS[odd][:3000])
    failed = []
    for address in addresses:
        answer = person.client.get(address.split("?")[0], query_string=query, headers=person.headers)
        if answer.status_code >= 500:
            failed.append(f"{answer.status_code} {address}")
    assert not failed


@pytest.mark.parametrize("part", ["%00", "%C2%B2", "9" * 30, "%FF", "SO-2026-%00"])
def test_no_path_makes_a_page_fail(person: Person, part: str) -> None:
    for rule in person.client.application.url_map.iter_rules():
        if rule.arguments and "GET" in (rule.methods or ()):
            path = "/".join(part if "<" in step else step for step in rule.rule.split("/"))
            answer = person.get(path)
            assert answer.status_code < 500, path


@pytest.mark.parametrize("share", range(SHARES))
def test_no_form_half_does_what_it_refuses(
    person: Person, addresses: list[str], rows: Rows, share: int, request: pytest.FixtureRequest
) -> None:
    """Every form of every page, each field in turn with every third of the odd values, neighbours with others; with
    `--every-combination` with all. In shares, so that processes divide them."""
    forms = forms_of(person, addresses)
    assert len(forms) > 25
    step = 1 if request.config.getoption("--every-combination") else 3
    faults = [fault for form in forms[share::SHARES] for fault in _faults_of(person, form, rows, step)]
    assert not faults, "\n".join(faults)


def forms_of(person: Person, addresses: list[str]) -> list[PageForm]:
    """Each form that posts, once."""
    found: dict[Any, PageForm] = {}
    for address in addresses:
        answer = person.get(address)
        if answer.mimetype != "text/html":
            continue
        for form in Page(answer.text).forms:
            form.action = form.action or address
            if form.method == "post" and not form.action.startswith(LEFT_OUT):
                found.setdefault(form.key, form)
    return list(found.values())


def _faults_of(person: Person, form: PageForm, rows: Rows, step: int) -> list[str]:
    faults = []
    names = dict.fromkeys(name for name in (control.name for control in form.controls) if _in_turn(name))
    steps = {control.name: control.value for control in form.controls if control.kind == "button"}
    before = rows.now()
    for place, name in enumerate(names):
        for odd, value in list(CORPUS.items())[place % step :: step]:
            values: dict[str, Any] = {**form.values, **steps, "idempotency_key": new_key(), name: value}
            answer = person.post(form.action, values)
            where = f"{form.action} {name} {odd}: {answer.status_code}"
            if answer.status_code >= 500:
                faults.append(where)
            elif answer.status_code >= 400:
                faults += _faults_of_refusal(answer, where)
                if rows.now() != before:
                    faults.append(f"{where} and changed something")
            else:
                before = rows.now()
    return faults


def _in_turn(name: str) -> bool:
    """One row of a list of rows stands for all; the token is not the form's."""
    return name != "csrf_token" and (not name.startswith("lines-") or name.startswith("lines-0-"))


def _faults_of_refusal(answer: Any, where: str) -> list[str]:
    sentences = " ".join(Page(answer.text).sentences)
    if not sentences:
        return [f"{where} without a sentence"]
    return [f"{where} with a code: {sentences[:100]}"] if "This was refused (" in sentences else []


def test_a_file_in_the_place_of_a_text_is_refused_beside_it(person: Person, rows: Rows) -> None:
    before = rows.now()
    values = {"name": (io.BytesIO(b"x"), "name.txt"), "idempotency_key": new_key()}
    answer = person.post("/customers/new", values, content_type="multipart/form-data")
    assert (answer.status_code, rows.now()) == (422, before)
    assert Page(answer.text).sentences


def test_a_body_of_json_is_no_form(person: Person, rows: Rows) -> None:
    before = rows.now()
    for body in ([1], {"name": 7}, {"name": "x"}, None):
        answer = person.client.post("/customers/new", json=body, headers=person.headers)
        assert answer.status_code in (400, 422)
    assert rows.now() == before


def test_a_form_without_its_key_changes_nothing(person: Person, books: Books, rows: Rows) -> None:
    before = rows.now()
    answer = person.post("/suppliers/new", {"name": "Nobody", "country": "CN"})
    assert answer.status_code == 422
    assert "did not arrive whole" in answer.text
    assert rows.now() == before


@pytest.mark.parametrize(("path", "rows_sent"), [("/orders/new", 600), ("/stock/receipts/new", 300)])
def test_too_many_lines_are_refused_in_a_sentence(
    person: Person, books: Books, rows: Rows, path: str, rows_sent: int
) -> None:
    before = rows.now()
    values = {"idempotency_key": new_key(), "customer": "QUICK-Stop", "step": "post"}
    for index in range(rows_sent):
        values |= {f"lines-{index}-product": "TEA-1", f"lines-{index}-quantity": "1"}
    answer = person.post(path, values)
    assert (answer.status_code, rows.now()) == (422, before)
    assert "fit on one document" in " ".join(Page(answer.text).sentences)


def test_lines_are_numbered_by_plain_digits(person: Person, rows: Rows) -> None:
    before = rows.now()
    values = {"idempotency_key": new_key(), "customer": "QUICK-Stop", "lines-²-product": "TEA-1"}
    answer = person.post("/orders/new", {**values, f"lines-{'9' * 5000}-product": "TEA-1", "way": "back_order:²"})
    assert answer.status_code in (200, 422)
    assert rows.now() == before


def test_the_walk_reaches_the_records(addresses: list[str]) -> None:
    found = set(map(pattern, addresses))
    assert {
        "/orders/N",
        "/invoices/N",
        "/customers/N",
        "/quotations/N/edit",
        "/payments/new",
        "/ledger/entries/N",
    } <= found
