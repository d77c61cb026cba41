"""Roles with what they may do, and who has them."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import existing
from core.queries.paging import Key, Listing
from core.queries.reading import read
from core.sessions import MAY_SIGN_IN, PERMISSIONS_OF
from core.statements import statement


class RoleRecord(NamedTuple):
    """A role with what it may do, and how many active people have it."""

    id: int
    code: str
    name: str
    name_zh: str
    permissions: list[str]
    row_scope: str
    is_standard: bool
    version: int
    people: int


class HolderRecord(NamedTuple):
    """Somebody who has a role."""

    id: int
    name: str
    is_active: bool


SELECT = """
    SELECT row.id, row.code, row.name, row.name_zh, row.permissions::text[], row.row_scope, row.is_standard,
           row.version,
           (SELECT count(*) FROM user_role JOIN app_user ON app_user.id = user_role.user_id
             WHERE user_role.role_id = row.id AND app_user.is_active)
      FROM role AS row
"""
TABLES = "role user_role app_user"
ROLE = statement("roles.record", SELECT + " WHERE row.id = %(role_id)s::bigint", tables=TABLES, scope="system",
                 fact=RoleRecord)  # fmt: skip
ALL_ROLES = statement("roles.all", SELECT + " ORDER BY row.is_standard DESC, row.name, row.id", tables=TABLES,
                      scope="system", fact=RoleRecord)  # fmt: skip
HOLDERS = statement(
    "roles.holders",
    """
    SELECT app_user.id, app_user.name, app_user.is_active
      FROM user_role JOIN app_user ON app_user.id = user_role.user_id
     WHERE user_role.role_id = %(role_id)s::bigint ORDER BY app_user.is_active DESC, app_user.name, app_user.id
    """,
    tables="user_role app_user",
    scope="system",
    fact=HolderRecord,
)
HELD_BY_PEOPLE = statement(
    "roles.held_by_people",
    f"SELECT {PERMISSIONS_OF} FROM app_user WHERE {MAY_SIGN_IN}",
    tables=TABLES,
    scope="system",
)
ROLES = Listing(
    "roles.list", SELECT, TABLES, RoleRecord,
    keys=(Key("code", "row.code", "text"), Key("id", "row.id", "bigint")), descending=False,
)  # fmt: skip


def list_roles() -> list[RoleRecord]:
    """All roles, standard ones first."""
    [rows] = read(ALL_ROLES())
    return rows


def get_role(role_id: int) -> tuple[RoleRecord, list[HolderRecord]]:
    """A role and who has it. Raises NotFound."""
    roles, holders = read(ROLE(role_id=role_id), HOLDERS(role_id=role_id))
    found: RoleRecord = existing(roles, "role", role_id)
    return found, holders


def who_may_what() -> tuple[list[RoleRecord], dict[str, int]]:
    """All roles, and of each permission how many people have it by any of their roles."""
    roles, people = read(ALL_ROLES(), HELD_BY_PEOPLE())
    counts: dict[str, int] = {}
    for (permissions,) in people:
        for permission in permissions:
            counts[permission] = counts.get(permission, 0) + 1
    return roles, counts
