"""Users as data."""

from __future__ import annotations

from typing import NamedTuple

from core.queries.paging import Listing


class UserRecord(NamedTuple):
    id: int
    login: str
    name: str
    email: str | None
    title: str | None
    language: str
    is_active: bool
    roles: list[str]


USERS = Listing(
    "users.list",
    """
    SELECT row.id, row.login, row.name, row.email, row.title, row.language, row.is_active,
           ARRAY(SELECT role.code::text FROM user_role JOIN role ON role.id = user_role.role_id
                  WHERE user_role.user_id = row.id ORDER BY role.code)
      FROM app_user AS row
    """,
    "app_user user_role role",
    UserRecord,
    filters={"login": "row.login = %(login)s"},
)
