"""What is owed for each order stands beside it, so that lists of orders by payment read an index; open deals by amount

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Whoever changes an invoice may not see its order: the owner of the tables looks. What changes invoices of a customer
# holds the lock of his account, so that changes of one order follow one another.
OWED = """
    SELECT orders.id, orders.customer_id, orders.owner_id, orders.ordered_on, sum(amount_open),
           sum(amount_allocated - amount_credited - amount_written_off),
           min(due_on) FILTER (WHERE amount_allocated < invoice.amount_total)
      FROM sales_order AS orders JOIN sales_order_invoice AS link ON link.order_id = orders.id
      JOIN invoice ON invoice.id = link.invoice_id
"""
COLUMNS = "order_id, customer_id, owner_id, ordered_on, amount_open, amount_paid, due_on"
FUNCTIONS = f"""
CREATE FUNCTION keep_order_receivable(kept bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sales_order_receivable ({COLUMNS})
    {OWED} WHERE orders.id = kept GROUP BY orders.id
    ON CONFLICT (order_id) DO UPDATE
       SET amount_open = excluded.amount_open, amount_paid = excluded.amount_paid, due_on = excluded.due_on;
END $$;

CREATE FUNCTION tell_order_of_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM keep_order_receivable(NEW.order_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_order_of_link AFTER INSERT ON sales_order_invoice
    FOR EACH ROW EXECUTE FUNCTION tell_order_of_link();

CREATE FUNCTION tell_order_of_invoice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM keep_order_receivable(order_id) FROM sales_order_invoice WHERE invoice_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_order_of_invoice
    AFTER UPDATE OF amount_allocated, amount_credited, amount_written_off, due_on ON invoice FOR EACH ROW
    WHEN ((OLD.amount_allocated, OLD.amount_credited, OLD.amount_written_off, OLD.due_on)
          IS DISTINCT FROM (NEW.amount_allocated, NEW.amount_credited, NEW.amount_written_off, NEW.due_on))
    EXECUTE FUNCTION tell_order_of_invoice();

CREATE FUNCTION move_order_receivable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE sales_order_receivable SET owner_id = NEW.owner_id WHERE order_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER move_order_receivable AFTER UPDATE OF owner_id ON sales_order
    FOR EACH ROW WHEN (OLD.owner_id <> NEW.owner_id) EXECUTE FUNCTION move_order_receivable();
"""  # noqa: S608 (our own constant parts)
TRIGGERS = {
    "sales_order_invoice": "tell_order_of_link",
    "invoice": "tell_order_of_invoice",
    "sales_order": "move_order_receivable",
}


def upgrade() -> None:
    # The index by day becomes a key, so that the copied day is held to the order's, and follows it.
    op.drop_index("ix_sales_order_by_day", "sales_order")
    op.create_index("ix_sales_order_by_day", "sales_order", ["ordered_on", "id"], unique=True)
    op.create_table(
        "sales_order_receivable",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("amount_open", sa.Numeric(18, 2), nullable=False),
        sa.Column("amount_paid", sa.Numeric(18, 2), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_owing", sa.Boolean(), sa.Computed("amount_open > 0", persisted=True), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_sales_order_receivable")),
        sa.ForeignKeyConstraint(
            ["order_id", "ordered_on"],
            ["sales_order.id", "sales_order.ordered_on"],
            name=op.f("fk_sales_order_receivable_order_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_sales_order_receivable_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["app_user.id"], name=op.f("fk_sales_order_receivable_owner_id")),
        postgresql_with={"fillfactor": 80},
    )
    op.execute(f"INSERT INTO sales_order_receivable ({COLUMNS}) {OWED} GROUP BY orders.id")
    for name, columns in (("by_day", ["ordered_on", "order_id"]), ("owner", ["owner_id", "ordered_on", "order_id"])):
        op.create_index(
            f"ix_sales_order_receivable_{name}",
            "sales_order_receivable",
            columns,
            postgresql_include=["due_on"],
            postgresql_where=sa.text("is_owing"),
        )
    op.execute("ALTER TABLE sales_order_receivable ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY visible ON sales_order_receivable USING ((SELECT viewer_sees_all())"
        " OR owner_id = ANY ((SELECT viewer_owners())::bigint[])"
        " OR customer_id = ANY ((SELECT viewer_shared())::bigint[])) WITH CHECK (true)"
    )
    op.execute(FUNCTIONS)
    for name, event in (("kept", "DELETE"), ("no_truncate", "TRUNCATE")):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON sales_order_receivable "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("ANALYZE sales_order_receivable")
    op.create_index(
        "ix_opportunity_open_by_amount",
        "opportunity",
        ["amount", "id"],
        postgresql_where=sa.text("stage_kind = 'open'"),
    )


def downgrade() -> None:
    op.drop_index("ix_opportunity_open_by_amount", "opportunity")
    for table, function in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {function} ON {table}")
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("DROP FUNCTION keep_order_receivable(bigint)")
    op.drop_table("sales_order_receivable")
    op.drop_index("ix_sales_order_by_day", "sales_order")
    op.create_index("ix_sales_order_by_day", "sales_order", ["ordered_on", "id"])
