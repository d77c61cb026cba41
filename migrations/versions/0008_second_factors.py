"""Second factors, steps of signing in, sessions that change their token, limits and policy of the company

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totp_factor",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("confirmed_at IS NULL OR last_step IS NOT NULL", name="first_code"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_totp_factor_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_totp_factor")),
        sa.UniqueConstraint("user_id", name=op.f("uq_totp_factor_user_id")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_code_user_id_code_hash")),
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(credential_id) BETWEEN 1 AND 1023", name="credential_id"),
        sa.CheckConstraint("sign_count >= 0", name="sign_count"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_passkey_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(12), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('register', 'sign_in', 'second', 'prove')", name="purpose"),
        sa.CheckConstraint("(purpose = 'sign_in') = (user_id IS NULL)", name="whose"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_passkey_challenge_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_passkey_challenge_token_hash")),
    )
    op.create_index(op.f("ix_passkey_challenge_expires_at"), "passkey_challenge", ["expires_at"])
    op.create_table(
        "half_sign_in",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_half_sign_in_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_half_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_half_sign_in_token_hash")),
    )
    op.create_index("ix_half_sign_in_open", "half_sign_in", ["user_id"], postgresql_where=sa.text("ended_at IS NULL"))
    _change_sessions()
    _change_company()
    op.add_column("api_token", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))


def _change_sessions() -> None:
    # Who is signed in stays so, and proves himself again before he changes anything about signing in.
    op.add_column("user_session", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user_session", sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user_session", sa.Column("previous_hash", sa.String(64), nullable=True))
    op.create_index(
        "ix_user_session_previous",
        "user_session",
        ["previous_hash"],
        postgresql_where=sa.text("previous_hash IS NOT NULL"),
    )
    op.drop_column("user_session", "expires_at")


def _change_company() -> None:
    for name, hours_or_days in (("session_idle_hours", "12"), ("session_days", "30")):
        op.add_column("company", sa.Column(name, sa.SmallInteger(), nullable=False, server_default=hours_or_days))
        op.alter_column("company", name, server_default=None)
    op.add_column("company", sa.Column("second_factor_for", sa.String(24), nullable=False, server_default="nobody"))
    op.alter_column("company", "second_factor_for", server_default=None)
    op.create_check_constraint(
        op.f("ck_company_second_factor_for"), "company", "second_factor_for IN ('nobody', 'administrators', 'everyone')"
    )
    op.create_check_constraint(op.f("ck_company_session_idle"), "company", "session_idle_hours BETWEEN 1 AND 720")
    op.create_check_constraint(op.f("ck_company_session_days"), "company", "session_days BETWEEN 1 AND 365")


def downgrade() -> None:
    op.drop_column("api_token", "last_used_at")
    for name in ("session_idle", "session_days", "second_factor_for"):
        op.drop_constraint(op.f(f"ck_company_{name}"), "company", type_="check")
    for column in ("session_idle_hours", "session_days", "second_factor_for"):
        op.drop_column("company", column)
    op.add_column("user_session", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE user_session SET expires_at = created_at + interval '30 days'")
    op.alter_column("user_session", "expires_at", nullable=False)
    op.drop_index("ix_user_session_previous", "user_session")
    for column in ("previous_hash", "rotated_at", "proved_at"):
        op.drop_column("user_session", column)
    for table in ("half_sign_in", "passkey_challenge", "passkey", "recovery_code", "totp_factor"):
        op.drop_table(table)
