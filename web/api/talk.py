"""Comments and followers of every record."""

from __future__ import annotations

from typing import Any

from core.queries.talk import comments_of, followers_of, suggest_people
from core.talk.comments import LONGEST_COMMENT, change_comment, remove_comment, write_comment
from core.talk.followers import follow, stop_following
from core.talk.records import RECORDS
from web.api.fields import Body, Choice, Id, Integer, Text
from web.api.operation import PAGING, Call, operation

TYPES = tuple(sorted(name for name, kind in RECORDS.items() if kind.is_talked))
RECORD = Body(record_type=Choice(required=True, choices=TYPES), record_id=Id(required=True))
COMMENT = {
    "id": int, "record_type": str, "record_id": int, "author_id": int, "author": str, "text": str | None,
    "created_at": str, "edited_at": str | None, "removed_at": str | None, "version": int,
}  # fmt: skip
PERSON = {"id": int, "name": str}
SAVED = {
    "id": int, "record_type": str, "record_id": int, "text": str, "mentioned": [PERSON], "not_told": [PERSON],
    "told": int,
}  # fmt: skip
FOLLOWS = {"record_type": str, "record_id": int, "following": bool}


@operation(
    "GET", "/comments", "home.read", summary="What was said about a record, newest first", query=RECORD | PAGING,
    answer=[COMMENT],
)  # fmt: skip
def list_comments(call: Call) -> Any:
    query = call.query
    page = comments_of(call.actor, query["record_type"], query["record_id"], query.get("cursor"), query.get("limit"))
    rows = [{name: getattr(row, name) for name in COMMENT} for row in page.rows]
    return {"items": rows, "next_cursor": page.next}


@operation(
    "POST", "/comments", "comments.write", status=201,
    summary="Say something about a record; `@` and a sign-in name calls upon somebody",
    body=RECORD | Body(text=Text(required=True, limit=LONGEST_COMMENT)), answer=SAVED,
)  # fmt: skip
def create_comment(call: Call) -> Any:
    body = call.body
    return call.run(write_comment, body["record_type"], body["record_id"], body["text"])


@operation(
    "PATCH", "/comments/{comment_id}", "comments.write", summary="Write an own comment anew",
    body=Body(
        text=Text(required=True, limit=LONGEST_COMMENT), version=Integer(smallest=1, help="The version that was read.")
    ),
    answer=SAVED, refusals=("edit_conflict", "comment_removed", "not_your_comment"),
)  # fmt: skip
def change_comment_call(call: Call, comment_id: int) -> Any:
    return call.run(change_comment, comment_id, call.body["text"], version=call.body.get("version"))


@operation(
    "POST", "/comments/{comment_id}/remove", "comments.write", summary="Take an own comment back", body=Body(),
    answer={"id": int, "record_type": str, "record_id": int, "removed": bool},
    refusals=("comment_removed", "not_your_comment"),
)  # fmt: skip
def remove_comment_call(call: Call, comment_id: int) -> Any:
    return call.run(remove_comment, comment_id)


@operation(
    "GET", "/comments/people", "comments.write", summary="Who may be called upon about a record: those who see it",
    query=RECORD | Body(q=Text(limit=80, help="Part of a name or of a sign-in name; pinyin finds Chinese names.")),
    answer={"items": [{"id": int, "login": str, "name": str}]},
)  # fmt: skip
def list_people_to_call(call: Call) -> Any:
    query = call.query
    found = suggest_people(call.actor, query["record_type"], query["record_id"], query.get("q") or "")
    return {"items": [{"id": one.id, "login": one.login, "name": one.name} for one in found]}


@operation(
    "GET", "/followers", "home.read", summary="Who follows a record", query=RECORD,
    answer={"items": [{"user_id": int, "name": str}]},
)  # fmt: skip
def list_followers(call: Call) -> Any:
    found = followers_of(call.actor, call.query["record_type"], call.query["record_id"])
    return {"items": [{"user_id": person.user_id, "name": person.name} for person in found]}


@operation(
    "POST", "/followers", "home.read", summary="Follow a record: hear of what is said about it", body=RECORD,
    answer=FOLLOWS,
)  # fmt: skip
def follow_call(call: Call) -> Any:
    return call.run(follow, call.body["record_type"], call.body["record_id"])


@operation(
    "POST", "/followers/stop", "home.read", summary="Follow a record no more", body=RECORD, answer=FOLLOWS,
)  # fmt: skip
def stop_following_call(call: Call) -> Any:
    return call.run(stop_following, call.body["record_type"], call.body["record_id"])
