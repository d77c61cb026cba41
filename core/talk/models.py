"""Comments, followers and files. Each names its record by type and id, and the customer it hangs on, if any: row
security shows it to whoever sees that customer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, Moment

LONGEST_NAME = 200


class Comment(Base):
    """Something said about a record. A removed one keeps its place without its text, which the audit trail has.

    `mentioned` holds the ids of those it called upon who could see the record.
    """

    __tablename__ = "comment"
    __audited__ = False

    id: Mapped[Id]
    record_type: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    text: Mapped[str | None] = mapped_column(Text)
    mentioned: Mapped[list[int]] = mapped_column(JSONB, default=list)
    created_at: Mapped[Moment]
    edited_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("ix_comment_record", "record_type", "record_id", "created_at"),
        Index("ix_comment_customer", "customer_id", "created_at", postgresql_where=sql("customer_id IS NOT NULL")),
        CheckConstraint("(text IS NULL) = (removed_at IS NOT NULL)", name="removed"),
    )


class Follower(Base):
    """Somebody follows a record, or has said that he does not want to (`stopped_at`).

    Owners and those who wrote a document follow it without a row here, as long as they are that.
    """

    __tablename__ = "follower"
    __audited__ = False

    id: Mapped[Id]
    record_type: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    since: Mapped[Moment]
    stopped_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("record_type", "record_id", "user_id"),)


class FileContent(Base):
    """Bytes, once for each digest (SHA-256), however many files hold them. NULL once nobody's file holds them."""

    __tablename__ = "file_content"
    __audited__ = False

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Moment]

    __table_args__ = (CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),)


class RecordFile(Base):
    """One version of a file beside a record. `name_key` is what makes two names the same file."""

    __tablename__ = "record_file"
    __audited__ = False

    id: Mapped[Id]
    record_type: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_key: Mapped[str] = mapped_column(String(LONGEST_NAME))
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(ForeignKey("file_content.digest"), index=True)
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(100))
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    uploaded_at: Mapped[Moment]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        Index("uq_record_file_version", "record_type", "record_id", "name_key", "version", unique=True),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(removed_at IS NULL) = (removed_by_id IS NULL)", name="removed"),
    )


means("uq_record_file_version", "done_meanwhile")
means("uq_follower_record_type_record_id_user_id", "done_meanwhile")
