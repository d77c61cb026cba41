"""Who acts, when, and from where: what a command may know about its caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from core import clock
from core import database as db
from core.scope import EVERYTHING, NOTHING, Viewer


@dataclass(frozen=True)
class Actor:
    """A person (or the system) with what he may do, and whose rows he sees."""

    user_id: int | None
    login: str
    name: str
    permissions: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    language: str = "zh"
    preferences: Any = None
    viewer: Viewer = NOTHING
    channel: str = ""
    custom_fields_version: int | None = None
    """Of which version the definitions of custom fields are; None where no look-up has said so."""
    person: Actor | None = None
    """Who it really is, while somebody looks at the product as this actor sees it."""

    @property
    def read_only(self) -> bool:
        """Whether this is somebody else looking, who may change nothing."""
        return self.person is not None

    @property
    def real(self) -> Actor:
        """Who it really is."""
        return self.person or self

    def may(self, permission: str) -> bool:
        return permission in self.permissions


SYSTEM = Actor(None, "system", "system", viewer=EVERYTHING)


@dataclass(frozen=True)
class Context:
    """One call of a command.

    `idempotency_key` with `route` and `body_digest` make a repeat answer like the first call. `expected_digest` is the
    digest of the preview the actor has seen; a plan that would do something else is refused with `plan_changed`.
    `channel` is the way the call came, for the audit trail: `browser`, `api: NAME OF THE TOKEN`, `worker`, `command
    line`. `now` also is the recording time, so that a replay of history records it when it happened.
    """

    actor: Actor = SYSTEM
    now: datetime = field(default_factory=clock.now)
    idempotency_key: str | None = None
    route: str = ""
    body_digest: str = ""
    expected_digest: str | None = None
    address: str | None = None
    request_id: str | None = None
    reason: str | None = None
    channel: str = ""

    @cached_property
    def today(self) -> date:
        return clock.day_in(self.now, db.current().time_zone())
