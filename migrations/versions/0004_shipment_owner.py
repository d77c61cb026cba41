"""A shipment's owner follows its customer's; all else of it stays as it was posted

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

POSTED = (
    "id",
    "number",
    "kind",
    "customer_id",
    "warehouse_id",
    "shipped_on",
    "ship_to",
    "carrier",
    "tracking_number",
    "origin",
    "recorded_at",
    "actor_id",
)


def upgrade() -> None:
    op.execute("DROP TRIGGER immutable ON shipment")
    op.execute(
        f"CREATE TRIGGER frozen BEFORE UPDATE OF {', '.join(POSTED)} ON shipment "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("CREATE TRIGGER kept BEFORE DELETE ON shipment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    op.execute("DROP TRIGGER kept ON shipment")
    op.execute("DROP TRIGGER frozen ON shipment")
    op.execute(
        "CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON shipment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
