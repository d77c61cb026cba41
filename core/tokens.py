"""API tokens: issued to a person, shown once, kept as SHA-256; they may never do more than their person may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from core import clock
from core.audit import record
from core.columns import check_texts
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import for_anybody, needs
from core.normalise import clean
from core.organization import ApiToken, User
from core.permissions import PERMISSIONS
from core.plan import Plan
from core.queries.reading import read
from core.sessions import digest, new_token
from core.statements import statement

TOKEN_PREFIX = "cht_"  # noqa: S105 (what tokens begin with, not one)
DAYS = (30, 90, 365)
USUAL_DAYS = 90
MOST_DAYS = 3650
MOST_TOKENS = 50


class TokenRecord(NamedTuple):
    """A token as its person and administrators see it. `scopes` None: whatever the person may."""

    id: int
    name: str
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


TOKENS = statement(
    "tokens.of_user",
    """
    SELECT id, name, scopes::text[], created_at, expires_at, last_used_at FROM api_token
     WHERE user_id = %(user_id)s::bigint AND ended_at IS NULL
       AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz)
     ORDER BY created_at DESC, id DESC LIMIT 100
    """,
    tables="api_token",
    scope="system",
    fact=TokenRecord,
)


def list_tokens(user_id: int) -> list[TokenRecord]:
    """The tokens of a user that still open the API, latest first."""
    [rows] = read(TOKENS(user_id=user_id, now=clock.now()))
    return rows


def new_api_token() -> str:
    """A token as it is shown, once."""
    return TOKEN_PREFIX + new_token()


@needs("users.manage")
def issue_token(
    plan: Plan, login: str, scopes: Sequence[str] | None = None, *, name: str = "API", days: int | None = None
) -> dict[str, Any]:
    """Issues a token to a user from the command line and answers it; only its hash is kept. Scopes are permissions;
    None means all of the user's, at every time. Raises `scope_required` for an empty list, `scope_unknown`."""
    # Shared until the end, so that he does not leave meanwhile.
    found = select(User).where(User.login == login.lower(), User.is_active).with_for_update(read=True, key_share=True)
    user = plan.session.execute(found).scalar_one_or_none()
    if user is None:
        raise NotFound("user", login)
    errors = FieldErrors()
    _check_scopes(errors, scopes, frozenset(PERMISSIONS))
    if days is not None and not 1 <= days <= MOST_DAYS:
        errors.add("days", "out_of_range", smallest=1, largest=MOST_DAYS)
    errors.raise_if_any()
    token = new_api_token()
    row = _add(plan, user, name, scopes, days, digest(token))
    return {"id": row.id, "token": token, "login": user.login, "scopes": row.scopes}


@needs("api.use")
def issue_own_token(
    plan: Plan, name: str | None, scopes: Sequence[str], *, days: int | None, token_hash: str
) -> dict[str, Any]:
    """Issues a token to the actor. Who asks keeps the token itself, so that no stored answer holds it.

    Raises InvalidInput for a scope beyond what the actor may (`scope_beyond_role`), none at all (`scope_required`).
    """
    user = plan.session.get(User, plan.actor.user_id, with_for_update=True) if plan.actor.user_id else None
    if user is None or not user.is_active:
        raise NotFound("user", plan.actor.user_id)
    errors = FieldErrors()
    name = clean(name)
    if not name:
        errors.add("name", "required")
    check_texts(errors, ApiToken, {"name": name})
    _check_scopes(errors, scopes, plan.actor.permissions)
    if days is not None and days not in DAYS:
        errors.add("days", "unknown_choice", choices=list(DAYS))
    errors.raise_if_any()
    live = select(ApiToken.id).where(ApiToken.user_id == user.id, ApiToken.ended_at.is_(None))
    if len(plan.session.execute(live).all()) >= MOST_TOKENS:
        raise DomainError("too_many_tokens", limit=MOST_TOKENS)
    row = _add(plan, user, name or "", scopes, days, token_hash)
    return {"id": row.id, "name": row.name}


def _check_scopes(errors: FieldErrors, scopes: Sequence[str] | None, allowed: frozenset[str]) -> None:
    if scopes is None:
        return
    unknown = sorted(set(scopes) - set(PERMISSIONS))
    beyond = sorted(set(scopes) - allowed)
    if not scopes:
        errors.add("scopes", "scope_required")
    elif unknown:
        errors.add("scopes", "scope_unknown", scopes=unknown)
    elif beyond:
        errors.add("scopes", "scope_beyond_role", scopes=beyond)


def _add(
    plan: Plan, user: User, name: str, scopes: Sequence[str] | None, days: int | None, token_hash: str
) -> ApiToken:
    row = ApiToken(
        user_id=user.id,
        name=name,
        token_hash=token_hash,
        scopes=None if scopes is None else sorted(set(scopes)),
        created_at=plan.now,
        expires_at=plan.now + timedelta(days=days) if days else None,
    )
    plan.session.add(row)
    plan.session.flush()
    return row


@needs("users.manage")
def end_token(plan: Plan, user_id: int, token_id: int) -> dict[str, Any]:
    """Ends a token of a user at once. Raises NotFound where he has no such one."""
    found = select(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.ended_at.is_(None))
    row = plan.session.execute(found.with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound("token", token_id)
    row.ended_at = plan.now
    record(plan, "user.token_ended", "app_user", user_id, changes={"token": row.name})
    return {"id": row.id, "name": row.name}


@for_anybody
def end_own_token(plan: Plan, token_id: int) -> dict[str, Any]:
    """Ends a token of the actor's at once. Raises NotFound where he has no such one."""
    return end_token(plan, plan.actor.user_id or 0, token_id)
