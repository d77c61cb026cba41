"""What a job on many records keeps: the job, its records, and how both are read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, PrimaryKeyConstraint, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Moment, enum_type
from core.statements import statement


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    UNDOING = "undoing"
    UNDONE = "undone"


class RowState(StrEnum):
    WAITING = "waiting"
    CHANGED = "changed"
    REFUSED = "refused"
    UNDONE = "undone"
    KEPT = "kept"


class BulkJob(Base):
    """One thing to be done with many records of a list, as its requester asked for it. `data` holds the values by
    name; how far it is, its rows say."""

    __tablename__ = "bulk_job"
    __audited__ = False

    id: Mapped[Id]
    list_name: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    state: Mapped[JobState] = mapped_column(enum_type(JobState, "bulk_state"), default=JobState.RUNNING)
    total: Mapped[int]
    created_at: Mapped[Moment]
    finished_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_bulk_job_user", "user_id", "created_at"),)


class BulkRow(Base):
    """A record of a job: what became of it. `before` is what it takes to undo it, `refusal` the code and data."""

    __tablename__ = "bulk_row"
    __audited__ = False

    job_id: Mapped[int]
    record_id: Mapped[int]
    state: Mapped[RowState] = mapped_column(enum_type(RowState, "bulk_row_state"), default=RowState.WAITING)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __table_args__ = (
        PrimaryKeyConstraint("job_id", "record_id"),
        ForeignKeyConstraint(["job_id"], ["bulk_job.id"], ondelete="CASCADE"),
        Index("ix_bulk_row_waiting", "job_id", "record_id", postgresql_where="state = 'waiting'"),
    )


class JobFact(NamedTuple):
    id: int
    list_name: str
    action: str
    data: dict[str, Any]
    user_id: int
    state: str
    total: int
    created_at: datetime


class RowFact(NamedTuple):
    state: str
    before: dict[str, Any] | None


class RefusedFact(NamedTuple):
    """A record that was left as it is, and why: code and data of the refusal."""

    record_id: int
    refusal: dict[str, Any]


class WhoFact(NamedTuple):
    id: int
    login: str
    name: str
    permissions: list[str]
    roles: list[str]
    language: str
    viewer: str


class Progress(NamedTuple):
    """How many records of a job are in each state."""

    waiting: int
    changed: int
    refused: int
    undone: int
    kept: int


JOB = statement(
    "bulk.job",
    "SELECT id, list_name, action, data, user_id, state, total, created_at FROM bulk_job WHERE id = %(job_id)s::bigint",
    tables="bulk_job",
    scope="system",
    fact=JobFact,
)
LOCK_JOB = statement(
    "bulk.lock_job",
    """
    SELECT id, list_name, action, data, user_id, state, total, created_at FROM bulk_job WHERE id = %(job_id)s::bigint
       FOR NO KEY UPDATE
    """,
    tables="bulk_job",
    scope="system",
    fact=JobFact,
)
LOCK_ROW = statement(
    "bulk.lock_row",
    """
    SELECT state, before FROM bulk_row WHERE job_id = %(job_id)s::bigint AND record_id = %(record_id)s::bigint
       FOR UPDATE
    """,
    tables="bulk_row",
    scope="system",
    fact=RowFact,
)
MARK_ROW = statement(
    "bulk.mark_row",
    """
    UPDATE bulk_row SET state = %(state)s, before = coalesce(%(before)s::jsonb, before), refusal = %(refusal)s::jsonb
     WHERE job_id = %(job_id)s::bigint AND record_id = %(record_id)s::bigint
    """,
    tables="bulk_row",
    scope="system",
)
NEXT_ROWS = statement(
    "bulk.next_rows",
    """
    SELECT record_id FROM bulk_row WHERE job_id = %(job_id)s::bigint AND state = %(state)s
     ORDER BY record_id LIMIT %(limit)s::int
    """,
    tables="bulk_row",
    scope="system",
)
ADD_ROWS = statement(
    "bulk.add_rows",
    """
    INSERT INTO bulk_row (job_id, record_id, state)
    SELECT %(job_id)s::bigint, record_id, 'waiting' FROM unnest(%(ids)s::bigint[]) AS record_id
    """,
    tables="bulk_row",
    scope="system",
)
PROGRESS = statement(
    "bulk.progress",
    """
    SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'changed'),
           count(*) FILTER (WHERE state = 'refused'), count(*) FILTER (WHERE state = 'undone'),
           count(*) FILTER (WHERE state = 'kept')
      FROM bulk_row WHERE job_id = %(job_id)s::bigint
    """,
    tables="bulk_row",
    scope="system",
    fact=Progress,
)
JOBS = statement(
    "bulk.jobs",
    """
    SELECT id, list_name, action, data, user_id, state, total, created_at FROM bulk_job
     WHERE user_id = %(user_id)s::bigint ORDER BY created_at DESC LIMIT 50
    """,
    tables="bulk_job",
    scope="system",
    fact=JobFact,
)
REFUSED = statement(
    "bulk.refused",
    """
    SELECT record_id, refusal FROM bulk_row WHERE job_id = %(job_id)s::bigint AND state IN ('refused', 'kept')
     ORDER BY record_id LIMIT %(limit)s::int
    """,
    tables="bulk_row",
    scope="system",
    fact=RefusedFact,
)
WHO = statement(
    "bulk.who",
    """
    SELECT person.id, person.login, person.name,
           coalesce((SELECT array_agg(DISTINCT permission) FROM user_role AS held JOIN role ON role.id = held.role_id
                      CROSS JOIN unnest(role.permissions) AS permission WHERE held.user_id = person.id), '{}')::text[],
           coalesce((SELECT array_agg(role.code ORDER BY role.code) FROM user_role AS held
                       JOIN role ON role.id = held.role_id WHERE held.user_id = person.id), '{}')::text[],
           person.language, viewer_of(person.id)
      FROM app_user AS person WHERE person.id = %(user_id)s::bigint AND person.is_active
    """,
    tables="app_user user_role role",
    scope="system",
    fact=WhoFact,
)
