"""Saved views of lists, and work on many records at once

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SHARERS = ("sales_manager", "manager", "finance", "admin")


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("list_name", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_saved_view_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("uq_saved_view_name", "saved_view", ["user_id", "list_name", "name"], unique=True)
    op.create_index("ix_saved_view_list", "saved_view", ["list_name"])
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("list_name", sa.String(40), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'stopped', 'undoing', 'undone')", name="bulk_state"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_bulk_job_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_job")),
    )
    op.create_index("ix_bulk_job_user", "bulk_job", ["user_id", "created_at"])
    op.create_table(
        "bulk_row",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'changed', 'refused', 'undone', 'kept')", name="bulk_row_state"),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_job.id"], name=op.f("fk_bulk_row_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "record_id", name=op.f("pk_bulk_row")),
    )
    op.create_index(
        "ix_bulk_row_waiting", "bulk_row", ["job_id", "record_id"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.execute(
        sa.text(
            "UPDATE role SET permissions = permissions || ARRAY['views.share']::varchar[] "
            "WHERE code = ANY (:codes) AND NOT 'views.share' = ANY (permissions)"
        ).bindparams(sa.bindparam("codes", list(SHARERS), sa.ARRAY(sa.String())))
    )


def downgrade() -> None:
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'views.share')")
    op.drop_table("bulk_row")
    op.drop_table("bulk_job")
    op.drop_table("saved_view")
