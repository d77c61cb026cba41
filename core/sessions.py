"""Sessions and API tokens: who a request comes from. Kept as SHA-256, looked up at each request, ended at once.

A session's token changes at sign-in, when somebody proves anew who he is, when what he may do changes, and each
`ROTATE_AFTER` of use; the old one is dead at once, but for `GRACE` after a change in use, because a browser may have
other requests under way. In the grace the old token reads and writes, and is never given a new one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Interval, cast, literal, or_, select, update

from core import clock, wire
from core import database as db
from core.audit import record
from core.context import Actor
from core.credentials import HalfSignIn
from core.errors import NotFound
from core.needs import for_anybody, needs
from core.organization import ApiToken, Company, User, UserSession
from core.plan import Plan
from core.scope import Viewer
from core.statements import Query, statement
from core.view_as import seen_as

SEEN_EVERY = timedelta(minutes=1)
USED_EVERY = timedelta(hours=1)
ROTATE_AFTER = timedelta(hours=12)
GRACE = timedelta(seconds=30)
PROOF_LASTS = timedelta(minutes=10)
ADMINISTERS = "users.manage"


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
    first_steps: bool
    home_cards: list[str] | None
    opening_views: dict[str, str]
    roles: list[str]
    permissions: list[str]
    viewer: str
    scopes: list[str] | None
    last_seen_at: datetime | None
    proved_at: datetime | None
    by_current_token: bool
    is_rotation_due: bool
    must_enrol: bool
    custom_fields_version: int | None
    token_name: str | None = None
    # Who it really is, where somebody looks as somebody else (`core.view_as`); NULL in all else.
    person_id: int | None = None
    person_login: str | None = None
    person_name: str | None = None
    person_permissions: list[str] | None = None
    person_viewer: str | None = None


class Found(NamedTuple):
    """Who a session's token belongs to, the rows of what was asked beside it, and the new token if it has changed."""

    actor: Actor
    others: list[list[Any]]
    new_token: str | None


ROLES_OF = """
    ARRAY(SELECT role.code::text FROM user_role JOIN role ON role.id = user_role.role_id
           WHERE user_role.user_id = app_user.id ORDER BY role.code)
"""
PERMISSIONS_OF = """
    ARRAY(SELECT DISTINCT unnest(role.permissions)::text FROM user_role JOIN role ON role.id = user_role.role_id
           WHERE user_role.user_id = app_user.id)
"""


def _columns(looks: str) -> str:
    """Who somebody is, what he may do, what his home page has and what his lists open with; the pages look as `looks`
    likes them."""
    names = ("language", "theme", "contrast", "density", "shortcuts", "first_steps")
    liked = ", ".join(f"{looks}.{name}" for name in names)
    has = f"app_user.home_cards::text[], app_user.opening_views, {ROLES_OF}, {PERMISSIONS_OF}"
    return f"app_user.id, app_user.login, app_user.name, {liked}, {has}"


