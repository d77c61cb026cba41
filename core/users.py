"""Users, sign-in, sessions and tokens. Passwords are Argon2id; sessions and tokens are kept as SHA-256 and end at
once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from core import database as db
from core import wire
from core.audit import record
from core.columns import check_texts
from core.context import Actor
from core.errors import DomainError, FieldError, FieldErrors, NotFound
from core.normalise import clean
from core.organization import ApiToken, Role, SignInDelay, User, UserSession
from core.permissions import PERMISSIONS
from core.plan import Plan
from core.scope import Viewer
from core.statements import Query, statement

SESSION_DAYS = 30
IDLE_HOURS = 12
SEEN_EVERY = timedelta(minutes=1)
TOKEN_PREFIX = "cht_"  # noqa: S105 (what tokens begin with, not one)
MIN_PASSWORD_LENGTH = 8
FREE_ATTEMPTS = 4
LONGEST_DELAY_SECONDS = 900
# 19 MiB, two passes, one lane: OWASP's recommendation for Argon2id.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = hasher.hash(secrets.token_hex(16))


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
CUSTOMERS_OWNED = statement(
    "users.customers_owned",
    "SELECT count(*) FROM customer WHERE owner_id = %(user_id)s::bigint AND merged_into_id IS NULL",
    tables="customer",
    scope="system",
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


# sign-in --------------------------------------------------------------------------------------------------------------
def sign_in(plan: Plan, login: str, password: str, *, address: str | None, user_agent: str | None) -> dict[str, Any]:
    """Opens a session and answers its token; a failure is counted and answered the same way for every cause.

    After four failures in a row each further one doubles a delay, per account and per address, up to fifteen minutes; a
    right password within the delay is refused too. The answer `{"failed": …}` is committed, since the count must be
    kept.
    """
    user = plan.session.execute(
        select(User).where(User.login == (clean(login) or "").lower()).with_for_update()
    ).scalar_one_or_none()
    delay = plan.session.get(SignInDelay, address or "-", with_for_update=True)
    blocked = max(
        (until for until in (user and user.blocked_until, delay and delay.blocked_until) if until), default=None
    )
    if blocked and blocked > plan.now:
        return {"failed": "sign_in_delayed", "seconds": int((blocked - plan.now).total_seconds()) + 1}
    right = _matches(user, password)
    if user is None or not right:
        return _count_failure(plan, user, delay, address or "-")
    user.failed_sign_ins, user.blocked_until = 0, None
    if delay is not None:
        plan.session.delete(delay)
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


def _matches(user: User | None, password: str) -> bool:
    """Checks a password in the same time whether or not there is such a user."""
    known = user.password_hash if user is not None and user.is_active else None
    try:
        hasher.verify(known or _DUMMY_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def _count_failure(plan: Plan, user: User | None, delay: SignInDelay | None, address: str) -> dict[str, Any]:
    if delay is None:
        delay = SignInDelay(address=address, failures=0, last_failed_at=plan.now)
        plan.session.add(delay)
    delay.failures = min(delay.failures + 1, 1000)
    delay.last_failed_at = plan.now
    delay.blocked_until = _blocked_until(plan.now, delay.failures - 3 * FREE_ATTEMPTS)
    if user is not None:
        user.failed_sign_ins = min(user.failed_sign_ins + 1, 1000)
        user.blocked_until = _blocked_until(plan.now, user.failed_sign_ins - FREE_ATTEMPTS)
        record(plan, "user.sign_in_failed", "app_user", user.id, label=user.login)
    left = max(FREE_ATTEMPTS - (user.failed_sign_ins if user else delay.failures), 0)
    return {"failed": "sign_in_failed", "left": left}


def _blocked_until(now: datetime, over: int) -> datetime | None:
    return now + timedelta(seconds=min(2**over, LONGEST_DELAY_SECONDS)) if over > 0 else None


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


# users ----------------------------------------------------------------------------------------------------------------
def create_user(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a user: login, name, email, title, language, roles (codes), reports_to_id, password. Raises InvalidInput,
    `duplicate_login`."""
    data, roles = _checked_user(plan, values, password_required=True)
    user = User(created_at=plan.now, roles=roles, **data)
    plan.session.add(user)
    plan.session.flush()
    return _user_answer(user)


