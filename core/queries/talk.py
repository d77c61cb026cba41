"""What was said about a record, who follows it and what files it has: read beside the record, as far as it is seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from core.context import Actor
from core.errors import NotFound
from core.normalise import fold
from core.queries.paging import Key, Listing, Page
from core.queries.reading import read
from core.statements import statement
from core.talk.records import RECORDS, Found, read_record, record_type

SHOWN = 8
MOST_FILES = 200


class CommentRow(NamedTuple):
    """One comment. `text` is None once it was taken back; `names` maps the sign-in names it calls upon to people's."""

    id: int
    record_type: str
    record_id: int
    author_id: int
    author: str
    text: str | None
    names: dict[str, str]
    created_at: datetime
    edited_at: datetime | None
    removed_at: datetime | None
    version: int


class FollowerRow(NamedTuple):
    user_id: int
    name: str
    stopped: bool


class FileRow(NamedTuple):
    """The newest version of a file that is still there; `versions` counts all of them that are."""

    id: int
    name: str
    version: int
    size: int
    media_type: str
    uploaded_at: datetime
    uploaded_by_id: int
    uploaded_by: str
    versions: int


_COMMENT = """
    SELECT row.id, row.record_type, row.record_id, row.author_id, author.name, row.text,
           coalesce((SELECT jsonb_object_agg(login, name) FROM app_user
                      WHERE id IN (SELECT jsonb_array_elements_text(row.mentioned)::bigint)), '{}'),
           row.created_at, row.edited_at, row.removed_at, row.version
      FROM comment AS row JOIN app_user AS author ON author.id = row.author_id
"""
COMMENTS = Listing(
    "talk.comments",
    _COMMENT,
    "comment app_user",
    CommentRow,
    where="row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint",
    keys=(Key("created_at", "row.created_at", "timestamptz"), Key("id", "row.id", "bigint")),
)
COMMENT = statement(
    "talk.comment",
    _COMMENT + "WHERE row.id = %(comment_id)s::bigint",
    tables="comment app_user",
    scope="system",
    fact=CommentRow,
)
NEWEST = statement(
    "talk.newest_comments",
    _COMMENT
    + "WHERE row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint "
    + f"ORDER BY row.created_at DESC, row.id DESC LIMIT {SHOWN + 1}",
    tables="comment app_user",
    scope="system",
    fact=CommentRow,
)
FOLLOWERS = statement(
    "talk.followers_named",
    """
    SELECT app_user.id, app_user.name, coalesce(row.stopped_at IS NOT NULL, false)
      FROM app_user LEFT JOIN follower AS row ON row.user_id = app_user.id
           AND row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint
     WHERE app_user.is_active AND (row.id IS NOT NULL OR app_user.id = ANY (%(people)s::bigint[]))
     ORDER BY app_user.name, app_user.id
    """,
    tables="app_user follower",
    scope="system",
    fact=FollowerRow,
)
FILES = statement(
    "talk.files",
    f"""
    SELECT DISTINCT ON (row.name_key) row.id, row.name, row.version, row.size, row.media_type, row.uploaded_at,
           row.uploaded_by_id, app_user.name, count(*) OVER (PARTITION BY row.name_key)
      FROM record_file AS row JOIN app_user ON app_user.id = row.uploaded_by_id
     WHERE row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint AND row.removed_at IS NULL
     ORDER BY row.name_key, row.version DESC LIMIT {MOST_FILES}
    """,
    tables="record_file app_user",
    scope="system",
    fact=FileRow,
)


@dataclass(frozen=True)
class Talk:
    """All of it for the page of one record. `more`: there are older comments than those shown."""

    record_type: str
    record_id: int
    label: str
    comments: list[CommentRow]
    more: bool
    followers: list[FollowerRow]
    follows: bool
    files: list[FileRow]


def talk_of(actor: Actor, name: str, record_id: int) -> Talk:
    """What the page of a record shows of it. Raises NotFound for a record that the actor does not see."""
    found = read_record(actor, name, record_id)
    where = {"record_type": name, "record_id": record_id}
    comments, people, files = read(NEWEST(**where), FOLLOWERS(**where, people=_own(found)), FILES(**where))
    followers = [person for person in people if not person.stopped]
    follows = any(person.user_id == actor.user_id for person in followers)
    return Talk(name, record_id, found.label, comments[:SHOWN], len(comments) > SHOWN, followers, follows, files)


def _own(found: Found) -> list[int]:
    return sorted({person for person in found.people if person is not None})


def comments_of(
    actor: Actor, name: str, record_id: int, cursor: str | None = None, limit: int | None = None
) -> Page[CommentRow]:
    """One page of a record's comments, newest first. Raises NotFound, InvalidInput for a cursor that is none."""
    read_record(actor, name, record_id)
    return COMMENTS.page({}, cursor, limit, record_type=name, record_id=record_id)


def get_comment(actor: Actor, comment_id: int) -> tuple[CommentRow, Found]:
    """A comment with its record, as the actor sees them. Raises NotFound."""
    [rows] = read(COMMENT(comment_id=comment_id))
    if not rows:
        raise NotFound("comment", comment_id)
    try:
        return rows[0], read_record(actor, rows[0].record_type, rows[0].record_id)
    except NotFound:
        raise NotFound("comment", comment_id) from None


def followers_of(actor: Actor, name: str, record_id: int) -> list[FollowerRow]:
    """Who follows a record that the actor sees. Raises NotFound."""
    found = read_record(actor, name, record_id)
    [people] = read(FOLLOWERS(record_type=name, record_id=record_id, people=_own(found)))
    return [person for person in people if not person.stopped]