PERSON = _columns("app_user")
# Who is let in at all, whatever he may do.
MAY_SIGN_IN = "app_user.is_active"
_VIEWER = "set_config('countinghouse.viewer', viewer_of(app_user.id), true)"
# The limits are the company's settings of now, so that a change bites on sessions that are open.
LIVE = """
    session.ended_at IS NULL
    AND session.created_at > %(now)s::timestamptz - make_interval(days => company.session_days)
    AND session.last_seen_at > %(now)s::timestamptz - make_interval(hours => company.session_idle_hours)
"""
_MUST_ENROL = f"""
    CASE company.second_factor_for WHEN 'nobody' THEN false ELSE
         (company.second_factor_for = 'everyone'
          OR EXISTS (SELECT FROM user_role JOIN role ON role.id = user_role.role_id
                      WHERE user_role.user_id = person.id AND '{ADMINISTERS}' = ANY (role.permissions)))
         AND NOT EXISTS (SELECT FROM totp_factor
                          WHERE totp_factor.user_id = person.id AND totp_factor.confirmed_at IS NOT NULL)
         AND NOT EXISTS (SELECT FROM passkey WHERE passkey.user_id = person.id) END
"""  # noqa: S608 (a constant)
SESSION = statement(
    "users.session",
    f"""
    SELECT session.id, {_columns("person")}, {_VIEWER}, NULL::text[], session.last_seen_at, session.proved_at,
           session.token_hash = %(token_hash)s,
           session.rotated_at IS NULL OR session.rotated_at <= %(rotated_before)s::timestamptz,
           {_MUST_ENROL}, company.custom_fields_version, NULL::text,
           CASE WHEN seen.id IS NOT NULL THEN person.id END, person.login, person.name,
           CASE WHEN seen.id IS NOT NULL THEN
                ARRAY(SELECT DISTINCT unnest(role.permissions)::text FROM user_role JOIN role ON role.id = role_id
                       WHERE user_id = person.id) END,
           CASE WHEN seen.id IS NOT NULL THEN viewer_of(person.id) END
      FROM user_session AS session JOIN app_user AS person ON person.id = session.user_id
      LEFT JOIN app_user AS seen ON seen.id = session.viewing_as_id AND seen.is_active
      JOIN app_user ON app_user.id = coalesce(seen.id, person.id)
     CROSS JOIN company
     WHERE (session.token_hash = %(token_hash)s
            OR (session.previous_hash = %(token_hash)s AND session.rotated_at > %(grace_since)s::timestamptz))
       AND {LIVE} AND person.is_active AND {MAY_SIGN_IN}
    """,  # noqa: S608 (names of columns, no values)
    tables="user_session app_user user_role role company totp_factor passkey",
    scope="system",
    fact=SignedIn,
)
TOKEN = statement(
    "users.token",
    f"""
    SELECT token.id, {PERSON}, {_VIEWER}, token.scopes::text[], token.last_used_at, NULL::timestamptz, true, false,
           false, company.custom_fields_version, token.name, NULL::bigint, NULL::text, NULL::text, NULL::text[],
           NULL::text
      FROM api_token AS token JOIN app_user ON app_user.id = token.user_id CROSS JOIN company
     WHERE token.token_hash = %(token_hash)s AND token.ended_at IS NULL AND {MAY_SIGN_IN}
       AND (token.expires_at IS NULL OR token.expires_at > %(now)s::timestamptz)
    """,  # noqa: S608 (names of columns, no values)
    tables="api_token app_user user_role role company",
    scope="system",
    fact=SignedIn,
)
SEEN = statement(
    "users.session_seen",
    "UPDATE user_session SET last_seen_at = %(now)s::timestamptz WHERE id = %(id)s::bigint",
    tables="user_session",
    scope="system",
)
# Of two pages opened at once one changes the token; the other keeps the old one for the grace.
ROTATE = statement(
    "users.session_rotate",
    """
    UPDATE user_session
       SET token_hash = %(new_hash)s, previous_hash = token_hash, rotated_at = %(now)s::timestamptz,
           last_seen_at = %(now)s::timestamptz
     WHERE id = %(id)s::bigint AND token_hash = %(token_hash)s AND ended_at IS NULL
    RETURNING id
    """,
    tables="user_session",
    scope="system",
)
USED = statement(
    "users.token_used",
    "UPDATE api_token SET last_used_at = %(now)s::timestamptz WHERE id = %(id)s::bigint",
    tables="api_token",
    scope="system",
)


def is_live() -> ColumnElement[bool]:
    """The same for queries that join user_session and company."""
    now, hour, day = clock.now(), timedelta(hours=1), timedelta(days=1)
    young = UserSession.created_at > now - cast(Company.session_days * literal(day, Interval), Interval)
    in_use = UserSession.last_seen_at > now - cast(Company.session_idle_hours * literal(hour, Interval), Interval)
    return UserSession.ended_at.is_(None) & young & in_use


def new_token() -> str:
    """256 random bits, for a cookie or an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token. The token is 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()


def load_session(
    token: str, now: datetime, *beside: Query, may_rotate: bool = False, is_use: bool = True
) -> Found | None:
    """Who a live session belongs to, or None; and the rows of `beside`, queries that go in the same round trip.

    The time last seen is written at most once a minute; with `may_rotate`, for a page somebody goes to, the token
    changes when it is due, by that same write. What an open page asks by itself is no use (`is_use`): else a session
    would never end while a page is left open.
    """
    token_hash = digest(token)
    query = SESSION(token_hash=token_hash, now=now, rotated_before=now - ROTATE_AFTER, grace_since=now - GRACE)
    rows, *others = _fetch(query, *beside)
    if not rows:
        return None
    found: SignedIn = rows[0]
    new = None
    if may_rotate and found.is_rotation_due and found.by_current_token:
        fresh = new_token()
        new_hash = digest(fresh)
        [changed] = _fetch(ROTATE(id=found.credential_id, token_hash=token_hash, new_hash=new_hash, now=now))
        new = fresh if changed else None
    elif is_use and found.by_current_token and found.last_seen_at is not None and now - found.last_seen_at > SEEN_EVERY:
        _fetch(SEEN(id=found.credential_id, now=now))
    return Found(actor_of(found), others, new)


def load_token(token: str, now: datetime) -> Actor | None:
    """The actor of a live API token: its scopes ∩ its user's permissions, read at each call. One statement, and once
    an hour one more that notes the use."""
    [rows] = _fetch(TOKEN(token_hash=digest(token), now=now))
    if not rows or "api.use" not in rows[0].permissions:
        return None
    found: SignedIn = rows[0]
    if found.last_seen_at is None or now - found.last_seen_at > USED_EVERY:
        _fetch(USED(id=found.credential_id, now=now))
    return actor_of(found)


def actor_of(found: SignedIn) -> Actor:
    """Who somebody is with what he may do: his roles' permissions, narrowed by the scopes of a token."""
    permissions = frozenset(found.permissions)
    if found.scopes is not None:
        permissions &= frozenset(found.scopes) | {"api.use"}
    if found.must_enrol:
        permissions = frozenset()
    roles, viewer = tuple(found.roles), Viewer.read(found.viewer)
    channel = f"api: {found.token_name}" if found.token_name is not None else "browser"
    actor = Actor(
        found.user_id, found.login, found.name, permissions, roles, found.language, found, viewer, channel,
        found.custom_fields_version,
    )  # fmt: skip
    return actor if found.person_id is None else seen_as(actor, _person(found))


