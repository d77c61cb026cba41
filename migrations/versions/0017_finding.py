"""What records are found by, and what each person opened last

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.search_entries import rebuild, refresh_search_texts

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Found by the customer's own number of them.
REFERRED = ("sales_order", "invoice")
FUNCTIONS = """
-- Whoever changes a customer's owner, and however many at once: what they are found by goes along.
CREATE FUNCTION move_search_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_entry SET owner_id = NEW.owner_id WHERE id = NEW.id AND owner_id <> NEW.owner_id;
    UPDATE search_entry SET owner_id = NEW.owner_id
     WHERE customer_id = NEW.id AND customer_id <> id AND owner_id <> NEW.owner_id;
    RETURN NULL;
END $$;
CREATE TRIGGER move_search_entries AFTER UPDATE OF owner_id ON customer
    FOR EACH ROW WHEN (OLD.owner_id <> NEW.owner_id) EXECUTE FUNCTION move_search_entries();

-- A record that is deleted (what an import made and is undone) is found no more.
CREATE FUNCTION forget_search_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search_entry WHERE id = OLD.id;
    RETURN NULL;
END $$;
"""
SEARCHED = ("customer", "contact", "supplier", "product", "opportunity")


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("terms", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        postgresql_with={"autovacuum_analyze_scale_factor": "0.05"},
    )
    # How frequent each of the more frequent terms is decides how a text is looked for.
    op.execute("ALTER TABLE search_entry ALTER COLUMN terms SET STATISTICS 500")
    op.create_index(
        "ix_search_entry_terms",
        "search_entry",
        ["terms"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index("ix_search_entry_kind", "search_entry", ["kind", "id"])
    op.create_index(
        "ix_search_entry_owner",
        "search_entry",
        ["owner_id", "kind", "id"],
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_search_entry_customer", "search_entry", ["customer_id"], postgresql_where=sa.text("customer_id <> id")
    )
    op.create_table(
        "recent_record",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_recent_record_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recent_record")),
        sa.UniqueConstraint("user_id", "kind", "record_id", name=op.f("uq_recent_record_user_id_kind_record_id")),
    )
    op.create_index("ix_recent_record_user", "recent_record", ["user_id", "opened_at"])
    for table in REFERRED:
        op.create_index(
            f"ix_{table}_reference",
            table,
            ["customer_reference"],
            postgresql_where=sa.text("customer_reference IS NOT NULL"),
        )
    op.execute(FUNCTIONS)
    for table in SEARCHED:
        op.execute(
            f"CREATE TRIGGER forget_search_entry AFTER DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION forget_search_entry()"
        )
    refresh_search_texts(op.get_bind())
    rebuild(op.get_bind())


def downgrade() -> None:
    op.execute("DROP TRIGGER move_search_entries ON customer")
    op.execute("DROP FUNCTION move_search_entries()")
    for table in SEARCHED:
        op.execute(f"DROP TRIGGER forget_search_entry ON {table}")
    op.execute("DROP FUNCTION forget_search_entry()")
    for table in REFERRED:
        op.drop_index(f"ix_{table}_reference", table_name=table)
    op.drop_table("recent_record")
    op.drop_table("search_entry")
