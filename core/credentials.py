"""Second factors and steps of signing in, as they are kept: nothing here lets anybody in who reads the tables.

A secret that must be read again is sealed (`core.sealing`); what is only compared is kept as SHA-256 of at least 80
random bits.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, Moment


class TotpFactor(Base):
    """The authenticator application of a person: one, confirmed by a first code. `last_step` is the last thirty seconds
    whose code was taken, so that none is taken twice."""

    __tablename__ = "totp_factor"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), unique=True)
    secret: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]

    __table_args__ = (CheckConstraint("confirmed_at IS NULL OR last_step IS NOT NULL", name="first_code"),)


class RecoveryCode(Base):
    """A code that stands in for a lost factor, once."""

    __tablename__ = "recovery_code"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]
    used_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)


class Passkey(Base):
    """A key pair on somebody's device; here is the public half. `sign_count` only grows, unless a device never
    counts."""

    __tablename__ = "passkey"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("credential_id"),
        CheckConstraint("octet_length(credential_id) BETWEEN 1 AND 1023", name="credential_id"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
    )


class PasskeyChallenge(Base):
    """What a device is asked to sign: once, within minutes, for one purpose, by the browser that was asked."""

    __tablename__ = "passkey_challenge"
    __audited__ = False

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(12))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[Moment] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint("purpose IN ('register', 'sign_in', 'second', 'prove')", name="purpose"),
        CheckConstraint("(purpose = 'sign_in') = (user_id IS NULL)", name="whose"),
    )


class HalfSignIn(Base):
    """The right password was given, the second factor is awaited: no session, and no page opens with it."""

    __tablename__ = "half_sign_in"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    failures: Mapped[int] = mapped_column(SmallInteger, default=0)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_half_sign_in_open", "user_id", postgresql_where=sql("ended_at IS NULL")),)


means("uq_passkey_credential_id", "passkey_known")