# people to call upon --------------------------------------------------------------------------------------------------
PEOPLE = statement(
    "talk.everybody",
    "SELECT login, name FROM app_user WHERE is_active ORDER BY name, id",
    tables="app_user",
    scope="system",
)
MOST_SUGGESTED = 8


def suggest_people(actor: Actor, name: str, record_id: int, text: str) -> list[Any]:
    """Who may be called upon about a record, whose sign-in name or name fits: of those only who may see it. People
    whose name begins so come first. Raises NotFound."""
    read_record(actor, name, record_id)
    [people] = read(PEOPLE())
    wanted = fold(text)
    ranked = sorted(
        ((_rank(wanted, login, person), person, login) for login, person in people if login != actor.login),
        key=lambda found: found[0],
    )
    logins = [login for rank, _, login in ranked if rank < _NO_FIT][: 5 * MOST_SUGGESTED]
    [found] = read(record_type(name).people(record_id=record_id, logins=logins))
    order = {login: number for number, login in enumerate(logins)}
    return sorted((one for one in found if one.may_see), key=lambda one: order[one.login])[:MOST_SUGGESTED]


_NO_FIT = 9


def _rank(wanted: str, login: str, name: str) -> int:
    folded = fold(name)
    if not wanted or login.startswith(wanted) or folded.startswith(wanted):
        return 0
    if any(word.startswith(wanted) for word in folded.split()) or _sounds(name).startswith(wanted):
        return 1
    if "".join(part[:1] for part in _syllables(name)).startswith(wanted):
        return 2
    return 3 if wanted in login or wanted in folded else _NO_FIT


def _syllables(name: str) -> Sequence[str]:
    from pypinyin import lazy_pinyin

    return [str(part) for part in lazy_pinyin(name)]


def _sounds(name: str) -> str:
    return "".join(_syllables(name)).casefold()


# names of records, for notices ----------------------------------------------------------------------------------------
class Label(NamedTuple):
    text: str
    customer_id: int | None


def labels_of(actor: Actor, records: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Label]:
    """What records are called, of those that a reader sees by now: one round trip for all of them."""
    wanted: dict[str, set[int]] = {}
    for name, record_id in records:
        if name in RECORDS and actor.may(RECORDS[name].permission):
            wanted.setdefault(name, set()).add(record_id)
    if not wanted:
        return {}
    names = sorted(wanted)
    results = read(*(RECORDS[name].labels(ids=sorted(wanted[name])) for name in names))
    return {
        (name, record_id): Label(label, customer_id)
        for name, rows in zip(names, results, strict=True)
        for record_id, label, customer_id in rows
    }


# files ----------------------------------------------------------------------------------------------------------------
class FileRecord(NamedTuple):
    """One version of a file; removed ones are no more."""

    id: int
    record_type: str
    record_id: int
    name: str
    name_key: str
    version: int
    digest: str
    size: int
    media_type: str
    uploaded_at: datetime
    uploaded_by_id: int
    uploaded_by: str


_FILE = """
    SELECT row.id, row.record_type, row.record_id, row.name, row.name_key, row.version, row.digest, row.size,
           row.media_type, row.uploaded_at, row.uploaded_by_id, app_user.name
      FROM record_file AS row JOIN app_user ON app_user.id = row.uploaded_by_id
"""
FILE = statement(
    "talk.file",
    _FILE + "WHERE row.id = %(file_id)s::bigint AND row.removed_at IS NULL",
    tables="record_file app_user",
    scope="system",
    fact=FileRecord,
)
VERSIONS = statement(
    "talk.file_versions",
    _FILE + "WHERE row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint "
    "AND row.name_key = %(name_key)s AND row.removed_at IS NULL ORDER BY row.version DESC",
    tables="record_file app_user",
    scope="system",
    fact=FileRecord,
)
CONTENT = statement(
    "talk.file_content",
    """
    SELECT kept.content FROM record_file AS row JOIN file_content AS kept ON kept.digest = row.digest
     WHERE row.id = %(file_id)s::bigint AND row.removed_at IS NULL
    """,
    tables="record_file file_content",
    scope="system",
)
ALL_FILES = Listing(
    "talk.all_files",
    _FILE,
    "record_file app_user",
    FileRecord,
    where="row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint AND row.removed_at IS NULL",
)


def get_file(actor: Actor, file_id: int) -> tuple[FileRecord, Found]:
    """A file with its record, as the actor sees them. Raises NotFound, also for one that was removed."""
    [rows] = read(FILE(file_id=file_id))
    if not rows:
        raise NotFound("file", file_id)
    try:
        return rows[0], read_record(actor, rows[0].record_type, rows[0].record_id)
    except NotFound:
        raise NotFound("file", file_id) from None


def versions_of(file: FileRecord) -> list[FileRecord]:
    """All versions that are still there of a file that was shown, newest first."""
    where = {"record_type": file.record_type, "record_id": file.record_id, "name_key": file.name_key}
    [rows] = read(VERSIONS(**where))
    return rows


def content_of(actor: Actor, file_id: int) -> tuple[FileRecord, bytes]:
    """A file with its bytes, for who sees its record. Raises NotFound."""
    file, _ = get_file(actor, file_id)
    [rows] = read(CONTENT(file_id=file_id))
    if not rows or rows[0][0] is None:
        raise NotFound("file", file_id)
    return file, bytes(rows[0][0])


def files_of(
    actor: Actor, name: str, record_id: int, cursor: str | None = None, limit: int | None = None
) -> Page[FileRecord]:
    """One page of a record's files in all their versions, newest first. Raises NotFound, InvalidInput."""
    read_record(actor, name, record_id)
    return ALL_FILES.page({}, cursor, limit, record_type=name, record_id=record_id)
