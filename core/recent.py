"""What a person opened last: a few records of each, kept with the page that shows one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Moment
from core.errors import NotFound
from core.needs import for_anybody
from core.plan import Plan
from core.statements import statement


class RecentRecord(Base):
    """A record that somebody opened, and when last. Written with the page that shows it, bounded per person."""

    __tablename__ = "recent_record"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    kind: Mapped[str] = mapped_column(String(24))
    record_id: Mapped[int]
    opened_at: Mapped[Moment]

    __table_args__ = (
        UniqueConstraint("user_id", "kind", "record_id"),
        Index("ix_recent_record_user", "user_id", "opened_at"),
    )


MOST = 30
"""How many of each person are kept."""
KINDS = frozenset(
    "customers opportunities quotations orders invoices payments entries products suppliers".split()  # noqa: SIM905
)
NOTE_OPENED = statement(
    "recent.note_opened",
    """
    WITH kept AS (
        INSERT INTO recent_record (id, user_id, kind, record_id, opened_at)
        VALUES (%(id)s::bigint, %(user_id)s::bigint, %(kind)s, %(record_id)s::bigint, %(now)s::timestamptz)
        ON CONFLICT (user_id, kind, record_id) DO UPDATE SET opened_at = excluded.opened_at RETURNING id)
    DELETE FROM recent_record WHERE user_id = %(user_id)s::bigint AND id NOT IN (SELECT id FROM kept)
       AND id IN (SELECT id FROM recent_record WHERE user_id = %(user_id)s::bigint
                   ORDER BY opened_at DESC, id DESC OFFSET %(most)s::int)
    """,
    tables="recent_record",
    scope="system",
)


@for_anybody
def note_opened(plan: Plan, kind: str, record_id: int) -> dict[str, Any]:
    """Keeps that the actor opened a record now; of what he opened long before, the oldest is forgotten.

    Whether he may see it is asked where it is shown. Raises NotFound for a kind that there is not.
    """
    if kind not in KINDS or plan.actor.user_id is None:
        raise NotFound("record", record_id)
    plan.fetch(
        NOTE_OPENED(
            id=plan.new_id(),
            user_id=plan.actor.user_id,
            kind=kind,
            record_id=record_id,
            now=plan.now,
            most=MOST - 1,
        )
    )
    return {}
