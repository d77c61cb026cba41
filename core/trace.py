"""Rows that say what happened: idempotency keys, audit, outbox, number series. All written with the change they belong
to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Moment, enum_type


class NumberSeries(Base):
    """The counter behind one document series and year; the last row a command locks."""

    __tablename__ = "number_series"

    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    last_value: Mapped[int] = mapped_column(Integer)
    last_recorded_at: Mapped[Moment]

    __table_args__ = (CheckConstraint("last_value >= 0", name="not_negative"), {"postgresql_with": {"fillfactor": 50}})


class IdempotencyKey(Base):
    """One effect per key and actor: claimed first, filled with the response in the same transaction, kept 30 days."""

    __tablename__ = "idempotency_key"

    id: Mapped[Id]
    actor_id: Mapped[int]
    key: Mapped[str] = mapped_column(String(200))
    route: Mapped[str] = mapped_column(String(200))
    body_digest: Mapped[str] = mapped_column(String(64))
    response: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]

    __table_args__ = (UniqueConstraint("actor_id", "key"), Index(None, "created_at"))


class AuditRow(Base):
    """Who changed what, from which value to which, when, from where and why. Append-only.

    `channel` says by which way it came: a browser, a token of the API by name, the worker, the command line.
    """

    __tablename__ = "audit_row"

    id: Mapped[Id]
    recorded_at: Mapped[Moment]
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    record_type: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    record_label: Mapped[str | None] = mapped_column(String(200))
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    route: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(String(160))
    request_id: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (
        Index("ix_audit_row_record", "record_type", "record_id", "id"),
        Index("ix_audit_row_recorded", "recorded_at", "id"),
    )


class AuditSeal(Base):
    """One link of the audit chain (`core.seal`): which row stands at which place, and the digest that covers the row
    and all before it. Written by the sealer only, never changed."""

    __tablename__ = "audit_seal"
    __audited__ = False

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    audit_row_id: Mapped[int] = mapped_column(ForeignKey("audit_row.id"))
    run: Mapped[int]
    encoding: Mapped[int] = mapped_column(SmallInteger)
    key_id: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[Moment]

    __table_args__ = (UniqueConstraint("audit_row_id"), CheckConstraint("position > 0 AND run > 0", name="counted"))


class OutboxState(StrEnum):
    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class OutboxEvent(Base):
    """A fact that workers act on later. Claimed by state with a lease, never by the last id seen."""

    __tablename__ = "outbox_event"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[Moment]
    state: Mapped[OutboxState] = mapped_column(enum_type(OutboxState, "outbox_state"), default=OutboxState.PENDING)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    available_at: Mapped[Moment]
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_outbox_event_open", "available_at", postgresql_where="state IN ('pending', 'leased')"),
        {"postgresql_with": {"fillfactor": 80}},
    )


class OutboxConsumption(Base):
    """Proof that a consumer has applied an event: in the same transaction as its effect, once."""

    __tablename__ = "outbox_consumption"

    event_id: Mapped[int] = mapped_column(ForeignKey("outbox_event.id"), primary_key=True)
    consumer: Mapped[str] = mapped_column(String(60), primary_key=True)
    applied_at: Mapped[Moment]
