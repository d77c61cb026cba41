"""Links that set a password: asked for by somebody who forgot his, sent with an invitation, printed on the machine.

The token is made while the mail that carries it is being sent, and exists in that mail only. Asking costs the same
whether or not there is such an account: the request leaves an event, and a worker looks who it was about.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import exists, select

from core.audit import record
from core.errors import DomainError, FieldErrors, NotFound
from core.mail import Claimed, current, secret_maker, write_mail
from core.mail_models import PasswordLink, PasswordRequest
from core.needs import for_the_system, needs
from core.normalise import clean
from core.oidc_models import OidcIdentity
from core.organization import Company, User
from core.outbox import consumer, emit
from core.passwords import check_password, hasher
from core.plan import Plan
from core.rate_limits import subject_of_address
from core.sessions import digest, end_sessions
from core.statements import statement
from core.users import create_user

RESET_FOR = timedelta(minutes=30)
INVITED_FOR = timedelta(days=7)
MAILS_AN_HOUR = 3
REQUESTS_AN_HOUR = 10
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REQUESTED = "password_reset_requested"

ACCOUNT = statement(
    "password_links.account",
    """
    SELECT id FROM app_user WHERE login = %(name)s OR lower(email) = %(name)s ORDER BY (login = %(name)s) DESC LIMIT 1
    """,
    tables="app_user",
    scope="system",
)
REQUESTS = statement(
    "password_links.requests",
    """
    SELECT requested_at FROM password_request
     WHERE address = %(address)s AND requested_at > %(since)s::timestamptz ORDER BY requested_at
    """,
    tables="password_request",
    scope="system",
)
FORGET = statement(
    "password_links.forget_requests",
    "DELETE FROM password_request WHERE requested_at < %(before)s::timestamptz",
    tables="password_request",
    scope="system",
)
MAILS = statement(
    "password_links.mails",
    """
    SELECT count(*) FROM mail_message
     WHERE user_id = %(user_id)s::bigint AND kind = 'password_reset' AND created_at > %(since)s::timestamptz
    """,
    tables="mail_message",
    scope="system",
)
# At once, not with the batch: the new link comes after, and only one may be open.
END_LINKS = statement(
    "password_links.end",
    """
    UPDATE password_link SET ended_at = %(now)s::timestamptz
     WHERE user_id = %(user_id)s::bigint AND ended_at IS NULL
    """,
    tables="password_link",
    scope="system",
)


class Link(NamedTuple):
    id: int
    user_id: int
    purpose: str
    email: str | None
    password_mark: str
    expires_at: datetime
    ended_at: datetime | None


LINK = statement(
    "password_links.link",
    """
    SELECT id, user_id, purpose, email, password_mark, expires_at, ended_at FROM password_link
     WHERE token_hash = %(token_hash)s
    """,
    tables="password_link",
    scope="system",
    fact=Link,
)


# asking ---------------------------------------------------------------------------------------------------------------
@for_the_system
def request_password_reset(plan: Plan, name: str, *, address: str | None) -> dict[str, Any]:
    """Asks for a link by sign-in name or e-mail. Answers the same, by the same statements, for every name; an address
    that asks too often is told to wait (`{"failed": …}`), whatever it asks for."""
    wanted = (clean(name) or "").lower()[:200]
    where = subject_of_address(address)
    [_, asked, found] = plan.fetch(
        FORGET(before=plan.now - DAY), REQUESTS(address=where, since=plan.now - HOUR), ACCOUNT(name=wanted)
    )
    if len(asked) >= REQUESTS_AN_HOUR:
        return {"failed": "reset_delayed", "seconds": _seconds_until(plan.now, asked[-REQUESTS_AN_HOUR][0] + HOUR)}
    plan.insert(PasswordRequest, address=where, requested_at=plan.now)
    emit(plan, REQUESTED, user_id=found[0][0] if found else 0, address=where)
    return {}


def _seconds_until(now: datetime, moment: datetime) -> int:
    return max(1, int((moment - now).total_seconds()) + 1)


@consumer(REQUESTED, "mail_reset_link")
def mail_reset_link(plan: Plan, payload: Mapping[str, Any]) -> None:
    """Writes the mail where the account is one that may have it, at most three an hour."""
    user = plan.session.get(User, payload["user_id"], with_for_update=True, populate_existing=True)
    if user is None or not user.is_active or not user.email or not current().can_send_links:
        return
    if user.password_hash is None and _has_identity(plan, user):
        return  # signs in with a provider, which decides whether he still may
    [[[mails]]] = plan.fetch(MAILS(user_id=user.id, since=plan.now - HOUR))
    changes = {"from": payload["address"]}
    if mails >= MAILS_AN_HOUR:
        record(plan, "user.reset_refused", "app_user", user.id, label=user.login, changes=changes)
        return
    write_mail(plan, kind="password_reset", to=user.email, language=user.language, user_id=user.id)
    record(plan, "user.reset_requested", "app_user", user.id, label=user.login, changes=changes)


def _has_identity(plan: Plan, user: User) -> bool:
    return bool(plan.session.scalar(select(exists().where(OidcIdentity.user_id == user.id))))


@needs("users.manage")
def create_invited_user(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a user without a password and mails him a link to set one. Raises what `create_user` raises, and
    `mail_not_set`, InvalidInput beside `email` where there is none."""
    answer = create_user(plan, values, invited=True)
    write_invitation(plan, plan.session.get_one(User, answer["id"]))
    return answer


