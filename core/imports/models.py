"""An import, its files as they were read, its rows with what became of each, and columns as they were mapped before."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Moment, enum_type


class BatchState(StrEnum):
    """How far an import is. Checking, running and undoing are the worker's."""

    MAPPING = "mapping"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


WORKING = frozenset((BatchState.CHECKING, BatchState.RUNNING, BatchState.UNDOING))


class RowState(StrEnum):
    """What became of a row: `asks` waits for a person, `kept` could not be undone."""

    NEW = "new"
    READY = "ready"
    BAD = "bad"
    ASKS = "asks"
    DONE = "done"
    SKIPPED = "skipped"
    UNDONE = "undone"
    KEPT = "kept"


class Action(StrEnum):
    """What is done with a row, and what can be wanted of rows whose record is there already (there `create` means: none
    but new ones, so that such a row is refused)."""

    CREATE = "create"
    UPDATE = "update"
    SKIP = "skip"
    ASK = "ask"


class ImportBatch(Base):
    """One import of one kind, by one person, who is its owner. Written by plans only.

    `mapping` says from which column each field comes, `options` what is done with rows whose record exists. `joined`
    says how two files make one row. The worker goes on from `position`, one transaction a step; an event of another
    `step` than this one is an old one and does nothing. `event_id` is the event that carries the work on.
    """

    __tablename__ = "import_batch"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[BatchState] = mapped_column(enum_type(BatchState, "batch_state"), default=BatchState.MAPPING)
    is_paused: Mapped[bool] = mapped_column(default=False)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[Moment]
    finished_at: Mapped[datetime | None]
    digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(64))
    heads: Mapped[list[Any]] = mapped_column(JSONB)
    joined: Mapped[dict[str, Any]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    step: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_event.id"))
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_worked: Mapped[int] = mapped_column(default=0)
    rows_created: Mapped[int] = mapped_column(default=0)
    rows_updated: Mapped[int] = mapped_column(default=0)
    rows_skipped: Mapped[int] = mapped_column(default=0)
    rows_asked: Mapped[int] = mapped_column(default=0)
    rows_bad: Mapped[int] = mapped_column(default=0)
    rows_undone: Mapped[int] = mapped_column(default=0)
    rows_kept: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index("ix_import_batch_started_by", "started_by_id", "id"),
        Index("ix_import_batch_digest", "digest", "kind"),
        CheckConstraint("rows_worked BETWEEN 0 AND rows_total", name="rows_worked"),
    )


class ImportSource(Base):
    """A table of an import: a CSV file, or one sheet of a workbook. `head_row` is the line of its heads, from 1."""

    __tablename__ = "import_source"

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    place: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(200))
    encoding: Mapped[str | None] = mapped_column(String(20))
    width: Mapped[int] = mapped_column(Integer)
    lines: Mapped[int] = mapped_column(Integer)
    head_row: Mapped[int] = mapped_column(Integer)
    is_used: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (Index("uq_import_source_batch", "batch_id", "place", unique=True),)


class ImportChunk(Base):
    """Some lines of a source as they were read: a list of lists of texts, each as wide as the source."""

    __tablename__ = "import_chunk"

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("import_source.id"))
    first_line: Mapped[int] = mapped_column(Integer)
    lines: Mapped[list[Any]] = mapped_column(JSONB)

    __table_args__ = (Index("uq_import_chunk_source", "source_id", "first_line", unique=True),)


class ImportRow(Base):
    """A row of an import. Rows of one record (an order's lines) share `unit`, the position of the first of them.

    `data` is what the kind made of the cells, `keys` what its record is known by. `found_id` is the record there is
    already, `choice` what a person wants done with it. `before` are the values that an update wrote over, and
    `version` is the record's after the import, so that a later change is noticed.
    """

    __tablename__ = "import_row"
    __audited__ = False

    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    unit: Mapped[int]
    line: Mapped[int]
    cells: Mapped[list[Any]] = mapped_column(JSONB)
    state: Mapped[RowState] = mapped_column(enum_type(RowState, "row_state"), default=RowState.NEW)
    action: Mapped[Action | None] = mapped_column(enum_type(Action, "row_action"))
    choice: Mapped[Action | None] = mapped_column(enum_type(Action, "row_choice"))
    keys: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reasons: Mapped[list[Any] | None] = mapped_column(JSONB)
    found_id: Mapped[int | None]
    record_id: Mapped[int | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    version: Mapped[int | None]

    __table_args__ = (
        Index("ix_import_row_record", "record_id", postgresql_where=text("record_id IS NOT NULL")),
        Index(
            "ix_import_row_state", "batch_id", "state", "position", postgresql_where=text("state IN ('bad', 'asks')")
        ),
    )


class ImportMapping(Base):
    """How a person mapped the columns of a kind's file with these heads last time."""

    __tablename__ = "import_mapping"
    __audited__ = False

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    signature: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    used_at: Mapped[Moment]

    __table_args__ = (Index("uq_import_mapping_heads", "kind", "signature", "user_id", unique=True),)
