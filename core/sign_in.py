"""Signing in with a password: Argon2id, and a growing delay per account and per address."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from core.audit import record
from core.needs import for_the_system
from core.normalise import clean
from core.organization import SignInDelay, User
from core.plan import Plan
from core.sessions import open_session

FREE_ATTEMPTS = 4
LONGEST_DELAY_SECONDS = 900
# 19 MiB, two passes, one lane: OWASP's recommendation for Argon2id.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = hasher.hash(secrets.token_hex(16))


@for_the_system
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
    return open_session(plan, user, address=address, user_agent=user_agent)


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