def _person(found: SignedIn) -> Actor:
    """Who really looks, where somebody looks as somebody else."""
    return Actor(
        found.person_id, found.person_login or "", found.person_name or "", frozenset(found.person_permissions or ()),
        (), found.language, found, Viewer.read(found.person_viewer or ""), "browser",
    )  # fmt: skip


def _fetch(*queries: Query) -> list[list[Any]]:
    with db.current().engine.connect() as connection:
        return wire.fetch(db.driver(connection), queries, transaction=False)


def open_session(plan: Plan, user: User, *, address: str | None, user_agent: str | None) -> dict[str, Any]:
    """Opens a session for somebody who has shown who he is, and answers its token; only its hash is kept.

    For somebody who has shown only one thing, `core.sign_in.enter` asks for the second factor first.
    """
    token = new_token()
    session = UserSession(
        user_id=user.id,
        token_hash=digest(token),
        created_at=plan.now,
        last_seen_at=plan.now,
        proved_at=plan.now,
        rotated_at=plan.now,
        address=address,
        user_agent=(user_agent or "")[:300] or None,
    )
    plan.session.add(session)
    plan.session.flush()
    record(plan, "user.signed_in", "app_user", user.id, label=user.login)
    return {"token": token, "user_id": user.id, "language": user.language, "name": user.name}


def renew_session(plan: Plan, session_id: int | None, token_hash: str) -> None:
    """Gives a session of the actor a new token and notes that he has just proved who he is; the old token is dead at
    once. The caller keeps the token, so that no answer holds it. None: who acts has no session."""
    if session_id is None:
        return
    session = plan.session.get(UserSession, session_id, with_for_update=True, populate_existing=True)
    if session is None or session.user_id != plan.actor.user_id or session.ended_at is not None:
        raise NotFound("session", session_id)
    session.token_hash, session.previous_hash = token_hash, None
    session.proved_at = session.rotated_at = plan.now


def rotate_sessions(plan: Plan, user_ids: Iterable[int]) -> None:
    """The tokens of these users' sessions change with their next page: what they may do has changed."""
    of_users = UserSession.user_id.in_(list(user_ids)) & UserSession.ended_at.is_(None)
    plan.session.execute(update(UserSession).where(of_users).values(rotated_at=None, previous_hash=None))


@for_anybody
def sign_out(plan: Plan, token: str) -> dict[str, Any]:
    """Ends a session at once."""
    of_token = or_(UserSession.token_hash == digest(token), UserSession.previous_hash == digest(token))
    session = plan.session.scalars(select(UserSession).where(of_token, UserSession.ended_at.is_(None))).first()
    if session is not None:
        session.ended_at = plan.now
        record(plan, "user.signed_out", "app_user", session.user_id)
    return {"ended": session is not None}


@needs("users.manage")
def end_sessions(
    plan: Plan, user_id: int, *, session_id: int | None = None, but: int | None = None, tokens: bool = True
) -> dict[str, Any]:
    """Ends one session of a user; or all of them `but` one, and with them what is half signed in and, unless told not
    to, his tokens. Raises NotFound for no user of ours, or no open session of his."""
    if plan.session.get(User, user_id) is None:
        raise NotFound("user", user_id)
    sessions = select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if session_id is not None:
        sessions = sessions.where(UserSession.id == session_id)
    ended = [each for each in plan.session.scalars(sessions.with_for_update()) if each.id != but]
    if session_id is not None and not ended:
        raise NotFound("session", session_id)
    for session in ended:
        session.ended_at = plan.now
    if session_id is None:
        halves = update(HalfSignIn).where(HalfSignIn.user_id == user_id, HalfSignIn.ended_at.is_(None))
        plan.session.execute(halves.values(ended_at=plan.now))
    if session_id is None and tokens:
        for token in plan.session.scalars(
            select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.ended_at.is_(None))
        ):
            token.ended_at = plan.now
        for session in plan.session.execute(select(UserSession).where(UserSession.viewing_as_id == user_id)).scalars():
            session.viewing_as_id = None  # whoever looks as him does so no longer, even if he comes back
            record(plan, "user.viewing_ended", "app_user", user_id)
    record(plan, "user.sessions_ended", "app_user", user_id, changes={"sessions": len(ended)})
    return {"ended": len(ended)}


@for_anybody
def end_own_sessions(plan: Plan, *, session_id: int | None = None, but: int | None = None) -> dict[str, Any]:
    """Ends one session of the actor's, or all `but` one; tokens stay. Raises NotFound for no open session of his."""
    return end_sessions(plan, plan.actor.user_id or 0, session_id=session_id, but=but, tokens=False)
