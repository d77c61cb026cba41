"""A person's own notices, with what they are about as far as he sees it by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from core.context import Actor
from core.notices import USUAL_HOUR, ways_of
from core.queries.paging import Key, Listing, Page
from core.queries.reading import read
from core.queries.talk import Label, labels_of
from core.statements import statement

PANEL = 8
MOST = 100
"""Counting the unread ones stops here."""


class NoticeRow(NamedTuple):
    id: int
    kind: str
    record_type: str | None
    record_id: int | None
    by_id: int | None
    by: str | None
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Told:
    """A notice with its record's label; None where it has none, or one that the reader sees no more (`is_hidden`)."""

    row: NoticeRow
    label: Label | None

    @property
    def is_hidden(self) -> bool:
        return self.row.record_type is not None and self.label is None


_NOTICE = """
    SELECT row.id, row.kind, row.record_type, row.record_id, row.by_id, person.name, row.data, row.created_at,
           row.read_at
      FROM notice AS row LEFT JOIN app_user AS person ON person.id = row.by_id
"""
NOTICES = Listing(
    "notices.list",
    _NOTICE,
    "notice app_user",
    NoticeRow,
    filters={"unread": "(row.read_at IS NULL) = %(unread)s::boolean", "kind": "row.kind = %(kind)s"},
    where="row.user_id = %(user_id)s::bigint",
    keys=(Key("created_at", "row.created_at", "timestamptz"), Key("id", "row.id", "bigint")),
)
SOME = statement(
    "notices.some",
    _NOTICE + "WHERE row.user_id = %(user_id)s::bigint AND row.id = ANY (%(ids)s::bigint[]) "
    "ORDER BY row.created_at, row.id",
    tables="notice app_user",
    scope="system",
    fact=NoticeRow,
)
UNREAD = statement(
    "notices.unread",
    f"""
    SELECT count(*) FROM (SELECT FROM notice WHERE user_id = %(user_id)s::bigint AND read_at IS NULL LIMIT {MOST})
           AS few
    """,
    tables="notice",
    scope="system",
)
SETTING = statement(
    "notices.setting",
    "SELECT choices, digest_hour, version FROM notice_setting WHERE user_id = %(user_id)s::bigint",
    tables="notice_setting",
    scope="system",
)


class Setting(NamedTuple):
    """How somebody is told: a way by kind, the hour of his daily mail, the version of his choices (0: none made)."""

    choices: Mapping[str, str]
    digest_hour: int
    version: int


def own_notices(
    actor: Actor, filters: Mapping[str, Any], cursor: str | None = None, limit: int | None = None
) -> Page[Told]:
    """One page of the actor's notices, newest first. Raises InvalidInput for a cursor that is none."""
    page = NOTICES.page(filters, cursor, limit, user_id=actor.user_id)
    return Page(told(actor, page.rows), next=page.next)


def some_notices(actor: Actor, ids: list[int]) -> list[Told]:
    """Those of the actor's notices that have one of these ids, oldest first."""
    [rows] = read(SOME(user_id=actor.user_id, ids=ids))
    return told(actor, rows)


def told(actor: Actor, rows: list[NoticeRow]) -> list[Told]:
    """Notices with the labels of their records, as the actor sees them now."""
    about = {(row.record_type, row.record_id) for row in rows if row.record_type and row.record_id}
    labels = labels_of(actor, about)
    return [Told(row, labels.get((row.record_type or "", row.record_id or 0))) for row in rows]


def unread_count(user_id: int | None) -> int:
    """How many unread notices somebody has; not counted beyond `MOST`."""
    [rows] = read(UNREAD(user_id=user_id))
    return int(rows[0][0])


def setting_of(user_id: int | None) -> Setting:
    """How somebody is told."""
    [rows] = read(SETTING(user_id=user_id))
    if not rows:
        return Setting(ways_of({}), USUAL_HOUR, 0)
    choices, hour, version = rows[0]
    return Setting(ways_of(choices), hour, version)
