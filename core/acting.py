"""A person as he may act now, for what is done in his name later: by a worker, or by who carries out what was asked."""

from __future__ import annotations

from typing import NamedTuple

from core.context import Actor
from core.plan import Plan
from core.scope import Viewer
from core.statements import statement


class PersonFact(NamedTuple):
    """Somebody as he may act now."""

    id: int
    login: str
    name: str
    language: str
    roles: list[str]
    permissions: list[str]
    viewer: str


PERSON = statement(
    "acting.person",
    """
    SELECT app_user.id, app_user.login, app_user.name, app_user.language,
           ARRAY(SELECT role.code::text FROM user_role JOIN role ON role.id = user_role.role_id
                  WHERE user_role.user_id = app_user.id ORDER BY role.code),
           ARRAY(SELECT DISTINCT unnest(role.permissions)::text FROM user_role JOIN role ON role.id = user_role.role_id
                  WHERE user_role.user_id = app_user.id),
           viewer_of(app_user.id)
      FROM app_user WHERE app_user.id = %(user_id)s::bigint AND app_user.is_active
    """,
    tables="app_user user_role role",
    scope="system",
    fact=PersonFact,
)

ID_OF_LOGIN = statement(
    "acting.id_of_login",
    "SELECT id FROM app_user WHERE login = lower(%(login)s) AND is_active",
    tables="app_user",
    scope="system",
)


def person_now(plan: Plan, user_id: int) -> Actor | None:
    """Somebody with what he may and sees now; None for who left."""
    [found] = plan.fetch(PERSON(user_id=user_id))
    return actor_of(found[0]) if found else None


def actor_of(who: PersonFact) -> Actor:
    """The person as commands take him."""
    return Actor(
        who.id, who.login, who.name, frozenset(who.permissions), tuple(who.roles), who.language,
        viewer=Viewer.read(who.viewer),
    )  # fmt: skip
