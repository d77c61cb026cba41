"""Audit rows are sealed in a chain; where a change came from; looking as somebody else; how long rows are kept

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_row", sa.Column("channel", sa.String(160), nullable=True))
    op.add_column("audit_row", sa.Column("request_id", sa.String(40), nullable=True))
    op.create_index("ix_audit_row_recorded", "audit_row", ["recorded_at", "id"])
    op.create_table(
        "audit_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_row_id", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("position > 0 AND run > 0", name="counted"),
        sa.ForeignKeyConstraint(["audit_row_id"], ["audit_row.id"], name=op.f("fk_audit_seal_audit_row_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("audit_row_id", name=op.f("uq_audit_seal_audit_row_id")),
    )
    op.execute(
        "CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON audit_seal "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    # Everybody may read seals; only a role that row security does not hold, the one for jobs, writes them.
    op.execute("ALTER TABLE audit_seal ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY readable ON audit_seal FOR SELECT USING (true)")

    op.add_column("user_session", sa.Column("viewing_as_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_user_session_viewing_as_id"), "user_session", "app_user", ["viewing_as_id"], ["id"])
    op.add_column("company", sa.Column("audit_years", sa.SmallInteger(), nullable=False, server_default="10"))
    op.alter_column("company", "audit_years", server_default=None)
    op.create_check_constraint(op.f("ck_company_audit_years"), "company", "audit_years BETWEEN 5 AND 100")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_company_audit_years"), "company", type_="check")
    op.drop_column("company", "audit_years")
    op.drop_constraint(op.f("fk_user_session_viewing_as_id"), "user_session", type_="foreignkey")
    op.drop_column("user_session", "viewing_as_id")
    op.drop_table("audit_seal")
    op.drop_index("ix_audit_row_recorded", "audit_row")
    op.drop_column("audit_row", "request_id")
    op.drop_column("audit_row", "channel")
