"""Files beside every record. A file is sent and answered as what it is; no name of a file is ever a path."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from flask import Response

from core.errors import FieldError, InvalidInput
from core.queries.talk import FileRecord, content_of, files_of, get_file, versions_of
from core.talk.files import MEGABYTE, Sent, add_files, remove_file
from web.api.fields import Body, Text
from web.api.operation import PAGING, Call, operation
from web.api.talk import RECORD
from web.talk.files import handed_out

LARGEST_FILE: Final = 15 * MEGABYTE
LONGEST_CONTENT: Final = 4 * (LARGEST_FILE + 3) // 3
FILE = {
    "id": int, "record_type": str, "record_id": int, "name": str, "version": int, "size": int, "media_type": str,
    "digest": str, "uploaded_at": str, "uploaded_by_id": int, "uploaded_by": str,
}  # fmt: skip


def _shape(file: FileRecord) -> dict[str, Any]:
    return {name: getattr(file, name) for name in FILE}


@operation(
    "GET", "/files", "home.read", summary="The files of a record in all their versions, newest first",
    query=RECORD | PAGING, answer=[FILE],
)  # fmt: skip
def list_files(call: Call) -> Any:
    query = call.query
    page = files_of(call.actor, query["record_type"], query["record_id"], query.get("cursor"), query.get("limit"))
    return {"items": [_shape(row) for row in page.rows], "next_cursor": page.next}


@operation(
    "POST", "/files", "files.write", status=201, largest_body=LONGEST_CONTENT + 10_000,
    summary="Put a file beside a record; of a name that is there already it becomes the next version",
    body=RECORD | Body(
        name=Text(required=True, limit=400),
        content=Text(required=True, limit=LONGEST_CONTENT, help="The file in Base64."),
    ),
    answer={
        "record_type": str, "record_id": int,
        "files": [{"id": int, "name": str, "version": int, "size": int, "media_type": str}],
    },
)  # fmt: skip
def create_file(call: Call) -> Any:
    body = call.body
    try:
        content = b64decode(body["content"], validate=True)
    except ValueError:
        raise InvalidInput({"content": FieldError("not_base64")}) from None
    return call.run(add_files, body["record_type"], body["record_id"], [Sent(body["name"], content)])


@operation(
    "GET", "/files/{file_id}", "home.read", summary="One version of a file, with those before and after it",
    answer=FILE | {"versions": [{"id": int, "version": int, "size": int, "uploaded_at": str}]},
)  # fmt: skip
def get_file_call(call: Call, file_id: int) -> Any:
    file, _ = get_file(call.actor, file_id)
    names = ("id", "version", "size", "uploaded_at")
    versions = [{name: getattr(row, name) for name in names} for row in versions_of(file)]
    return _shape(file) | {"versions": versions}


@operation(
    "GET", "/files/{file_id}/content", "home.read", summary="The file itself", media_type="application/octet-stream"
)
def get_file_content(call: Call, file_id: int) -> Response:
    return handed_out(*content_of(call.actor, file_id))


@operation(
    "POST", "/files/{file_id}/remove", "files.write", body=Body(),
    summary="Take one version away: an own one, or with `files.remove` anybody's",
    answer={"id": int, "record_type": str, "record_id": int, "removed": bool}, refusals=("file_removed",),
)  # fmt: skip
def remove_file_call(call: Call, file_id: int) -> Any:
    return call.run(remove_file, file_id)
