"""Imports: the list, handing files in, columns, reports, progress, deciding row by row, undoing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

import crm.imports  # noqa: F401 (its kinds)
from core import database as db
from core.columns import read_id
from core.errors import DomainError, FieldError, InvalidInput, PermissionDenied
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
from core.imports.kinds import KINDS, Kind
from core.imports.models import WORKING, Action, RowState
from core.imports.reading import Upload
from core.queries.imports import ImportRecord, covered_rows, get_import, get_sources, list_imports, list_rows
from core.uploads import ENCODINGS, LARGEST_WORKBOOK_BYTES
from web.effects import effect_lines
from web.http import flash_done, flash_refusal, preview_command, run_command, see_other
from web.imports import area
from web.imports.sentences import EXISTING, UNITS, kind_of
from web.lists.address import choice_of, window_of
from web.permissions import may
from web.sentences import sentence

FINISHED_CHECK = ("checked", "running", "done", "undoing", "undone", "stopped")
SAMPLES = 4


def whose() -> int | None:
    """Whose imports the reader sees: his own, or everybody's (None)."""
    return None if may("imports.read_all") else g.actor.user_id


def open_kinds() -> list[Kind]:
    """The kinds that the reader may bring in."""
    return [kind for kind in KINDS.values() if may(kind.permission)]


@area.route("", permission="imports.create")
def index() -> str:
    """The reader's imports, or all that he may see, and what he can bring in."""
    of_all = whose() is None and choice_of("whose", ("mine", "all"), "mine") == "all"
    with db.current().reading() as connection:
        user_id = None if of_all else g.actor.user_id
        page = list_imports(connection, window_of(("created",), "-created"), user_id)
    return render_template("imports/index.html", page=page, kinds=open_kinds(), of_all=of_all)


@area.route("/new", permission="imports.create")
def new() -> str:
    """The form that files are handed in by."""
    return _upload_page({})


