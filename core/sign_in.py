"""Signing in: the password, then the second factor of whoever has one; and proving again who one is.

Between the two steps there is a row with a short life, not a session: nothing opens with it. Failures are counted
(`core.delays`), and answered as `{"failed": …}` instead of raised, since the count must be committed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from core.audit import record
from core.credentials import HalfSignIn
from core.delays import Attempts
from core.errors import FieldErrors, NotFound
from core.needs import for_anybody, for_the_system
from core.normalise import clean
from core.organization import Company, User
from core.passkeys import RelyingParty, take_assertion
from core.passwords import check_password, hasher, matches
from core.plan import Plan
from core.sealing import Seal
from core.second_factors import factors_of, take_code, tell
from core.sessions import digest, end_sessions, new_token, open_session, renew_session, sign_out

HALF_LASTS = timedelta(minutes=5)
MOST_WRONG_CODES = 5


@for_the_system
def sign_in(
    plan: Plan,
    login: str,
    password: str,
    *,
    address: str | None,
    user_agent: str | None,
    replaces: str | None = None,
) -> dict[str, Any]:
    """Opens a session and answers its token, or `half` for who has a second factor; a failure is counted and answered
    the same way for every cause.

    After four failures in a row each further one doubles a delay, per account and per address, up to fifteen minutes; a
    right password within the delay is refused too. `replaces` is the token the browser held, which ends.
    """
    login = (clean(login) or "").lower()
    user = plan.session.execute(select(User).where(User.login == login).with_for_update()).scalar_one_or_none()
    attempts = Attempts(plan, user, address, name=login)
    if refused := attempts.delay():
        return refused
    if not matches(user, password) or user is None:
        return attempts.failed("sign_in_failed")
    return enter(plan, user, address=address, user_agent=user_agent, replaces=replaces)


def enter(
    plan: Plan, user: User, *, address: str | None, user_agent: str | None, replaces: str | None = None
) -> dict[str, Any]:
    """Lets somebody in who has shown one thing: `{"half": token}` where a second factor is awaited, else a session.

    Failures stand against the account until he is in, so that a known password does not free guesses at the code.
    """
    if factors_of(plan, user.id).any:
        return _half_open(plan, user)
    return _let_in(plan, user, address=address, user_agent=user_agent, replaces=replaces)


def _let_in(
    plan: Plan, user: User, *, address: str | None, user_agent: str | None, replaces: str | None
) -> dict[str, Any]:
    Attempts(plan, user, address).forget()
    if replaces:
        sign_out(plan, replaces)
    return open_session(plan, user, address=address, user_agent=user_agent)


def _half_open(plan: Plan, user: User) -> dict[str, Any]:
    plan.session.execute(delete(HalfSignIn).where(HalfSignIn.expires_at < plan.now))
    token, until = new_token(), plan.now + HALF_LASTS
    half = HalfSignIn(user_id=user.id, token_hash=digest(token), failures=0, created_at=plan.now, expires_at=until)
    plan.session.add(half)
    return {"half": token}


# the second step ------------------------------------------------------------------------------------------------------
@for_the_system
def finish_by_code(
    plan: Plan,
    half: str,
    code: str,
    *,
    seal: Seal,
    address: str | None,
    user_agent: str | None,
    replaces: str | None = None,
) -> dict[str, Any]:
    """The second step with a code of the authenticator or a recovery code. A half that is over: `sign_in_over`."""
    found = _open_half(plan, half)
    if found is None:
        return {"failed": "sign_in_over"}
    row, user = found
    attempts = Attempts(plan, user, address)
    if refused := attempts.delay():
        return refused
    if take_code(plan, user, code, seal) is None:
        return _wrong(plan, row, attempts, "code_wrong")
    row.ended_at = plan.now
    return _let_in(plan, user, address=address, user_agent=user_agent, replaces=replaces)


@for_the_system
def finish_by_passkey(
    plan: Plan,
    half: str,
    challenge: str,
    assertion: Any,
    party: RelyingParty,
    *,
    address: str | None,
    user_agent: str | None,
    replaces: str | None = None,
) -> dict[str, Any]:
    """The second step with a passkey. It cannot be guessed, so no delay holds it up."""
    found = _open_half(plan, half)
    if found is None:
        return {"failed": "sign_in_over"}
    row, user = found
    passkey = take_assertion(plan, "second", challenge, assertion, party, user_id=user.id)
    if passkey is None:
        return _wrong(plan, row, Attempts(plan, user, address), "passkey_refused")
    row.ended_at = plan.now
    return _let_in(plan, user, address=address, user_agent=user_agent, replaces=replaces)


@for_the_system
def half_owner(plan: Plan, half: str) -> int | None:
    """The user whose second factor is awaited; None when that is over."""
    found = _open_half(plan, half)
    return found[1].id if found else None


def _open_half(plan: Plan, half: str) -> tuple[HalfSignIn, User] | None:
    """The half with its user, both locked, the user first."""
    live = (HalfSignIn.token_hash == digest(half)) & HalfSignIn.ended_at.is_(None) & (HalfSignIn.expires_at > plan.now)
    user_id = plan.session.scalar(select(HalfSignIn.user_id).where(live))
    user = plan.session.get(User, user_id, with_for_update=True) if user_id is not None else None
    row = plan.session.scalars(select(HalfSignIn).where(live).with_for_update()).first()
    return (row, user) if row is not None and user is not None and user.is_active else None


def _wrong(plan: Plan, row: HalfSignIn, attempts: Attempts, code: str) -> dict[str, Any]:
    row.failures += 1
    if row.failures >= MOST_WRONG_CODES:
        row.ended_at = plan.now
    return attempts.failed(code)


# with a passkey alone -------------------------------------------------------------------------------------------------
@for_the_system
def sign_in_by_passkey(
    plan: Plan,
    challenge: str,
    assertion: Any,
    party: RelyingParty,
    *,
    address: str | None,
    user_agent: str | None,
    replaces: str | None = None,
) -> dict[str, Any]:
    """Opens a session by a passkey whose device has asked its owner for finger, face or number: two factors in one."""
    passkey = take_assertion(plan, "sign_in", challenge, assertion, party)
    user = plan.session.get(User, passkey.user_id, with_for_update=True) if passkey is not None else None
    if user is None or not user.is_active:
        return {"failed": "passkey_refused"}
    return _let_in(plan, user, address=address, user_agent=user_agent, replaces=replaces)


# proving it again -----------------------------------------------------------------------------------------------------
@for_anybody
def prove_by_secret(
    plan: Plan, *, password: str, code: str, seal: Seal, session_id: int | None, token_hash: str
) -> dict[str, Any]:
    """The actor's password, or a code where he has a second factor; his session gets a new token. With a factor the
    password is not enough: it may have been read over a shoulder. A passkey goes by `prove_by_passkey`."""
    user = _myself(plan)
    attempts = Attempts(plan, user, plan.context.address)
    if refused := attempts.delay():
        return refused
    if factors_of(plan, user.id).any:
        proven = take_code(plan, user, code, seal) is not None
        wrong = "code_wrong"
    else:
        proven, wrong = matches(user, password), "password_wrong"
    if not proven:
        return attempts.failed(wrong)
    attempts.forget()
    renew_session(plan, session_id, token_hash)
    return {"user_id": user.id}


@for_anybody
def prove_by_passkey(
    plan: Plan, challenge: str, assertion: Any, party: RelyingParty, *, session_id: int | None, token_hash: str
) -> dict[str, Any]:
    """The same with a passkey."""
    user = _myself(plan)
    if take_assertion(plan, "prove", challenge, assertion, party, user_id=user.id) is None:
        return Attempts(plan, user, plan.context.address).failed("passkey_refused")
    renew_session(plan, session_id, token_hash)
    return {"user_id": user.id}


@for_anybody
def change_own_password(plan: Plan, password: str, *, session_id: int | None, token_hash: str) -> dict[str, Any]:
    """A new password for the actor, who has just proved who he is. This session gets a new token; all others end, and
    his API tokens with them. Raises InvalidInput beside `password`."""
    user = _myself(plan)
    errors = FieldErrors()
    if not password:
        errors.add("password", "required")
    else:
        check_password(errors, password, user.login, user.name, plan.session.scalar(select(Company.name)))
    errors.raise_if_any()
    user.password_hash = hasher.hash(password)
    plan.session.flush()
    end_sessions(plan, user.id, but=session_id)
    renew_session(plan, session_id, token_hash)
    record(plan, "user.password_changed", "app_user", user.id, label=user.login)
    tell(plan, user.id, "password_changed", address=plan.context.address)
    return {"user_id": user.id}


def _myself(plan: Plan) -> User:
    user = plan.session.get(User, plan.actor.user_id, with_for_update=True, populate_existing=True)
    if user is None or not user.is_active:
        raise NotFound("user", plan.actor.user_id)
    return user
