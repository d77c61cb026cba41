"""Files beside a record: putting them there, looking at them, their versions, handing them out, taking them away."""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from urllib.parse import quote

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import FileStorage
from werkzeug.utils import redirect

from core.errors import DomainError
from core.queries.talk import FileRecord, content_of, get_file, versions_of
from core.talk.files import MOST_AT_ONCE, Sent, add_files, remove_file
from core.talk.media import PDF, PICTURES, SHOWN, TEXT, text_of
from web.filters import quantity
from web.http import flash_done, flash_refusal, run_command
from web.talk import area
from web.talk.comments import back_to
from web.talk.records import record_address, type_name

LONGEST_PREVIEW: Final = 40_000
# Whatever it holds, it runs nothing, loads nothing, and is framed by our own page only. A browser's own viewer of PDF
# does not open behind `sandbox`; it runs apart from the page, and nothing else is read as PDF (nosniff).
_NOTHING: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
_SANDBOXED: Final = f"sandbox; {_NOTHING}"


@area.route("/<record_type>/<int:record_id>/files", permission="files.write", methods=["POST"])
def upload(record_type: str, record_id: int) -> ResponseReturnValue:
    """Put files beside a record."""
    try:
        result = run_command(add_files, record_type, record_id, _sent())
        number = len(result.data["files"])
        flash_done(ngettext("%(num)s file added", "%(num)s files added", number))
    except DomainError as error:
        if error.http_status == 404:
            raise
        fault = error.fields.get("files")
        flash_refusal(error if fault is None else DomainError(fault.code, **fault.data))
    return redirect(back_to(record_type, record_id), 303)


def _sent() -> list[Sent]:
    """What the form brought, one more than is taken at most, so that the command can say so."""
    chosen = [one for one in request.files.getlist("files") if isinstance(one, FileStorage) and one.filename]
    return [Sent(one.filename or "", one.stream.read()) for one in chosen[: MOST_AT_ONCE + 1]]


@area.route("/files/<int:file_id>", permission="home.read")
def file(file_id: int) -> str:
    """One version of a file: a look at it where one is safe, its other versions, and whose it is."""
    found, record = get_file(g.actor, file_id)
    return render_template(
        "talk/file.html",
        file=found,
        label=record.label,
        versions=versions_of(found),
        kind=type_name(found.record_type),
        address=record_address(found.record_type, found.record_id),
        text=_text(found),
        is_picture=found.media_type in PICTURES,
        is_pdf=found.media_type == PDF,
        may_remove=_may_remove(found),
    )


def _text(found: FileRecord) -> str | None:
    if found.media_type != TEXT:
        return None
    text = text_of(content_of(g.actor, found.id)[1]) or ""
    return text[:LONGEST_PREVIEW] + ("\n…" if len(text) > LONGEST_PREVIEW else "")


def _may_remove(found: FileRecord) -> bool:
    return bool(g.actor.may("files.write") and (found.uploaded_by_id == g.actor.user_id or g.actor.may("files.remove")))


@area.route("/files/<int:file_id>/content", permission="home.read")
def content(file_id: int) -> ResponseReturnValue:
    """The file itself; to be shown within the page where it is of a kind that is, else handed out."""
    found, data = content_of(g.actor, file_id)
    shown = found.media_type in SHOWN and "download" not in request.args
    return handed_out(found, data, shown=shown)


def handed_out(found: FileRecord, data: bytes, *, shown: bool = False) -> Response:
    """An answer that holds a file: never more to a browser than what its content was found to be."""
    media_type = found.media_type if found.media_type in SHOWN or not shown else "application/octet-stream"
    if media_type == TEXT:
        media_type = "text/plain; charset=utf-8" if _is_utf_8(data) else "text/plain; charset=gb18030"
    answer = Response(data, content_type=media_type)
    plain = "".join(sign if (sign.isascii() and sign.isalnum()) or sign in "._- " else "_" for sign in found.name)
    way = "inline" if shown else "attachment"
    named = f"filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
    answer.headers["Content-Disposition"] = f"{way}; {named}"
    answer.headers["Content-Security-Policy"] = _NOTHING if found.media_type == PDF and shown else _SANDBOXED
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeError:
        return False
    return True


@area.route("/files/<int:file_id>/remove", permission="files.write", methods=["POST"], endpoint="remove_file")
def remove_version(file_id: int) -> ResponseReturnValue:
    """Take one version away."""
    found, _record = get_file(g.actor, file_id)
    try:
        run_command(remove_file, file_id)
        flash_done(_("%(name)s removed", name=found.name))
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return redirect(back_to(found.record_type, found.record_id), 303)


def size_text(size: int) -> str:
    """How large a file is: kB, from a million bytes on MB."""
    if size >= 1_000_000:
        return f"{quantity(Decimal(size) / 1_000_000 // Decimal('0.1') * Decimal('0.1'))} MB"
    return f"{max(1, round(size / 1000))} kB"
