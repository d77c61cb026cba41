"""Bringing records in from files: handing one in, its columns, the check, doing, deciding, undoing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, request

import crm.imports  # noqa: F401 (its kinds)
from core import database as db
from core.imports.commands import (
    check_import,
    choose_heads,
    decide_rows,
    discard_import,
    pause_import,
    resume_import,
    start_import,
    undo_import,
    upload_import,
)
from core.imports.kinds import KINDS
from core.imports.models import Action, RowState
from core.imports.reading import LONGEST_NAME, Upload
from core.queries.imports import ROWS_SHOWN, covered_rows, get_import, list_imports, list_rows
from core.queries.paging import Window
from core.uploads import ENCODINGS
from web.api.fields import Body, Choice, Id, Ids, Integer, Many, Text
from web.api.operation import PAGING, Call, operation

UPLOADED = {"id": int, "kind": str, "name": str, "state": str, "heads": [str], "mapping": dict, "remembered": bool}
WORKING = {"id": int, "state": str}
REPORT = {
    "id": int, "kind": str, "name": str, "state": str, "is_paused": bool, "started_by_id": int, "started_by": str,
    "created_at": datetime,
    "finished_at": str | None, "heads": [str], "rows_total": int, "rows_worked": int, "rows_created": int,
    "rows_updated": int, "rows_skipped": int, "rows_asked": int, "rows_bad": int, "rows_undone": int, "rows_kept": int,
    "error": str | None,
}  # fmt: skip
ROW = {
    "position": int, "unit": int, "line": int, "cells": [str], "state": str, "action": str | None,
    "choice": str | None, "reasons": list, "found_id": int | None, "record_id": int | None,
}  # fmt: skip
COLUMNS = Many(
    item=Body(
        field=Text(required=True, limit=60, help="A field of the kind."),
        column=Integer(required=True, smallest=0, largest=199, help="From 0."),
        unit=Text(limit=20, help="`fraction` where 0.1 means 10 %, `month_first` where 3/4 is 4 March."),
    ),
    make=dict,
    help="Which column fills which field; as guessed or remembered when left out.",
)


@operation(
    "POST", "/imports", "imports.create", status=201, answer=UPLOADED,
    summary="Hand in a file to be brought in: the body is the file itself (XLSX, XLS, CSV)",
    query=Body(
        kind=Choice(choices=tuple(KINDS), required=True, help="What its rows are; needs the permission to write such."),
        name=Text(limit=LONGEST_NAME, help="What the file is called."),
        encoding=Choice(choices=ENCODINGS, help="Of a CSV file; found out from the file when left out."),
    ),
    refusals=("upload_empty", "upload_too_large", "upload_no_workbook", "upload_no_csv", "upload_table_too_large"),
)  # fmt: skip
def create_import(call: Call) -> Any:
    query = call.query
    upload = Upload(query.get("name") or "file", request.get_data(), query.get("encoding"))
    return call.run(upload_import, query["kind"], [upload])


@operation(
    "GET", "/imports", "imports.create", query=PAGING,
    summary="Imports, the latest first: the caller's; everybody's with imports.read_all",
    answer=[{"id": int, "kind": str, "name": str, "state": str, "started_by_id": int, "started_by": str,
             "rows_total": int, "rows_created": int, "rows_updated": int, "rows_bad": int, "created_at": datetime}],
)  # fmt: skip
def list_imports_call(call: Call) -> Any:
    window = Window("-created", call.query.get("cursor"), limit=call.query.get("limit") or ROWS_SHOWN, counted=False)
    with db.current().reading() as connection:
        page = list_imports(connection, window, _whose(call))
    return {"items": [row._asdict() for row in page.rows], "next_cursor": page.next}


def _whose(call: Call) -> int | None:
    """Whose imports the caller sees: his own, or everybody's (None)."""
    return None if call.actor.may("imports.read_all") else call.actor.user_id


@operation(
    "GET", "/imports/{batch_id}", "imports.create", answer=REPORT,
    summary="How far an import is, and its report; `stopped` is one that a worker gave up",
)  # fmt: skip
def get_import_call(call: Call, batch_id: int) -> Any:
    found = get_import(batch_id, _whose(call))._asdict()
    return {name: found[name] for name in REPORT}


