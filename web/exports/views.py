"""The one action: the list as its page shows it now, as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any
from urllib.parse import quote

from flask import Response, abort, g, request

from core import clock
from core import database as db
from core.command import run
from core.context import Context
from core.errors import PermissionDenied
from core.exports import record_export
from web.exports import area
from web.exports.declared import LISTS
from web.exports.lists import Exported
from web.exports.writing import FORMATS, write_rows
from web.filters import today
from web.limits import EXPORT
from web.permissions import may

# Where a page of the list stood says nothing about which rows are exported.
_PLACES = frozenset({"after", "before", "cursor", "limit", "format"})


@area.route("/<list_name>", permission="exports.create", methods=["POST"], limit=EXPORT)
def create(list_name: str) -> Response:
    """Exports all rows that the address asks for, in every page of the list."""
    if list_name not in LISTS:
        abort(404)
    return answer_export(LISTS[list_name], request.form.get("format", "xlsx"))


def answer_export(chosen: Exported, file_format: str) -> Response:
    """The file, once it is on record that it was taken. Raises PermissionDenied for a list whose page is not seen."""
    if not may(chosen.permission):
        raise PermissionDenied(chosen.permission)
    if file_format not in FORMATS:
        abort(400)
    title, count = str(chosen.title), 0

    def counted(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        nonlocal count
        for count, row in enumerate(rows, start=1):  # noqa: B007 (the last number is how many there were)
            yield row

    with db.current().reading() as connection:
        heads, rows = chosen.table(connection)
        file = write_rows(file_format, title, heads, counted(rows))
    filters = {name: text[:200] for name, text in request.args.items() if name not in _PLACES and text}
    context = Context(
        actor=g.actor,
        now=clock.now(),
        route=f"{request.method} {request.path}",
        address=request.remote_addr,
        request_id=g.request_id,
    )
    run(record_export, chosen.name, rows=count, file_format=file_format, filters=filters, context=context)
    return download(file, f"{title}-{today().isoformat()}", file_format)


def download(file: IO[bytes], name: str, file_format: str) -> Response:
    """The answer that is a file, in one of the formats, under a name in any language."""
    kind = FORMATS[file_format]
    response = Response(_pieces(file), mimetype=None, content_type=kind.media_type)
    plain = f"export-{today().isoformat()}.{kind.ending}"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(f'{name}.{kind.ending}')}"
    )
    response.call_on_close(file.close)
    return response


def _pieces(file: IO[bytes]) -> Any:
    while piece := file.read(64 * 1024):
        yield piece