@needs("users.manage")
def invite_user(plan: Plan, user_id: int) -> dict[str, Any]:
    """Mails somebody who has no password yet a link to set one. Raises NotFound, `mail_not_set`, `not_invitable`, and
    InvalidInput beside `email` where there is none."""
    user = plan.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", user_id)
    write_invitation(plan, user)
    return {"id": user.id, "email": user.email}


def write_invitation(plan: Plan, user: User) -> None:
    """The same for a user at hand."""
    if not current().can_send_links:
        raise DomainError("mail_not_set")
    if not user.is_active or user.password_hash is not None:
        raise DomainError("not_invitable", name=user.name)
    errors = FieldErrors()
    if not user.email:
        errors.add("email", "required")
    errors.raise_if_any()
    write_mail(plan, kind="invitation", to=user.email or "", language=user.language, user_id=user.id)
    record(plan, "user.invited", "app_user", user.id, label=user.login)


# making ---------------------------------------------------------------------------------------------------------------
@secret_maker("password_reset")
def _reset_secret(plan: Plan, message: Claimed) -> str | None:
    return _secret_of(plan, message, "reset", RESET_FOR)


@secret_maker("invitation")
def _invitation_secret(plan: Plan, message: Claimed) -> str | None:
    return _secret_of(plan, message, "invitation", INVITED_FOR)


def _secret_of(plan: Plan, message: Claimed, purpose: str, lasts: timedelta) -> str | None:
    """The token of a mail that is about to go; none for one that was asked for too long ago or for somebody who may not
    have it any more."""
    user = plan.session.get(User, message.user_id, with_for_update=True, populate_existing=True)
    if user is None or not user.is_active or plan.now > message.created_at + lasts:
        return None
    if (user.email or "").lower() != message.recipient.lower() or (purpose == "invitation" and user.password_hash):
        return None
    return _make_link(plan, user, purpose, lasts)


@for_the_system
def make_reset_link(plan: Plan, login: str) -> dict[str, Any]:
    """A link for somebody who stands at the machine itself: its token, shown once. Raises NotFound."""
    user = plan.session.execute(
        select(User).where(User.login == login.lower(), User.is_active).with_for_update()
    ).scalar_one_or_none()
    if user is None:
        raise NotFound("user", login)
    record(plan, "user.reset_link_made", "app_user", user.id, label=user.login)
    return {"token": _make_link(plan, user, "reset", RESET_FOR), "login": user.login}


def _make_link(plan: Plan, user: User, purpose: str, lasts: timedelta) -> str:
    """Only the newest link of a person is valid. The user's row is locked: links are made and used under its lock."""
    token = secrets.token_urlsafe(32)
    plan.fetch(END_LINKS(user_id=user.id, now=plan.now))
    plan.insert(
        PasswordLink, user_id=user.id, purpose=purpose, token_hash=digest(token), email=user.email,
        password_mark=_mark(user), created_at=plan.now, expires_at=plan.now + lasts,
    )  # fmt: skip
    return token


def _mark(user: User) -> str:
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()


# using ----------------------------------------------------------------------------------------------------------------
@for_the_system
def set_password_by_link(plan: Plan, token: str, password: str) -> dict[str, Any]:
    """Sets a new password, ends the link, all sessions, what is half signed in and all API tokens, and tells the owner
    by mail.

    Opens no session: whoever holds the link still signs in, with his second factor where he has one. Raises
    `reset_link_dead`, InvalidInput beside `password`.
    """
    user, link = _locked_link(plan, digest(token))
    errors = FieldErrors()
    check_password(errors, password, user.login, user.name, plan.session.scalar(select(Company.name)))
    errors.raise_if_any()
    user.password_hash = hasher.hash(password)
    user.failed_sign_ins, user.blocked_until = 0, None
    plan.set(PasswordLink, link.id, ended_at=plan.now)
    ended = end_sessions(plan, user.id)["ended"]
    record(plan, "user.password_set_by_link", "app_user", user.id, label=user.login, changes={"sessions": ended})
    if user.email and link.purpose == "reset":
        write_mail(plan, kind="password_changed", to=user.email, language=user.language, user_id=user.id)
    return {"login": user.login, "ended": ended}


def _locked_link(plan: Plan, token_hash: str) -> tuple[User, Link]:
    """The link with its user, under the user's lock. Raises `reset_link_dead`."""
    [rows] = plan.fetch(LINK(token_hash=token_hash))
    user = plan.session.get(User, rows[0].user_id, with_for_update=True, populate_existing=True) if rows else None
    if user is not None:
        [rows] = plan.fetch(LINK(token_hash=token_hash))
        if rows and _is_live(rows[0], user, plan.now):
            return user, rows[0]
    raise DomainError("reset_link_dead", http_status=422)


def _is_live(link: Link, user: User, now: datetime) -> bool:
    unchanged = link.password_mark == _mark(user) and link.email == user.email
    return link.ended_at is None and now < link.expires_at and user.is_active and unchanged
