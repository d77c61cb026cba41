"""The account holds its customer's credit limit beside what is used of it, so that those near it have an index

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

FUNCTIONS = """
-- Whoever makes an account may not see its customer: the owner of the tables looks.
CREATE FUNCTION take_credit_limit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    NEW.credit_limit := (SELECT credit_limit FROM customer WHERE id = NEW.customer_id);
    RETURN NEW;
END $$;
CREATE TRIGGER take_credit_limit BEFORE INSERT ON customer_account
    FOR EACH ROW EXECUTE FUNCTION take_credit_limit();

CREATE FUNCTION tell_credit_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customer_account SET credit_limit = NEW.credit_limit WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_credit_limit AFTER UPDATE OF credit_limit ON customer
    FOR EACH ROW WHEN (OLD.credit_limit IS DISTINCT FROM NEW.credit_limit) EXECUTE FUNCTION tell_credit_limit();
"""
EXPOSURE = "open_receivables + uninvoiced - unapplied"
USED = f"coalesce({EXPOSURE} > 0 AND {EXPOSURE} >= credit_limit * 0.8, false)"


def upgrade() -> None:
    op.add_column("customer_account", sa.Column("credit_limit", sa.Numeric(18, 2), nullable=True))
    op.execute(
        "UPDATE customer_account SET credit_limit = customer.credit_limit FROM customer"
        " WHERE customer.id = customer_id AND customer.credit_limit IS NOT NULL"
    )
    op.execute(FUNCTIONS)
    op.add_column(
        "customer_account", sa.Column("credit_used", sa.Boolean(), sa.Computed(USED, persisted=True), nullable=False)
    )
    op.create_index(
        "ix_customer_account_credit_used", "customer_account", ["customer_id"], postgresql_where=sa.text("credit_used")
    )


def downgrade() -> None:
    op.drop_index("ix_customer_account_credit_used", "customer_account")
    for table, function in (("customer", "tell_credit_limit"), ("customer_account", "take_credit_limit")):
        op.execute(f"DROP TRIGGER {function} ON {table}")
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_column("customer_account", "credit_used")
    op.drop_column("customer_account", "credit_limit")
