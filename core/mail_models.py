"""Mails on their way out, and the links some of them carry."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, Moment, enum_type


class MailState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class MailMessage(Base):
    """One mail to one address, written by the command that wants it sent.

    Without `text` it is composed when it is sent, from its kind and `data`: what carries a secret is kept nowhere.
    `attempt` numbers its ways to the server, the present or next one; `tries` those since somebody last asked.
    """

    __tablename__ = "mail_message"
    __audited__ = False

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    language: Mapped[str] = mapped_column(String(5))
    subject: Mapped[str | None] = mapped_column(String(300))
    text: Mapped[str | None] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[MailState] = mapped_column(enum_type(MailState, "mail_state"), default=MailState.WAITING)
    attempt: Mapped[int] = mapped_column(SmallInteger, default=1)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    answer: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[Moment]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_mail_message_user_id", "user_id", "kind", "created_at"),
        Index("ix_mail_message_waiting", "id", postgresql_where="state = 'waiting'"),
        CheckConstraint("recipient NOT LIKE '%' || chr(10) || '%' AND recipient LIKE '_%@_%'", name="recipient"),
    )


class PasswordLink(Base):
    """A link by which somebody sets a new password: once, before it expires, and while nothing it rests on has changed.

    Only the token's SHA-256 is kept. `email` is the address it went to, `password_mark` a digest of the password hash
    it replaces: with another of either the link is dead.
    """

    __tablename__ = "password_link"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    purpose: Mapped[str] = mapped_column(String(24))
    token_hash: Mapped[str] = mapped_column(String(64))
    email: Mapped[str | None] = mapped_column(String(200))
    password_mark: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_password_link_token_hash", "token_hash", unique=True),
        Index("uq_password_link_live", "user_id", unique=True, postgresql_where="ended_at IS NULL"),
        CheckConstraint("purpose IN ('reset', 'invitation')", name="purpose"),
    )


class PasswordRequest(Base):
    """Somebody at an address asked for a link: counted per address, and forgotten after a day."""

    __tablename__ = "password_request"
    __audited__ = False

    id: Mapped[Id]
    address: Mapped[str] = mapped_column(String(60))
    requested_at: Mapped[Moment]

    __table_args__ = (
        Index("ix_password_request_address", "address", "requested_at"),
        Index("ix_password_request_requested_at", "requested_at"),
    )


means("uq_password_link_live", "done_meanwhile")
