"""How often something may be asked: counted in PostgreSQL, handed out by each process in small leases.

A bucket (a kind of call and who makes it) has so many calls a minute, counted from its first one. A process takes a
few of them in one statement and hands them out itself, so that a call hardly ever costs a statement; what all
processes hand out never exceeds the limit. What a process took and did not use is lost until the minute is over.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from core import database as db
from core import wire
from core.database import Base
from core.statements import statement

WINDOW_SECONDS = 60
# A lease is this part of the limit, so that what a process may leave unused stays small.
LEASE_PART = 20
CLEAR_EVERY = 1000
MOST_LEASES = 10_000
SHARED_PREFIX = 64  # who has one IPv6 address has all of its network


class RateLimit(Base):
    """One bucket: what of its current minute is taken. Unlogged, since a crash may forget it."""

    __tablename__ = "rate_limit"
    __audited__ = False
    __table_args__ = (
        CheckConstraint("taken >= granted AND granted >= 0", name="counts"),
        {"prefixes": ["UNLOGGED"]},
    )
    bucket: Mapped[str] = mapped_column(String(120), primary_key=True)
    ends_at: Mapped[datetime]
    taken: Mapped[int]
    granted: Mapped[int]


class Granted(NamedTuple):
    """How many calls a lease holds (none: the minute is used up), and for how many seconds."""

    calls: int
    seconds: float


TAKE = statement(
    "rate_limits.take",
    """
    INSERT INTO rate_limit AS kept (bucket, ends_at, taken, granted)
    VALUES (%(bucket)s, now() + make_interval(secs => %(window)s::float8), %(wanted)s::bigint, %(wanted)s::bigint)
    ON CONFLICT (bucket) DO UPDATE SET
        ends_at = CASE WHEN kept.ends_at > now() THEN kept.ends_at ELSE excluded.ends_at END,
        taken = CASE WHEN kept.ends_at > now()
                     THEN greatest(kept.taken, least(kept.taken + excluded.taken, %(limit)s::bigint))
                     ELSE excluded.taken END,
        granted = CASE WHEN kept.ends_at > now()
                       THEN greatest(least(excluded.granted, %(limit)s::bigint - kept.taken), 0)
                       ELSE excluded.granted END
    RETURNING granted, extract(epoch FROM ends_at - now())::float8
    """,
    tables="rate_limit",
    scope="system",
    fact=Granted,
)
CLEAR = statement(
    "rate_limits.clear",
    "DELETE FROM rate_limit WHERE ends_at < now() - interval '1 hour'",
    tables="rate_limit",
    scope="system",
)


@dataclass
class _Lease:
    """What this process still has of a bucket until a moment of the monotonic clock; `spent`: the bucket has no
    more."""

    left: int
    until: float
    spent: bool


class Limiter:
    """Hands out calls by kind and subject. `limits` says how many a minute each kind has."""

    def __init__(self, limits: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = dict(limits)
        self._clock = clock
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()
        self._taken = 0
        os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self._lock = threading.Lock()
        self._leases = {}

    def take(self, kind: str, subject: str) -> int:
        """Uses up one call: 0 when there was one, else the seconds to wait, one or more.

        Raises KeyError for a kind without a limit and the driver's error when the database cannot be asked; the caller
        lets neither through.
        """
        bucket, limit = f"{kind}:{subject}"[:120], self.limits[kind]
        now = self._clock()
        with self._lock:
            lease = self._leases.get(bucket)
            if lease is not None and now < lease.until:
                if lease.left > 0:
                    lease.left -= 1
                    return 0
                if lease.spent:
                    return max(1, math.ceil(lease.until - now))
        granted = self._lease(bucket, limit)
        # The database counted from a moment after `now`, so a lease ends here no later than there.
        until = now + granted.seconds
        with self._lock:
            self._keep(bucket, _Lease(max(granted.calls - 1, 0), until, granted.calls == 0), now)
        return 0 if granted.calls else max(1, math.ceil(granted.seconds))

    def _lease(self, bucket: str, limit: int) -> Granted:
        wanted = min(limit, max(1, limit // LEASE_PART))
        queries = [TAKE(bucket=bucket, window=WINDOW_SECONDS, wanted=wanted, limit=limit)]
        self._taken += 1
        if self._taken % CLEAR_EVERY == 0:
            queries.append(CLEAR())
        with db.current().engine.connect() as connection:
            [granted], *_ = wire.fetch(db.driver(connection), queries, transaction=False)
        return granted

    def _keep(self, bucket: str, lease: _Lease, now: float) -> None:
        """Puts a lease beside one that another thread took meanwhile."""
        other = self._leases.get(bucket)
        if other is not None and now < other.until and other.left > 0:
            lease = _Lease(lease.left + other.left, min(lease.until, other.until), False)
        if len(self._leases) >= MOST_LEASES:
            self._leases = {name: kept for name, kept in self._leases.items() if kept.until > now}
        if len(self._leases) >= MOST_LEASES:
            self._leases.clear()
        self._leases[bucket] = lease


def subject_of_address(address: str | None) -> str:
    """Who stands behind an address of the network: itself, or of IPv6 its /64."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "-"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, SHARED_PREFIX), strict=False).network_address)
    return str(parsed)
