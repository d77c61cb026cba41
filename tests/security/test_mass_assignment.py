"""Fields that a form or a call does not have: every column there is, sent to each of them, reaches no row."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core import database as db
from core.command import _Attempt
from core.database import Base
from core.models_registry import import_all_models
from tests.web.api.conftest import Api
from tests.web.input.conftest import Person, addresses, books, person
from tests.web.input.pages import PageForm
from tests.web.input.test_bad_input import forms_of
from tests.web.pages_ops.conftest import Books
from tests.world import new_key
from web.api.fields import Many
from web.api.operation import OPERATIONS

__all__ = ["addresses", "books", "person"]

# Reads as a text, a number and an id, and stands nowhere else.
MARK = "7391739173"
TRANSPORT = {"csrf_token", "idempotency_key", "digest"}


@pytest.fixture(scope="module")
def columns() -> set[str]:
    import_all_models()
    return {column.name for table in Base.metadata.tables.values() for column in table.columns} | {
        column.key for mapper in Base.registry.mappers for column in mapper.column_attrs
    }


def marked_rows(books: Books) -> dict[str, int]:
    """How many rows of each table hold the mark."""
    looks = [
        f"SELECT '{name}', count(*) FROM \"{name}\" AS row WHERE row::text LIKE '%{MARK}%' HAVING count(*) > 0"
        for name in sorted(Base.metadata.tables)
    ]
    return dict(books.world.rows(" UNION ALL ".join(looks)))


def test_the_mark_would_be_found(books: Books, columns: set[str]) -> None:
    assert {"owner_id", "is_active", "amount_total", "password_hash", "version"} <= columns
    before = marked_rows(books)
    books.world.customer(f"Marked {MARK}")
    found = marked_rows(books)
    assert (found["customer"], found["audit_row"]) == (before.get("customer", 0) + 1, before.get("audit_row", 0) + 1)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were given the mark, told before one of them refuses it for what it is."""
    found, run = [], _Attempt.run

    def watched(attempt: _Attempt, command: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if MARK in repr((arguments, named)):
            found.append(command.__name__)
        return run(attempt, command, arguments, named)

    monkeypatch.setattr(_Attempt, "run", watched)
    return found


def test_no_form_takes_a_field_it_does_not_have(
    person: Person, addresses: list[str], books: Books, columns: set[str], given: list[str]
) -> None:
    known = marked_rows(books)
    sent, taken = 0, []
    for form in forms_of(person, addresses):
        person.post(form.action, _with_everything(form, columns))
        sent += 1
        found = marked_rows(books)
        if found != known:
            taken.append(f"{form.action}: {sorted(set(found.items()) - set(known.items()))}")
            known = found
    assert sent > 25
    assert not taken, "\n".join(taken)
    assert given == []


def _with_everything(form: PageForm, columns: set[str]) -> dict[str, Any]:
    """The form as it stands, with every column beside its own fields, and on its rows too."""
    own = {control.name for control in form.controls}
    steps = {control.name: control.value for control in form.controls if control.kind == "button" and control.name}
    rows = {found[1] for name in own if (found := re.match(r"(.+-\d+)-", name))}
    # The composer of a customer's page sends a comment's text under the name that activities have for it.
    known = TRANSPORT | ({"subject"} if form.action.startswith("/talk/") else set())
    extra = dict.fromkeys(sorted(columns - own - known), MARK)
    extra |= {f"{row}-{name}": MARK for row in rows for name in sorted(columns) if f"{row}-{name}" not in own}
    return {**extra, **form.values, **steps, "idempotency_key": new_key()}


def test_no_call_takes_a_field_it_does_not_have(books: Books, person: Person, columns: set[str]) -> None:
    """Each column that the call has not declared is named in the refusal, in its query, its body and its rows."""
    db.configure(books.world.database)
    caller = Api(person.client.application.test_client(), None, {"X-Test-Actor": "admin"})
    wrong = []
    for operation in OPERATIONS:
        path = re.sub(r"\{\w+\}", "1", operation.path)
        foreign = columns - set(operation.query.fields)
        answer = caller.send(operation.method, path, query_string=dict.fromkeys(foreign, MARK))
        wrong += _untold(answer, foreign, f"{operation.name}?", operation.path)
        if operation.body is None:
            continue
        for name, spec in [("", None), *operation.body.fields.items()]:
            if name and not isinstance(spec, Many):
                continue
            fields = spec.item.fields if isinstance(spec, Many) else operation.body.fields
            foreign = columns - set(fields)
            extra = dict.fromkeys(foreign, MARK)
            answer = caller.send(operation.method, path, {name: [extra]} if name else extra)
            prefix = f"{name}.0." if name else ""
            wrong += _untold(answer, {prefix + each for each in foreign}, operation.name, operation.path)
    assert not wrong, "\n".join(wrong[:20])


def _untold(answer: Any, foreign: set[str], where: str, path: str) -> list[str]:
    if answer.status_code != 422:
        return [f"{where} {path}: {answer.status_code}"]
    told = {fault["field"] for fault in answer.json["errors"] if fault["code"] == "unknown_field"}
    return [f"{where} {path}: says nothing of {sorted(foreign - told)[:5]}"] if foreign - told else []