@area.route("/new", permission="imports.create", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Keep the files, and go on with their columns."""
    try:
        kind = _wished_kind(request.form.get("kind", ""))
        uploads = _uploads()
        result = run_command(upload_import, kind.name, uploads)
    except PermissionDenied:
        raise
    except DomainError as error:
        return _upload_page(_texts(error)), 422
    return see_other("imports.show", batch_id=result["id"])


def _wished_kind(name: str) -> Kind:
    if name not in KINDS:
        raise InvalidInput({"kind": FieldError("not_a_choice")})
    if not may(KINDS[name].permission):
        raise PermissionDenied(KINDS[name].permission)
    return KINDS[name]


def _uploads() -> list[Upload]:
    """The files handed in, each checked. Raises DomainError."""
    encoding = request.form.get("encoding") or None
    found = [
        Upload(sent.filename or "", sent.stream.read(LARGEST_WORKBOOK_BYTES + 1), encoding)
        for sent in request.files.getlist("files")[:3]
        if sent.filename
    ]
    if not found:
        raise InvalidInput({"files": FieldError("import_files")})
    return found


def _texts(error: DomainError) -> dict[str, str]:
    """Sentences by field; what has none stands under nothing."""
    if not error.fields:
        return {"": sentence(error.code, error.data)}
    return {name: sentence(fault.code, fault.data) for name, fault in error.fields.items()}


def _upload_page(errors: Mapping[str, str]) -> str:
    kinds = open_kinds()
    wished = request.values.get("kind", "")
    return render_template(
        "imports/new.html", kinds=kinds, wished=wished, errors=errors, encodings=ENCODINGS,
    )  # fmt: skip


@area.route("/<int:batch_id>", permission="imports.create")
def show(batch_id: int) -> str:
    """An import where it stands: its columns, the report of its check, its progress or its result."""
    return _page(batch_id)


def _page(batch_id: int, errors: Mapping[str, str] | None = None, *, dialog: Mapping[str, Any] | None = None) -> str:
    record = get_import(batch_id, whose())
    kind = kind_of(record.kind)
    is_own = record.started_by_id == g.actor.user_id
    if record.work in WORKING:
        return render_template("imports/progress.html", record=record, kind=kind, is_own=is_own)
    wants_columns = record.state == "mapping" or (record.state == "checked" and (errors or "columns" in request.args))
    if wants_columns and is_own:
        return _columns_page(record, kind, errors or {})
    return _report_page(record, kind, errors or {}, dialog or {})


def _columns_page(record: ImportRecord, kind: Kind, errors: Mapping[str, str]) -> str:
    sources = get_sources(record.id)
    used = [source for source in sources if source.is_used]
    main = used[record.joined.get("main", 0)]
    lines = [line for line in main.first_lines[main.head_row :] if line][:SAMPLES]
    others = [source for source in used if source is not main]
    samples: list[list[str]] = []
    for source in (main, *others):
        shown = lines if source is main else [line for line in source.first_lines[source.head_row :] if line][:SAMPLES]
        samples += [
            [text for line in shown if column < len(line) and (text := line[column])] for column in range(source.width)
        ]
    fields = kind.open_fields(may)
    chosen = {told["column"]: name for name, told in record.mapping.items()}
    if request.method == "POST":
        chosen = {column: name for column in range(len(record.heads)) if (name := request.form.get(f"column-{column}"))}
    return render_template(
        "imports/columns.html", record=record, kind=kind, sources=sources, fields=fields, samples=samples,
        chosen=chosen, errors=errors, existing=EXISTING, units=UNITS,
    )  # fmt: skip


def _report_page(record: ImportRecord, kind: Kind, errors: Mapping[str, str], dialog: Mapping[str, Any]) -> str:
    wished = {"asks": record.rows_asked, "bad": record.rows_bad, "kept": record.rows_kept}
    default = next((state for state, count in wished.items() if count), "all")
    tab = choice_of("rows", ("all", *RowState), default)
    rows, following = list_rows(record.id, None if tab == "all" else tab, read_id(request.args.get("after")) or 0)
    is_own = record.started_by_id == g.actor.user_id
    rows = rows if is_own else covered_rows(kind, record.mapping, rows)
    shown = [name for name in record.mapping if kind.field(name)]
    order = [wanted.name for wanted in kind.all_fields()]
    columns = [(record.mapping[name]["column"], name) for name in sorted(shown, key=order.index)][:6]
    return render_template(
        "imports/report.html", record=record, kind=kind, rows=rows, following=following, tab=tab, columns=columns,
        errors=errors, is_own=is_own, **{"effects": [], "digest": "", "built": [], **dialog},
    )  # fmt: skip


@area.route("/<int:batch_id>/heads", permission="imports.create", methods=["POST"])
def heads(batch_id: int) -> ResponseReturnValue:
    """Take other sheets, or heads from another line."""
    wished = {
        source.id: read_id(request.form.get(f"head-{source.id}")) or source.head_row
        for source in get_sources(_own(batch_id))
        if str(source.id) in request.form.getlist("sheets")
    }
    try:
        run_command(choose_heads, batch_id, wished)
    except DomainError as error:
        return _page(batch_id, _texts(error)), 422
    return see_other("imports.show", batch_id=batch_id)


def _own(batch_id: int) -> int:
    """The id of an import of the reader's. Raises NotFound."""
    return get_import(batch_id, g.actor.user_id).id


@area.route("/<int:batch_id>/check", permission="imports.create", methods=["POST"])
def check(batch_id: int) -> ResponseReturnValue:
    """Check every row by the columns chosen."""
    record = get_import(batch_id, g.actor.user_id)
    try:
        mapping = _mapping(record, kind_of(record.kind))
        run_command(check_import, batch_id, mapping, {"existing": request.form.get("existing", Action.SKIP)})
    except DomainError as error:
        if not error.fields:
            flash_refusal(error)
            return see_other("imports.show", batch_id=batch_id)
        return _page(batch_id, _texts(error)), 422
    return see_other("imports.show", batch_id=batch_id)


def _mapping(record: ImportRecord, kind: Kind) -> dict[str, Any]:
    """The mapping that the form says. Raises InvalidInput for a field that two columns are to fill."""
    mapping: dict[str, Any] = {}
    for column in range(len(record.heads)):
        name = request.form.get(f"column-{column}", "")
        if not name:
            continue
        if name in mapping:
            raise InvalidInput({name: FieldError("import_column_twice")})
        mapping[name] = {"column": column}
        unit = request.form.get(f"unit-{name}", "")
        wanted = kind.field(name)
        if unit and wanted is not None and unit in UNITS.get(wanted.reads, {}):
            mapping[name]["unit"] = unit
    return mapping


@contextmanager
def _refusals_said() -> Iterator[None]:
    """A refusal is said at the top of the next page; of a missing import there is none."""
    try:
        yield
    except DomainError as error:
        if error.code == "not_found":
            raise
        flash_refusal(error)


@area.route("/<int:batch_id>/start", permission="imports.create", methods=["POST"])
def start(batch_id: int) -> ResponseReturnValue:
    """Have the checked rows done."""
    with _refusals_said():
        run_command(start_import, batch_id)
    return see_other("imports.show", batch_id=batch_id)


@area.route("/<int:batch_id>/pause", permission="imports.create", methods=["POST"])
def pause(batch_id: int) -> ResponseReturnValue:
    """Stop before the next rows."""
    with _refusals_said():
        run_command(pause_import, batch_id)
    return see_other("imports.show", batch_id=batch_id)


@area.route("/<int:batch_id>/resume", permission="imports.create", methods=["POST"])
def resume(batch_id: int) -> ResponseReturnValue:
    """Go on."""
    with _refusals_said():
        run_command(resume_import, batch_id)
    return see_other("imports.show", batch_id=batch_id)


@area.route("/<int:batch_id>/decide", permission="imports.create", methods=["POST"])
def decide(batch_id: int) -> ResponseReturnValue:
    """Say what is done with rows that ask: those ticked, or all of them."""
    choice = request.form.get("choice", "")
    units = (
        None if request.form.get("all") else [unit for text in request.form.getlist("unit") if (unit := read_id(text))]
    )
    with _refusals_said():
        result = run_command(decide_rows, batch_id, choice, units)
        flash_done(ngettext("%(num)s row decided", "%(num)s rows decided", result["rows"]))
    return see_other("imports.show", batch_id=batch_id, rows="asks")


@area.route("/<int:batch_id>/undo", permission="imports.create")
def preview_undo(batch_id: int) -> ResponseReturnValue:
    """What undoing would do, or what stands in its way."""
    try:
        preview = preview_command(undo_import, batch_id)
    except DomainError as error:
        if error.code == "import_built_upon":
            return _page(batch_id, dialog={"built": error.data["built"], "built_count": error.data["count"]})
        if error.code == "not_found":
            raise
        flash_refusal(error)
        return see_other("imports.show", batch_id=batch_id)
    return _page(batch_id, dialog={"effects": effect_lines(preview.effects), "digest": preview.digest})


@area.route("/<int:batch_id>/undo", permission="imports.create", methods=["POST"], endpoint="undo")
def undo(batch_id: int) -> ResponseReturnValue:
    """Take the whole import back."""
    with _refusals_said():
        run_command(undo_import, batch_id)
    return see_other("imports.show", batch_id=batch_id)


@area.route("/<int:batch_id>/discard", permission="imports.create", methods=["POST"])
def discard(batch_id: int) -> ResponseReturnValue:
    """Throw the files and rows of an import away that stands for nothing."""
    try:
        run_command(discard_import, batch_id)
    except DomainError as error:
        if error.code == "not_found":
            raise
        flash_refusal(error)
        return see_other("imports.show", batch_id=batch_id)
    flash_done(_("Import discarded"))
    return see_other("imports.index")
