"""Looking at the product as somebody else sees it: an administrator, in his own session, reading only.

The session says whom it looks as. From then on its reader has that person's permissions and rows and may change
nothing: the guard of the routes refuses every unsafe method, and `run` refuses the actor. Both ends are recorded with
who it really is. Nobody sees more this way than he may himself, at any moment: what the person has gained or the reader
has lost meanwhile counts at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from core.audit import record
from core.context import Actor
from core.errors import DomainError, NotFound
from core.needs import for_anybody, needs
from core.organization import User, UserSession
from core.plan import Plan
from core.scope import NOTHING, Viewer
from core.statements import statement

PERMISSION = "users.view_as"
# What leaves a trace in the name of who does it is not done in somebody else's.
NOT_LENT = ("exports.create",)

VIEWER = statement("users.viewer", "SELECT viewer_of(%(user_id)s::bigint)", tables="", scope="system")


def seen_as(actor: Actor, person: Actor) -> Actor:
    """The actor as `person` may look as him: permissions that both have, nothing at all once `person` may not."""
    permissions = {name for name in actor.permissions if not name.endswith(".unmask") and name not in NOT_LENT}
    if not may_look(person, actor.permissions, actor.viewer):
        return replace(actor, permissions=frozenset(), viewer=NOTHING, person=person)
    return replace(actor, permissions=frozenset(permissions), person=person)


def may_look(person: Actor, permissions: frozenset[str], viewer: Viewer) -> bool:
    """Whether `person` may look as somebody with these permissions, who sees these rows: neither beyond his own."""
    own = person.viewer
    in_reach = own.sees_all or (
        not viewer.sees_all and set(viewer.owners) <= set(own.owners) and set(viewer.shared) <= set(own.shared)
    )
    return person.may(PERMISSION) and permissions <= person.permissions and in_reach


@needs("users.view_as")
def start_viewing(plan: Plan, token_hash: str, user_id: int) -> dict[str, Any]:
    """Looks as a user from the next request on, in the actor's session of this token.

    Raises NotFound; `view_as_not_here` without such a session, `view_as_self`, `view_as_deactivated`, and
    `view_as_beyond` for somebody who may or sees what the actor does not.
    """
    session, user = _own_session(plan, token_hash), plan.session.get(User, user_id)
    if user is None:
        raise NotFound("user", user_id)
    if user.id == plan.actor.user_id:
        raise DomainError("view_as_self", http_status=422)
    if not user.is_active:
        raise DomainError("view_as_deactivated", name=user.name)
    permissions = frozenset(name for role in user.roles for name in role.permissions)
    [[(rows,)]] = plan.fetch(VIEWER(user_id=user.id))
    if not may_look(plan.actor, permissions, Viewer.read(rows)):
        raise DomainError("view_as_beyond", http_status=403, name=user.name)
    session.viewing_as_id = user.id
    record(plan, "user.viewing_started", "app_user", user.id, label=user.login)
    return {"id": user.id, "name": user.name}


@for_anybody
def stop_viewing(plan: Plan, token_hash: str) -> dict[str, Any]:
    """Looks as oneself again; nothing happens where nobody looks as anybody."""
    session = _own_session(plan, token_hash)
    seen = plan.session.get(User, session.viewing_as_id) if session.viewing_as_id else None
    if seen is None:
        return {"id": None, "name": None}
    session.viewing_as_id = None
    record(plan, "user.viewing_ended", "app_user", seen.id, label=seen.login)
    return {"id": seen.id, "name": seen.name}


def _own_session(plan: Plan, token_hash: str) -> UserSession:
    own = select(UserSession).where(
        UserSession.token_hash == token_hash,
        UserSession.user_id == plan.actor.user_id,
        UserSession.ended_at.is_(None),
    )
    session = plan.session.execute(own).scalar_one_or_none()
    if session is None:
        raise DomainError("view_as_not_here")
    return session
