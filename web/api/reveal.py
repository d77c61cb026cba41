"""Uncovering one masked value, on record."""

from __future__ import annotations

from typing import Any

from core.encoding import dump_json
from core.uncover import RECORDS, read_uncovered, uncover
from web.api.fields import Body, Choice, Id, Text
from web.api.operation import Call, json_response, operation
from web.permissions import SIGNED_IN
from web.reveal import area as _pages  # noqa: F401 (all packages have then registered what can be uncovered)


@operation(
    "POST", "/reveal", SIGNED_IN, summary="Uncover one masked value; that the caller looked stands on record",
    body=Body(
        record_type=Choice(required=True, choices=tuple(RECORDS)), id=Id(required=True),
        field=Text(required=True, limit=40, help="As named in `masked`. Needs the permission to uncover its kind."),
    ),
    answer={"record_type": str, "id": int, "field": str, "value": str | None},
)  # fmt: skip
def reveal(call: Call) -> Any:
    asked = call.body["record_type"], call.body["id"], call.body["field"]
    call.run(uncover, *asked)
    found = read_uncovered(call.actor, *asked)
    answer = {"record_type": found.record_type, "id": found.record_id, "field": found.field, "value": found.value}
    return json_response(dump_json(answer), 200)
