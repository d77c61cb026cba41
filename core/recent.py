"""What a person opened last: a few records of each, kept with the page that shows one."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Moment


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
