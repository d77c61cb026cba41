"""Why a person may or may not: told from what decides, the look-up of a session and the predicate of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.context import Actor
from core.errors import existing
from core.grants import SCOPES
from core.masks import KINDS
from core.organization import RowScope
from core.queries.reading import read
from core.queries.roles import ALL_ROLES, RoleRecord
from core.queries.units import SHARES, ShareRecord
from core.scope import Viewer
from core.sessions import MAY_SIGN_IN, PERSON, ROLES_OF, SignedIn, actor_of
from core.statements import statement

COLLEAGUES = 30


class AboutPerson(NamedTuple):
    """A person, where he belongs, and the codes of his roles."""

    id: int
    login: str
    name: str
    is_active: bool
    unit: str | None
    unit_kind: str | None
    path: list[int]
    roles: list[str]


class Colleague(NamedTuple):
    """Somebody whose rows a person sees, and where he belongs."""

    id: int
    name: str
    unit: str | None
    unit_kind: str | None


# Exactly what a request of that person would be let in with; no row for whom a session would not be found. Somebody who
# has yet to set up a second factor is told of with what his roles give: it opens with the factor, and to his tokens.
PERSON_NOW = statement(
    "access.person",
    f"""
    SELECT NULL::bigint, {PERSON}, viewer_of(app_user.id), NULL::text[], NULL::timestamptz, NULL::timestamptz,
           true, false, false, NULL::bigint
      FROM app_user WHERE app_user.id = %(user_id)s::bigint AND {MAY_SIGN_IN}
    """,
    tables="app_user user_role role",
    scope="system",
    fact=SignedIn,
)
ABOUT = statement(
    "access.about",
    f"""
    SELECT app_user.id, app_user.login, app_user.name, app_user.is_active, unit.name, unit.kind,
           coalesce(unit.path, '{{}}'), {ROLES_OF}
      FROM app_user LEFT JOIN org_unit AS unit ON unit.id = app_user.unit_id WHERE app_user.id = %(user_id)s::bigint
    """,
    tables="app_user user_role role org_unit",
    scope="system",
    fact=AboutPerson,
)
COLLEAGUES_SEEN = statement(
    "access.colleagues",
    """
    SELECT app_user.id, app_user.name, unit.name, unit.kind
      FROM app_user LEFT JOIN org_unit AS unit ON unit.id = app_user.unit_id
     WHERE app_user.id = ANY (%(user_ids)s::bigint[]) ORDER BY app_user.name, app_user.id LIMIT %(limit)s::int
    """,
    tables="app_user org_unit",
    scope="system",
    fact=Colleague,
)


class PersonName(NamedTuple):
    id: int
    name: str
    is_active: bool


PEOPLE = statement(
    "access.people",
    "SELECT id, name, is_active FROM app_user ORDER BY is_active DESC, name, id",
    tables="app_user",
    scope="system",
    fact=PersonName,
)


@dataclass(frozen=True)
class Access:
    """What one person may do and see now. `actor` is None for whoever cannot sign in; he may do nothing."""

    about: AboutPerson
    actor: Actor | None
    roles: Sequence[RoleRecord]
    all_roles: Sequence[RoleRecord]
    colleagues: Sequence[Colleague]

    @property
    def viewer(self) -> Viewer:
        """Whose rows are seen; nobody's without a way in."""
        return self.actor.viewer if self.actor else Viewer()

    def may(self, permission: str) -> bool:
        """As the server decides it before each request."""
        return self.actor is not None and self.actor.may(permission)

    def through(self, permission: str) -> list[RoleRecord]:
        """The person's roles that have the permission."""
        return [role for role in self.roles if permission in role.permissions]

    def givers(self, permission: str) -> list[RoleRecord]:
        """All roles that have it."""
        return [role for role in self.all_roles if permission in role.permissions]

    @property
    def row_scope(self) -> RowScope:
        """The widest of the roles' scopes, which is the one that counts."""
        return max((RowScope(role.row_scope) for role in self.roles), key=SCOPES.index, default=RowScope.OWN)

    @property
    def widest(self) -> list[RoleRecord]:
        """The roles that make the person see as far as that."""
        return [role for role in self.roles if role.row_scope == self.row_scope]

    def masks(self) -> dict[str, str]:
        """Of each kind of confidential data: `shown`, `uncover` (hidden until uncovered, on record) or `hidden`."""
        return {
            kind: "shown" if self.may(f"{kind}.read") else "uncover" if self.may(f"{kind}.unmask") else "hidden"
            for kind in KINDS
        }


class Reason(NamedTuple):
    """Why a record is seen: `everything`, `own`, `colleague`, `shared` (with the share)."""

    kind: str
    share: ShareRecord | None = None


def list_people() -> list[PersonName]:
    """Everybody, those who may sign in first."""
    [rows] = read(PEOPLE())
    return rows


def access_of(user_id: int) -> Access:
    """What a person may do and see. Raises NotFound."""
    about, found, roles = read(ABOUT(user_id=user_id), PERSON_NOW(user_id=user_id), ALL_ROLES())
    person: AboutPerson = existing(about, "user", user_id)
    actor = actor_of(found[0]) if found else None
    held = [role for role in roles if role.code in person.roles]
    owners = [owner for owner in actor.viewer.owners if owner != user_id] if actor else []
    [colleagues] = read(COLLEAGUES_SEEN(user_ids=owners, limit=COLLEAGUES)) if owners else [[]]
    return Access(person, actor, held, roles, colleagues)


def person_named(user_id: int) -> Colleague | None:
    """Somebody with where he belongs, or None."""
    [rows] = read(COLLEAGUES_SEEN(user_ids=[user_id], limit=1))
    return rows[0] if rows else None


def reasons_to_see(access: Access, *, owner_id: int, customer_id: int) -> list[Reason]:
    """What the predicate finds true of a record for this person; nothing where he does not see it.

    The customer must be one that the asker sees, since shares are told.
    """
    viewer, found = access.viewer, []
    if viewer.sees_all:
        found.append(Reason("everything"))
    elif owner_id in viewer.owners:
        found.append(Reason("own" if owner_id == access.about.id else "colleague"))
    if customer_id in viewer.shared:
        [shares] = read(SHARES(customer_id=customer_id))
        reaching = (share for share in shares if share.user_id == access.about.id or share.unit_id in access.about.path)
        found += [Reason("shared", share) for share in reaching]
    return found
