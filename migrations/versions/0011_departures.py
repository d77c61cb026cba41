"""Who owned a customer when, and departures: what of somebody who leaves goes to whom

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FIRST_PERIODS = """
    INSERT INTO customer_ownership (id, customer_id, user_id, since)
    SELECT nextval('id_seq'), id, owner_id, created_at FROM customer ORDER BY id
"""
# Whoever was made inactive before left promises, people and shares behind: they go to those who are still here.
LEFT_BEHIND = (
    """UPDATE activity SET owner_id = customer.owner_id, version = activity.version + 1
         FROM customer, app_user WHERE customer.id = activity.customer_id AND app_user.id = activity.owner_id
          AND NOT app_user.is_active AND activity.done_at IS NULL""",
    """UPDATE app_user SET reports_to_id = CASE WHEN above.is_active AND above.id <> app_user.id THEN above.id END,
              version = app_user.version + 1
         FROM app_user AS gone LEFT JOIN app_user AS above ON above.id = gone.reports_to_id
        WHERE gone.id = app_user.reports_to_id AND NOT gone.is_active AND app_user.is_active""",
    """UPDATE customer_share SET ended_at = now() FROM app_user
        WHERE app_user.id = customer_share.user_id AND NOT app_user.is_active AND ended_at IS NULL""",
)


def upgrade() -> None:
    op.create_table(
        "customer_ownership",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("until IS NULL OR until >= since", name="order"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_ownership_customer_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_customer_ownership_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_ownership")),
    )
    op.execute(FIRST_PERIODS)
    op.create_index(
        "uq_customer_ownership_open",
        "customer_ownership",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index("ix_customer_ownership_customer", "customer_ownership", ["customer_id", "since"])
    op.execute("ALTER TABLE customer_ownership ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY visible ON customer_ownership USING ((SELECT viewer_sees_all()) OR "
        "EXISTS (SELECT FROM customer WHERE customer.id = customer_ownership.customer_id)) WITH CHECK (true)"
    )
    _create_departure()
    _create_departure_customer()
    for statement in LEFT_BEHIND:
        op.execute(statement)


def _create_departure() -> None:
    op.create_table(
        "departure",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("delegate_id", sa.BigInteger(), nullable=False),
        sa.Column("started_by_id", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("customers_total", sa.BigInteger(), nullable=False),
        sa.Column("customers_done", sa.BigInteger(), nullable=False),
        sa.Column("documents_moved", sa.BigInteger(), nullable=False),
        sa.Column("activities_moved", sa.BigInteger(), nullable=False),
        sa.Column("shares_moved", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'done')", name="departure_state"),
        sa.CheckConstraint("customers_done BETWEEN 0 AND customers_total", name="customers_done"),
        sa.CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="finished"),
        sa.CheckConstraint("delegate_id <> user_id", name="delegate"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_departure_user_id")),
        sa.ForeignKeyConstraint(["delegate_id"], ["app_user.id"], name=op.f("fk_departure_delegate_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["app_user.id"], name=op.f("fk_departure_started_by_id")),
        sa.ForeignKeyConstraint(["event_id"], ["outbox_event.id"], name=op.f("fk_departure_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure")),
    )
    op.create_index("ix_departure_user_id", "departure", ["user_id"])
    op.create_index(
        "uq_departure_running", "departure", ["user_id"], unique=True, postgresql_where=sa.text("state = 'running'")
    )


def _create_departure_customer() -> None:
    op.create_table(
        "departure_customer",
        sa.Column("departure_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("heir_id", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_moved", sa.Boolean(), nullable=True),
        sa.CheckConstraint("(done_at IS NULL) = (was_moved IS NULL)", name="done"),
        sa.ForeignKeyConstraint(["departure_id"], ["departure.id"], name=op.f("fk_departure_customer_departure_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_departure_customer_customer_id")),
        sa.ForeignKeyConstraint(["heir_id"], ["app_user.id"], name=op.f("fk_departure_customer_heir_id")),
        sa.PrimaryKeyConstraint("departure_id", "customer_id", name=op.f("pk_departure_customer")),
    )
    op.create_index(
        "ix_departure_customer_open", "departure_customer", ["heir_id"], postgresql_where=sa.text("done_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("departure_customer")
    op.drop_table("departure")
    op.drop_table("customer_ownership")
