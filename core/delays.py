"""The growing delay after failed sign-ins: per account and per address, in short steps that end, never a lock-out.

After some failures in a row each further one doubles the delay, up to fifteen minutes. What was guessed counts, whether
it was a password, a code of an authenticator or a recovery code; a failure within the delay is refused uncounted, and
failures are forgotten after a day without any. A name nobody has is counted like one that somebody has, so that the
delay does not tell which names there are.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from core.audit import record
from core.organization import User
from core.plan import Plan
from core.rate_limits import subject_of_address
from core.statements import statement

FREE_ATTEMPTS = 4
ADDRESS_FREE_ATTEMPTS = 3 * FREE_ATTEMPTS  # many people sit behind one address
LONGEST_DELAY_SECONDS = 900
FORGOTTEN_AFTER = timedelta(days=1)

BLOCKED = statement(
    "sign_in.blocked",
    "SELECT max(blocked_until) FROM sign_in_delay WHERE address = ANY (%(keys)s::text[])",
    tables="sign_in_delay",
    scope="system",
)
# Attempts at one account wait for each other by its row; those at a name nobody has must too, or asking many times at
# once would tell which is which.
HOLD = statement(
    "sign_in.hold_name",
    "SELECT pg_advisory_xact_lock(8, hashtext(%(key)s))",
    tables="",
    scope="system",
)
# One statement, so that failures at the same moment are all counted.
COUNT = statement(
    "sign_in.count_failure",
    f"""
    INSERT INTO sign_in_delay AS delay (address, failures, last_failed_at)
    VALUES (%(key)s, 1, %(now)s::timestamptz)
    ON CONFLICT (address) DO UPDATE
       SET failures = CASE WHEN delay.last_failed_at < %(forgotten)s::timestamptz THEN 1
                           ELSE least(delay.failures + 1, 1000) END,
           blocked_until = CASE WHEN delay.last_failed_at >= %(forgotten)s::timestamptz
                                 AND delay.failures + 1 > %(free)s::int
                                THEN %(now)s::timestamptz + make_interval(secs => least(
                                     power(2, least(delay.failures + 1 - %(free)s::int, 10)), {LONGEST_DELAY_SECONDS}))
                           END,
           last_failed_at = %(now)s::timestamptz
    RETURNING failures
    """,  # noqa: S608 (a constant)
    tables="sign_in_delay",
    scope="system",
)
# Only what this account failed: or whoever has one account could try others without end, signing in between.
FORGET = statement(
    "sign_in.forget_failures",
    "UPDATE sign_in_delay SET failures = greatest(failures - %(failures)s::int, 0) WHERE address = %(address)s",
    tables="sign_in_delay",
    scope="system",
)
SWEEP = statement(
    "sign_in.sweep_failures",
    "DELETE FROM sign_in_delay WHERE last_failed_at < %(forgotten)s::timestamptz",
    tables="sign_in_delay",
    scope="system",
)


class Attempts:
    """The failures that stand against one account and one address. The account's row is locked by the caller."""

    def __init__(self, plan: Plan, user: User | None, address: str | None, *, name: str = "") -> None:
        self.plan = plan
        self.user = user
        self.address = subject_of_address(address)
        self.keys = [self.address] if user is not None else [self.address, _name_key(name)]

    def delay(self) -> dict[str, Any] | None:
        """The refusal while a delay runs, with the seconds left."""
        held = [HOLD(key=name) for name in self.keys[1:]]
        *_, [[until]] = self.plan.fetch(*held, BLOCKED(keys=self.keys))
        blocked = max((each for each in (until, self._user_blocked_until()) if each), default=None)
        if blocked is None or blocked <= self.plan.now:
            return None
        return {"failed": "sign_in_delayed", "seconds": int((blocked - self.plan.now).total_seconds()) + 1}

    def _user_blocked_until(self) -> datetime | None:
        """Until when the account waits. Below the first delay it only tells when it last failed, which may be a moment
        after the time of an attempt that had to wait for that one."""
        return self.user.blocked_until if self.user and _delay(self.user.failed_sign_ins) else None

    def failed(self, code: str) -> dict[str, Any]:
        """Counts one more failure and answers its refusal, which must be committed."""
        now, forgotten = self.plan.now, self.plan.now - FORGOTTEN_AFTER
        self.plan.fetch(SWEEP(forgotten=forgotten))
        free = (ADDRESS_FREE_ATTEMPTS, FREE_ATTEMPTS)
        for key, most in zip(self.keys, free, strict=False):
            self.plan.fetch(COUNT(key=key, now=now, forgotten=forgotten, free=most))
        if self.user is not None:
            self._count_user(self.user, forgotten)
            record(self.plan, "user.sign_in_failed", "app_user", self.user.id, label=self.user.login)
        return {"failed": code}

    def _count_user(self, user: User, forgotten: datetime) -> None:
        # A delay that ended as it began is none; it still tells when the last failure was.
        if user.blocked_until is not None and user.blocked_until - _delay(user.failed_sign_ins) < forgotten:
            user.failed_sign_ins = 0
        user.failed_sign_ins = min(user.failed_sign_ins + 1, 1000)
        user.blocked_until = self.plan.now + _delay(user.failed_sign_ins)

    def forget(self) -> None:
        """Somebody has shown who he is: his failures stand against neither his account nor his address any more."""
        if self.user is None or not (self.user.failed_sign_ins or self.user.blocked_until):
            return
        self.plan.fetch(FORGET(address=self.address, failures=self.user.failed_sign_ins))
        self.user.failed_sign_ins, self.user.blocked_until = 0, None


def _delay(failures: int) -> timedelta:
    """What so many failures in a row of one account cost; the same as COUNT reckons for a name nobody has."""
    over = failures - FREE_ATTEMPTS
    return timedelta(seconds=min(2 ** min(over, 10), LONGEST_DELAY_SECONDS) if over > 0 else 0)


def _name_key(name: str) -> str:
    return "name " + hashlib.sha256(name.encode()).hexdigest()[:40]
