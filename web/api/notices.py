"""What the caller is told, and how he wants to be."""

from __future__ import annotations

from typing import Any

from core.notices import KINDS, WAYS, choose_ways, mark_all_read, mark_read, mark_unread
from core.queries.notices import own_notices, setting_of, unread_count
from web.api.fields import Body, Choice, Flag, Integer, Many
from web.api.operation import PAGING, Call, operation
from web.notices.sentences import shown
from web.permissions import SIGNED_IN

NOTICE = {
    "id": int, "kind": str, "record_type": str | None, "record_id": int | None, "record_label": str | None,
    "by_id": int | None, "by": str | None, "text": str, "created_at": str, "read_at": str | None,
}  # fmt: skip
CHOSEN = tuple(code for code, kind in KINDS.items() if not kind.is_fixed)
SETTING = {"ways": [{"kind": str, "way": str}], "digest_hour": int, "version": int}


@operation(
    "GET", "/notifications", SIGNED_IN, summary="The caller's notices, newest first",
    query=Body(unread=Flag(help="Only those, or only the others."), kind=Choice(choices=tuple(KINDS))) | PAGING,
    answer=[NOTICE],
)  # fmt: skip
def list_notices(call: Call) -> Any:
    query = dict(call.query)
    cursor, limit = query.pop("cursor", None), query.pop("limit", None)
    page = own_notices(call.actor, query, cursor, limit)
    return {"items": [_shape(told) for told in page.rows], "next_cursor": page.next}


def _shape(told: Any) -> dict[str, Any]:
    """A record that the caller sees no more is not named."""
    row, label = told.row, told.label
    hidden = told.is_hidden
    return {
        "id": row.id, "kind": row.kind, "record_type": None if hidden else row.record_type,
        "record_id": None if hidden else row.record_id, "record_label": label.text if label else None,
        "by_id": row.by_id, "by": row.by, "text": shown(told).text, "created_at": row.created_at,
        "read_at": row.read_at,
    }  # fmt: skip


@operation(
    "GET", "/notifications/count", SIGNED_IN, summary="How many are unread, not counted beyond 100",
    answer={"unread": int},
)  # fmt: skip
def count_notices(call: Call) -> Any:
    return {"unread": unread_count(call.actor.user_id)}


@operation(
    "POST", "/notifications/{notice_id}/read", SIGNED_IN, summary="Mark one as read", body=Body(),
    answer={"read": int},
)  # fmt: skip
def mark_read_call(call: Call, notice_id: int) -> Any:
    return call.run(mark_read, [notice_id])


@operation(
    "POST", "/notifications/{notice_id}/unread", SIGNED_IN, summary="Mark one as unread again", body=Body(),
    answer={"id": int},
)  # fmt: skip
def mark_unread_call(call: Call, notice_id: int) -> Any:
    return call.run(mark_unread, notice_id)


@operation("POST", "/notifications/read-all", SIGNED_IN, summary="Mark all as read", body=Body(), answer={"read": int})
def mark_all_read_call(call: Call) -> Any:
    return call.run(mark_all_read)


@operation("GET", "/notification-settings", SIGNED_IN, summary="How the caller is told, by kind", answer=SETTING)
def get_notice_settings(call: Call) -> Any:
    setting = setting_of(call.actor.user_id)
    return _setting(setting.choices, setting.digest_hour, setting.version)


@operation(
    "PATCH", "/notification-settings", SIGNED_IN, summary="Change how the caller is told; other kinds stay",
    body=Body(
        ways=Many(
            nullable=False,
            item=Body(
                kind=Choice(required=True, choices=CHOSEN),
                way=Choice(required=True, choices=WAYS, help="`app`: only here; `mail`, `digest`: here and by mail."),
            ),
        ),
        digest_hour=Integer(nullable=False, largest=23, help="In the company's time zone."),
        version=Integer(smallest=1, help="The version that was read."),
    ),
    answer={"choices": object, "digest_hour": int, "version": int}, refusals=("edit_conflict",),
)  # fmt: skip
def change_notice_settings(call: Call) -> Any:
    body = call.body
    ways = {each["kind"]: each["way"] for each in body.get("ways") or ()}
    return call.run(choose_ways, ways, digest_hour=body.get("digest_hour"), version=body.get("version"))


def _setting(choices: Any, hour: int, version: int) -> dict[str, Any]:
    ways = [{"kind": kind, "way": way} for kind, way in choices.items()]
    return {"ways": ways, "digest_hour": hour, "version": version}
