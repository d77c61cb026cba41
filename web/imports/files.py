"""Files of imports: refused rows to mend and hand in again, and templates to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Response, abort, g, request
from flask_babel import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.worksheet import Worksheet

from core import database as db
from core.errors import PermissionDenied
from core.imports.fields import Field
from core.imports.kinds import KINDS, Kind
from core.imports.models import RowState
from core.queries.imports import each_row, get_import
from web.exports.views import download
from web.exports.writing import FORMATS, KEPT_IN_MEMORY, write_rows
from web.i18n import language
from web.imports import area
from web.imports.sentences import kind_of, reasons_text
from web.permissions import may

GIVEN_BACK = (RowState.BAD, RowState.KEPT)
TEMPLATE_ROWS = 5000
# The hidden sheet of a template that holds what columns offer.
LISTS = "lists"


@area.route("/<int:batch_id>/refused", permission="imports.create")
def refused(batch_id: int) -> Response:
    """The rows that were refused, in the columns of their file, each with its reason: to mend and hand in again."""
    record = get_import(batch_id, g.actor.user_id)
    file_format = request.args.get("format", "xlsx")
    if file_format not in FORMATS:
        abort(400)
    kind = kind_of(record.kind)
    with db.current().reading() as connection:
        file = write_rows(
            file_format,
            kind.title(language()),
            [*_heads(record.heads), _("Reason")],
            _refused_rows(connection, kind, record),
        )
    return download(file, f"{kind.title(language())}-{_('refused')}", file_format)


def _heads(heads: list[str]) -> list[str]:
    return [head or f"({number})" for number, head in enumerate(heads, start=1)]


def _refused_rows(connection: Any, kind: Kind, record: Any) -> Iterator[list[Any]]:
    width = len(record.heads)
    for row in each_row(connection, record.id, GIVEN_BACK):
        cells = [*row.cells, *([None] * (width - len(row.cells)))]
        yield [*cells[:width], reasons_text(kind, row.reasons)]


@area.route("/templates/<kind>", permission="imports.create")
def template(kind: str) -> Response:
    """An empty workbook with the heads of a kind, a line of hints below them, and choices where there are some."""
    if kind not in KINDS:
        abort(404)
    chosen = KINDS[kind]
    if not may(chosen.permission):
        raise PermissionDenied(chosen.permission)
    return download(
        _template_file(chosen, chosen.open_fields(may)), f"{chosen.title(language())}-{_('template')}", "xlsx"
    )


def _template_file(kind: Kind, fields: list[Field]) -> IO[bytes]:
    """Heads in the reader's language; what they ask for stands as a note on each, so that no line has to be taken out
    again before the file is handed in."""
    file: IO[bytes] = SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 (the answer closes it)
    book = Workbook(file, {"in_memory": False, "strings_to_formulas": False, "strings_to_urls": False})
    sheet, lists = book.add_worksheet(kind.title(language())[:31]), book.add_worksheet(LISTS)
    lists.hide()
    bold = book.add_format({"bold": True, "bottom": 1})
    needed = book.add_format({"bold": True, "bottom": 1, "bg_color": "#FFF2CC"})
    texts = book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    for column, wanted in enumerate(fields):
        label = wanted.label(language())
        sheet.set_column(column, column, max(14, len(label) + 4), texts if wanted.reads == "text" else None)
        sheet.write_string(0, column, label, needed if wanted.required or wanted.needed_when_new else bold)
        sheet.write_comment(0, column, hint_of(wanted), {"x_scale": 1.6})
        if wanted.reads == "choice":
            offered = _list(lists, column, choice_names(wanted))
            sheet.data_validation(1, column, TEMPLATE_ROWS, column, {"validate": "list", "source": offered})
    book.close()
    file.seek(0)
    return file


def _list(lists: Worksheet, column: int, names: list[str]) -> str:
    """Writes what a column offers into the hidden sheet; answers where it stands. In the rule itself a list may have no
    more than 255 characters, and no commas."""
    for row, name in enumerate(names):
        lists.write_string(row, column, name)
    return f"={LISTS}!" + xl_range_abs(0, column, max(len(names) - 1, 0), column)


def choice_names(wanted: Field) -> list[str]:
    """What the choices of a field are called, in the reader's language."""
    return [names[0 if language() == "zh" else 1] for names in wanted.choices.values()]


def hint_of(wanted: Field) -> str:
    """What a column takes, in a line."""
    kinds = {
        "text": _("Text"),
        "number": _("A number, such as 1,234.50"),
        "percent": _("A percentage: 10 means 10 %"),
        "rate": _("A percentage: 13 means 13 %"),
        "day": _("A date, such as 2026-03-18"),
        "flag": _("Yes or no"),
        "country": _("A country by name or two letters"),
        "choice": _("One of the list"),
        "choices": _(
            "One or several of: %(names)s. Put a comma between them.", names=_("; ").join(choice_names(wanted))
        ),
        "reference": _("The code or the exact name of one there is"),
    }
    own = wanted.hint[0 if language() == "zh" else 1]
    needed = wanted.required or wanted.needed_when_new
    parts = [_("Needed.") if needed else "", kinds[wanted.reads], own]
    return " ".join(part for part in parts if part)