@operation(
    "GET", "/imports/{batch_id}/rows", "imports.create", answer=[ROW],
    summary="The rows of an import with what is to become, or became, of each, and why",
    query=Body(state=Choice(choices=tuple(RowState)), cursor=Text(limit=20)),
)  # fmt: skip
def list_import_rows(call: Call, batch_id: int) -> Any:
    record = get_import(batch_id, _whose(call))
    after = call.query.get("cursor") or "0"
    rows, following = list_rows(batch_id, call.query.get("state"), int(after) if after.isdecimal() else 0)
    if record.started_by_id != call.actor.user_id:
        rows = covered_rows(KINDS[record.kind], record.mapping, rows)
    return {"items": [row._asdict() for row in rows], "next_cursor": str(following) if following else None}


@operation(
    "POST", "/imports/{batch_id}/heads", "imports.create", answer=UPLOADED,
    summary="Take another sheet, or heads from another line; the mapping is guessed anew",
    body=Body(sheets=Many(item=Body(source_id=Id(required=True), head_row=Integer(smallest=1, largest=40)), make=dict)),
    refusals=("import_state",),
)  # fmt: skip
def choose_import_heads(call: Call, batch_id: int) -> Any:
    wished = {each["source_id"]: each.get("head_row") or 1 for each in call.body.get("sheets") or ()}
    return call.run(choose_heads, batch_id, wished)


@operation(
    "POST", "/imports/{batch_id}/check", "imports.create", answer=WORKING,
    summary="Have every row checked in the background; nothing is written",
    body=Body(columns=COLUMNS, existing=Choice(choices=tuple(Action), help="What is done where the record is there.")),
    refusals=("import_state",),
)  # fmt: skip
def check_import_call(call: Call, batch_id: int) -> Any:
    record = get_import(batch_id, g.actor.user_id)
    told = call.body.get("columns")
    mapping = record.mapping
    if told is not None:
        mapping = {
            each["field"]: {"column": each["column"]} | ({"unit": each["unit"]} if each.get("unit") else {})
            for each in told
        }
    existing = call.body.get("existing") or KINDS[record.kind].existing
    return call.run(check_import, batch_id, mapping, {"existing": existing})


@operation("POST", "/imports/{batch_id}/start", "imports.create", answer=WORKING, body=Body(),
           summary="Have the checked rows done; later those decided since",
           refusals=("import_state", "import_nothing_to_do"))  # fmt: skip
def start_import_call(call: Call, batch_id: int) -> Any:
    return call.run(start_import, batch_id)


@operation("POST", "/imports/{batch_id}/pause", "imports.create", answer=WORKING, body=Body(),
           summary="Stop before the next rows", refusals=("import_state",))  # fmt: skip
def pause_import_call(call: Call, batch_id: int) -> Any:
    return call.run(pause_import, batch_id)


@operation("POST", "/imports/{batch_id}/resume", "imports.create", answer=WORKING, body=Body(),
           summary="Go on with what was paused, or given up",
           refusals=("import_state", "import_not_stopped"))  # fmt: skip
def resume_import_call(call: Call, batch_id: int) -> Any:
    return call.run(resume_import, batch_id)


@operation(
    "POST", "/imports/{batch_id}/decide", "imports.create", answer={"id": int, "rows": int},
    summary="Say what is done with rows that ask",
    body=Body(
        choice=Choice(choices=(Action.UPDATE, Action.SKIP), required=True),
        units=Ids(help="The `unit` of the rows; all that ask when left out."),
    ),
    refusals=("import_state",),
)  # fmt: skip
def decide_import_rows(call: Call, batch_id: int) -> Any:
    return call.run(decide_rows, batch_id, call.body["choice"], call.body.get("units"))


@operation("POST", "/imports/{batch_id}/undo", "imports.create", answer=WORKING, body=Body(), previewable=True,
           summary="Take a whole import back, as long as nothing was built on it",
           refusals=("import_state", "import_built_upon", "import_nothing_to_undo"))  # fmt: skip
def undo_import_call(call: Call, batch_id: int) -> Any:
    return call.run(undo_import, batch_id)


@operation("POST", "/imports/{batch_id}/discard", "imports.create", answer={"id": int}, body=Body(),
           summary="Throw the files and rows of an import away that stands for nothing",
           refusals=("import_state",))  # fmt: skip
def discard_import_call(call: Call, batch_id: int) -> Any:
    return call.run(discard_import, batch_id)