def change_user(plan: Plan, user_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes the fields given; deactivating ends all sessions.

    The last active administrator stays one, and whoever owns customers hands them over first: raises
    `last_administrator`, `user_owns_customers` beside `is_active`, `edit_conflict`.
    """
    user = plan.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", user_id)
    if version is not None and user.version != version:
        raise DomainError("edit_conflict", version=user.version)
    names = ("login", "name", "email", "title", "language", "is_active", "reports_to_id")
    current = {name: getattr(user, name) for name in names}
    current["roles"] = [role.code for role in user.roles]
    data, roles = _checked_user(plan, current | dict(values), password_required=False)
    loses_admin = not data["is_active"] or not any(role.code == "admin" for role in roles)
    if loses_admin and any(role.code == "admin" for role in user.roles) and _admins(plan) <= 1:
        raise DomainError("last_administrator")
    if user.is_active and not data["is_active"]:
        _refuse_owner(plan, user)
    for name, value in data.items():
        setattr(user, name, value)
    before = [role.code for role in user.roles]
    user.roles = roles
    after = sorted(role.code for role in roles)
    if before != after:
        record(plan, "user.roles_changed", "app_user", user.id, label=user.login, changes={"roles": [before, after]})
    plan.session.flush()
    if not user.is_active or "password_hash" in data:
        end_sessions(plan, user.id)
    return _user_answer(user)


def change_preferences(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Language, theme, contrast, density and shortcuts of the actor."""
    user = plan.session.get(User, plan.actor.user_id)
    if user is None:
        raise NotFound("user", plan.actor.user_id)
    choices = {
        "language": ("zh", "en"),
        "theme": ("auto", "light", "dark"),
        "contrast": ("normal", "high"),
        "density": ("compact", "normal", "roomy"),
        "shortcuts": (True, False),
    }
    errors = FieldErrors()
    for name, allowed in choices.items():
        if name in values:
            if values[name] not in allowed:
                errors.add(name, "unknown_choice", choices=list(allowed))
            else:
                setattr(user, name, values[name])
    errors.raise_if_any()
    return {"language": user.language}


def _refuse_owner(plan: Plan, user: User) -> None:
    """Nobody leaves customers behind without an owner who is still here."""
    [[[customers]]] = plan.fetch(CUSTOMERS_OWNED(user_id=user.id))
    if customers:
        beside = FieldError("user_owns_customers", {"user_id": user.id, "owner": user.name, "count": customers})
        raise DomainError(
            "user_owns_customers", fields={"is_active": beside}, user_id=user.id, owner=user.name, count=customers
        )


def _admins(plan: Plan) -> int:
    admins = select(User.id).join(User.roles).where(Role.code == "admin", User.is_active).with_for_update(of=User)
    return len(plan.session.execute(admins).all())


def _checked_user(
    plan: Plan, values: Mapping[str, Any], *, password_required: bool
) -> tuple[dict[str, Any], list[Role]]:
    errors = FieldErrors()
    data: dict[str, Any] = {name: clean(values.get(name)) for name in ("login", "name", "email", "title")}
    data["login"] = (data["login"] or "").lower()
    for name in ("login", "name"):
        if not data[name]:
            errors.add(name, "required")
    check_texts(errors, User, data)
    if data["email"]:
        try:
            data["email"] = validate_email(data["email"], check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            errors.add("email", "not_an_email", value=data["email"])
    data["language"] = values.get("language") or "zh"
    if data["language"] not in ("zh", "en"):
        errors.add("language", "unknown_choice", choices=["zh", "en"])
    data["is_active"] = values.get("is_active") is not False
    data["reports_to_id"] = values.get("reports_to_id")
    if data["reports_to_id"] is not None and plan.session.get(User, data["reports_to_id"]) is None:
        errors.add("reports_to_id", "user_unknown")
    password = values.get("password")
    if password:
        if len(password) < MIN_PASSWORD_LENGTH and not values.get("weak_password_allowed"):
            errors.add("password", "too_short", smallest=MIN_PASSWORD_LENGTH)
        data["password_hash"] = hasher.hash(password)
    elif password_required:
        errors.add("password", "required")
    codes = list(dict.fromkeys(values.get("roles") or ()))
    roles = list(plan.session.execute(select(Role).where(Role.code.in_(codes)).order_by(Role.code)).scalars())
    if not codes or len(roles) != len(codes):
        errors.add("roles", "required" if not codes else "role_unknown")
    errors.raise_if_any()
    return data, roles


def _user_answer(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "email": user.email,
        "title": user.title,
        "language": user.language,
        "roles": sorted(role.code for role in user.roles),
        "is_active": user.is_active,
        "version": user.version,
    }


# tokens ---------------------------------------------------------------------------------------------------------------
def issue_token(
    plan: Plan, login: str, scopes: Sequence[str] | None = None, *, name: str = "API", days: int | None = None
) -> dict[str, Any]:
    """Issues an API token; it is shown once and only its hash is kept. Scopes are permissions; none means all of the
    user's."""
    user = plan.session.execute(select(User).where(User.login == login.lower(), User.is_active)).scalar_one_or_none()
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
