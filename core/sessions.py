"""Sessions and API tokens: who a request comes from. Kept as SHA-256, looked up at each request, ended at once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from core import database as db
from core import wire
from core.audit import record
from core.context import Actor
from core.errors import DomainError, NotFound
from core.organization import ApiToken, User, UserSession
from core.permissions import PERMISSIONS
from core.plan import Plan
from core.scope import Viewer
from core.statements import Query, statement

SESSION_DAYS = 30
IDLE_HOURS = 12
SEEN_EVERY = timedelta(minutes=1)
TOKEN_PREFIX = "cht_"  # noqa: S105 (what tokens begin with, not one)


class SignedIn(NamedTuple):
    """A live session or token with its user, as read at each request."""

    credential_id: int
    user_id: int
    login: str
    name: str
    language: str
    theme: str
    contrast: str
    density: str
    shortcuts: bool
    roles: list[str]
    permissions: list[str]
    viewer: str
    scopes: list[str] | None
    last_seen_at: datetime | None


_USER = """
    app_user.id, app_user.login, app_user.name, app_user.language, app_user.theme, app_user.contrast, app_user.density,
    app_user.shortcuts,
    ARRAY(SELECT role.code::text FROM user_role JOIN role ON role.id = user_role.role_id
           WHERE user_role.user_id = app_user.id ORDER BY role.code),
    ARRAY(SELECT DISTINCT unnest(role.permissions)::text FROM user_role JOIN role ON role.id = user_role.role_id
           WHERE user_role.user_id = app_user.id),
    set_config('countinghouse.viewer', viewer_of(app_user.id), true)
"""
SESSION = statement(
    "users.session",
    f"""
    SELECT session.id, {_USER}, NULL::text[], session.last_seen_at
      FROM user_session AS session JOIN app_user ON app_user.id = session.user_id
     WHERE session.token_hash = %(token_hash)s AND session.ended_at IS NULL AND app_user.is_active
       AND session.expires_at > %(now)s::timestamptz AND session.last_seen_at > %(idle_since)s::timestamptz
    """,  # noqa: S608 (names of columns, no values)
    tables="user_session app_user user_role role",
    scope="system",
    fact=SignedIn,
)
TOKEN = statement(
    "users.token",
    f"""
    SELECT token.id, {_USER}, token.scopes::text[], NULL::timestamptz
      FROM api_token AS token JOIN app_user ON app_user.id = token.user_id
     WHERE token.token_hash = %(token_hash)s AND token.ended_at IS NULL AND app_user.is_active
       AND (token.expires_at IS NULL OR token.expires_at > %(now)s::timestamptz)
    """,  # noqa: S608 (names of columns, no values)
    tables="api_token app_user user_role role",
    scope="system",
    fact=SignedIn,
)
SEEN = statement(
    "users.session_seen",
    "UPDATE user_session SET last_seen_at = %(now)s::timestamptz WHERE id = %(id)s::bigint",
    tables="user_session",
    scope="system",
)


def digest(token: str) -> str:
    """What is kept of a token. The token is 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()


def load_session(token: str, now: datetime, *beside: Query) -> tuple[Actor, list[list[Any]]] | None:
    """The actor of a live session, or None; and the rows of `beside`, queries that go in the same round trip.

    The time last seen is written at most once a minute.
    """
    idle_since = now - timedelta(hours=IDLE_HOURS)
    rows, *others = _fetch(SESSION(token_hash=digest(token), now=now, idle_since=idle_since), *beside)
    if not rows:
        return None
    found: SignedIn = rows[0]
    if found.last_seen_at is not None and now - found.last_seen_at > SEEN_EVERY:
        _fetch(SEEN(id=found.credential_id, now=now))
    return _actor(found), others


def load_token(token: str, now: datetime) -> Actor | None:
    """The actor of a live API token: its scopes ∩ its user's permissions, read at each call. One statement."""
    [rows] = _fetch(TOKEN(token_hash=digest(token), now=now))
    return _actor(rows[0]) if rows and "api.use" in rows[0].permissions else None


def _actor(found: SignedIn) -> Actor:
    permissions = frozenset(found.permissions)
    if found.scopes is not None:
        permissions &= frozenset(found.scopes) | {"api.use"}
    roles, viewer = tuple(found.roles), Viewer.read(found.viewer)
    return Actor(found.user_id, found.login, found.name, permissions, roles, found.language, found, viewer)


def _fetch(*queries: Query) -> list[list[Any]]:
    with db.current().engine.connect() as connection:
        return wire.fetch(db.driver(connection), queries, transaction=False)


def open_session(plan: Plan, user: User, *, address: str | None, user_agent: str | None) -> dict[str, Any]:
    """Opens a session for somebody who has shown who he is, and answers its token; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    session = UserSession(
        user_id=user.id,
        token_hash=digest(token),
        created_at=plan.now,
        last_seen_at=plan.now,
        expires_at=plan.now + timedelta(days=SESSION_DAYS),
        address=address,
        user_agent=(user_agent or "")[:300] or None,
    )
    plan.session.add(session)
    plan.session.flush()
    record(plan, "user.signed_in", "app_user", user.id, label=user.login)
    return {"token": token, "user_id": user.id, "language": user.language, "name": user.name}


def sign_out(plan: Plan, token: str) -> dict[str, Any]:
    """Ends a session at once."""
    session = plan.session.execute(
        select(UserSession).where(UserSession.token_hash == digest(token), UserSession.ended_at.is_(None))
    ).scalar_one_or_none()
    if session is not None:
        session.ended_at = plan.now
        record(plan, "user.signed_out", "app_user", session.user_id)
    return {"ended": session is not None}


def end_sessions(plan: Plan, user_id: int, *, session_id: int | None = None) -> dict[str, Any]:
    """Ends one session of a user, or all of them and his tokens with them. Raises NotFound for no user of ours."""
    if plan.session.get(User, user_id) is None:
        raise NotFound("user", user_id)
    sessions = select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if session_id is not None:
        sessions = sessions.where(UserSession.id == session_id)
    ended = plan.session.execute(sessions).scalars().all()
    for session in ended:
        session.ended_at = plan.now
    if session_id is None:
        tokens = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.ended_at.is_(None))
        for token in plan.session.execute(tokens).scalars():
            token.ended_at = plan.now
    record(plan, "user.sessions_ended", "app_user", user_id, changes={"sessions": len(ended)})
    return {"ended": len(ended)}


def issue_token(
    plan: Plan, login: str, scopes: Sequence[str] | None = None, *, name: str = "API", days: int | None = None
) -> dict[str, Any]:
    """Issues an API token; it is shown once and only its hash is kept. Scopes are permissions; none means all of the
    user's."""
    # Shared until the end, so that he does not leave meanwhile.
    found = select(User).where(User.login == login.lower(), User.is_active).with_for_update(read=True, key_share=True)
    user = plan.session.execute(found).scalar_one_or_none()
    if user is None:
        raise NotFound("user", login)
    unknown = sorted(set(scopes or ()) - set(PERMISSIONS))
    if unknown:
        raise DomainError("scope_unknown", http_status=422, scopes=unknown)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        user_id=user.id,
        name=name,
        token_hash=digest(token),
        scopes=sorted(scopes) if scopes else None,
        created_at=plan.now,
        expires_at=plan.now + timedelta(days=days) if days else None,
    )
    plan.session.add(row)
    plan.session.flush()
    return {"id": row.id, "token": token, "login": user.login, "scopes": row.scopes}
