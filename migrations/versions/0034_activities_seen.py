"""An activity knows its customer's owner, by whom it is seen: what somebody sees is walked instead of looked up

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

PLANNED = "done_at IS NULL"
ORDER = sa.text("coalesce(due_on, DATE '9999-12-31')")
# Whoever gives the customer away locks it whole: an activity is written before, and moves along, or after, and knows
# the new owner. Read with the rights of the function's owner: the customer may just have gone out of the writer's sight.
FUNCTION = """
CREATE FUNCTION know_customer_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT owner_id INTO NEW.customer_owner_id FROM customer WHERE id = NEW.customer_id FOR KEY SHARE;
    RETURN NEW;
END $$
"""
SEEN = "customer_owner_id = ANY ((SELECT viewer_owners())::bigint[]) OR customer_id = ANY ((SELECT viewer_shared())::bigint[])"
HANGS = "EXISTS (SELECT FROM customer WHERE customer.id = activity.customer_id)"


def upgrade() -> None:
    op.add_column("activity", sa.Column("customer_owner_id", sa.BigInteger))
    op.execute(
        "UPDATE activity SET customer_owner_id = customer.owner_id FROM customer WHERE customer.id = activity.customer_id"
    )
    op.alter_column("activity", "customer_owner_id", nullable=False)
    op.create_foreign_key(op.f("fk_activity_customer_owner_id"), "activity", "app_user", ["customer_owner_id"], ["id"])
    op.execute(FUNCTION)
    op.execute(
        "CREATE TRIGGER know_customer_owner BEFORE INSERT OR UPDATE OF customer_id ON activity"
        " FOR EACH ROW EXECUTE FUNCTION know_customer_owner()"
    )
    _secure(SEEN)
    op.drop_index("ix_activity_due", "activity")
    for name, owner in (("ix_activity_due", "owner_id"), ("ix_activity_planned_seen", "customer_owner_id")):
        op.create_index(name, "activity", [owner, ORDER, "id"], postgresql_where=sa.text(PLANNED))
    op.create_index("ix_activity_seen_by_creation", "activity", ["customer_owner_id", "created_at", "id"])
    # Whoever does it is nearly always the customer's owner.
    op.execute("CREATE STATISTICS activity_owners (dependencies, mcv) ON owner_id, customer_owner_id FROM activity")
    op.execute("ANALYZE activity")


def _secure(predicate: str) -> None:
    op.execute("DROP POLICY visible ON activity")
    op.execute(f"CREATE POLICY visible ON activity USING ((SELECT viewer_sees_all()) OR {predicate}) WITH CHECK (true)")


def downgrade() -> None:
    op.execute("DROP STATISTICS activity_owners")
    for name in ("ix_activity_seen_by_creation", "ix_activity_planned_seen", "ix_activity_due"):
        op.drop_index(name, "activity")
    op.create_index("ix_activity_due", "activity", ["owner_id", "due_on"], postgresql_where=sa.text(PLANNED))
    _secure(HANGS)
    op.execute("DROP TRIGGER know_customer_owner ON activity")
    op.execute("DROP FUNCTION know_customer_owner()")
    op.drop_column("activity", "customer_owner_id")
