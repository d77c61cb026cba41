"""Users and their open sessions as data."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core import clock
from core.errors import NotFound
from core.masks import Email
from core.queries.paging import Listing
from core.queries.reading import read
from core.sessions import LIVE
from core.statements import statement


class UserRecord(NamedTuple):
    id: int
    login: str
    name: str
    email: Email | None
    title: str | None
    language: str
    is_active: bool
    roles: list[str]
    version: int


class SessionRecord(NamedTuple):
    """A signed-in browser of a user."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    address: str | None
    user_agent: str | None


SELECT = """
    SELECT row.id, row.login, row.name, row.email, row.title, row.language, row.is_active,
           ARRAY(SELECT role.code::text FROM user_role JOIN role ON role.id = user_role.role_id
                  WHERE user_role.user_id = row.id ORDER BY role.code), row.version
      FROM app_user AS row
"""
TABLES = "app_user user_role role"
USER = statement(
    "users.record", SELECT + " WHERE row.id = %(user_id)s::bigint", tables=TABLES, scope="system", fact=UserRecord
)
OPEN_SESSIONS = statement(
    "users.open_sessions",
    """
    SELECT session.id, session.created_at, session.last_seen_at, session.address, session.user_agent
      FROM user_session AS session CROSS JOIN company
     WHERE session.user_id = %(user_id)s::bigint AND """
    + LIVE
    + """
     ORDER BY session.last_seen_at DESC, session.id LIMIT 100
    """,
    tables="user_session company",
    scope="system",
    fact=SessionRecord,
)
USERS = Listing("users.list", SELECT, TABLES, UserRecord, filters={"login": "row.login = %(login)s"})


def open_sessions(user_id: int) -> list[SessionRecord]:
    """The open sessions of a user, latest first."""
    [rows] = read(OPEN_SESSIONS(user_id=user_id, now=clock.now()))
    return rows


def get_user(user_id: int) -> tuple[UserRecord, list[SessionRecord]]:
    """One user with the open sessions. Raises NotFound."""
    users, sessions = read(USER(user_id=user_id), OPEN_SESSIONS(user_id=user_id, now=clock.now()))
    if not users:
        raise NotFound("user", user_id)
    return users[0], sessions
