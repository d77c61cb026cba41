"""Imports: files as read, rows with what became of each, remembered columns; what an undo may delete

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Kept for good, but for what an import has made and an undo of that import takes back: the column of the record's id,
# and what kind of record an import calls it.
UNDOABLE = {
    "customer": ("id", "customer"),
    "customer_account": ("customer_id", "customer"),
    "product": ("id", "product"),
    "product_valuation": ("product_id", "product"),
    "stock_level": ("product_id", "product"),
}
RECORD_TYPES = "WHEN 'customers' THEN 'customer' WHEN 'products' THEN 'product'"
GUARD = f"""
CREATE FUNCTION refuse_unless_undone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM import_row AS row JOIN import_batch AS batch ON batch.id = row.batch_id
         WHERE row.record_id = (to_jsonb(OLD) ->> TG_ARGV[0])::bigint AND row.action = 'create' AND row.state = 'done'
           AND batch.state = 'undoing' AND CASE batch.kind {RECORD_TYPES} END = TG_ARGV[1]) THEN
        RAISE EXCEPTION 'posted_row' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = format('%s on %s: kept, unless the import that made it is being undone', TG_OP, TG_TABLE_NAME);
    END IF;
    RETURN OLD;
END $$
"""
# Runs as the owner of the tables, as `find_duplicate_customer` does and for the same reason; of several customers that
# are the same as one asked for, it answers the oldest. `place` counts from 0.
FIND_DUPLICATES = """
CREATE FUNCTION find_duplicate_customers(
    tax_ids text[], phones text[], emails text[], names text[], countries text[], codes text[])
RETURNS TABLE (place int, id bigint, owner_id bigint, name text, owner text, same text[])
-- Planned anew each time: a plan made while there were few customers would go on using the wrong one of their indexes.
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    WITH wanted AS (
        SELECT * FROM unnest(tax_ids, phones, emails, names, countries, codes) WITH ORDINALITY
                      AS told (tax_id, phone, email, name, country, code, number)),
    -- Each key by itself for all at once: one look through an index at worst, whatever the planner knows of it.
    by_tax_id AS MATERIALIZED (
        SELECT id, tax_id_key AS key FROM customer WHERE tax_id_key = ANY (tax_ids) AND merged_into_id IS NULL),
    by_phone AS MATERIALIZED (
        SELECT id, phone_key AS key FROM customer WHERE phone_key = ANY (phones) AND merged_into_id IS NULL),
    by_email AS MATERIALIZED (
        SELECT id, email_key AS key FROM customer WHERE email_key = ANY (emails) AND merged_into_id IS NULL),
    by_name AS MATERIALIZED (
        SELECT id, name_key AS key, country FROM customer WHERE name_key = ANY (names) AND merged_into_id IS NULL),
    by_code AS MATERIALIZED (
        SELECT id, code AS key FROM customer WHERE code = ANY (codes) AND merged_into_id IS NULL),
    same AS (
        SELECT number, id, 1 AS rank, 'tax_id' AS what FROM wanted JOIN by_tax_id ON key = wanted.tax_id
        UNION ALL
        SELECT number, id, 2 AS rank, 'phone' AS what FROM wanted JOIN by_phone ON key = wanted.phone
        UNION ALL
        SELECT number, id, 3 AS rank, 'email' AS what FROM wanted JOIN by_email ON key = wanted.email
        UNION ALL
        SELECT number, id, 4 AS rank, 'name' AS what FROM wanted JOIN by_name ON key = wanted.name AND by_name.country = wanted.country
        UNION ALL
        SELECT number, id, 5 AS rank, 'code' AS what FROM wanted JOIN by_code ON key = wanted.code),
    first AS (
        SELECT DISTINCT ON (number) number, same.id, array_agg(what ORDER BY rank) AS what FROM same
         GROUP BY number, same.id ORDER BY number, same.id)
    SELECT number::int - 1, customer.id, customer.owner_id, customer.name::text, app_user.name::text, what
      FROM first JOIN customer ON customer.id = first.id JOIN app_user ON app_user.id = customer.owner_id
$$
"""


def upgrade() -> None:
    _create_batches()
    _create_rows()
    op.execute(GUARD)
    op.execute(FIND_DUPLICATES)
    for table, (column, record_type) in UNDOABLE.items():
        op.execute(f"DROP TRIGGER kept ON {table}")
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION refuse_unless_undone('{column}', '{record_type}')"
        )
    # Roles of the start that write records may bring them in as files too.
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'imports.create') "
        "WHERE code IN ('sales', 'sales_manager', 'warehouse', 'manager', 'admin') "
        "AND NOT 'imports.create' = ANY (permissions)"
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _json(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def _create_batches() -> None:
    counters = ["total", "worked", "created", "updated", "skipped", "asked", "bad", "undone", "kept"]
    op.create_table(
        "import_batch",
        _id(),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("started_by_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(64), nullable=False),
        *(_json(name) for name in ("heads", "joined", "mapping", "options")),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        *(sa.Column(f"rows_{name}", sa.BigInteger(), nullable=False) for name in counters),
        sa.CheckConstraint(
            "state IN ('mapping', 'checking', 'checked', 'running', 'done', 'undoing', 'undone')", name="batch_state"
        ),
        sa.CheckConstraint("rows_worked BETWEEN 0 AND rows_total", name="rows_worked"),
        _reference("import_batch", "started_by_id", "app_user"),
        _reference("import_batch", "event_id", "outbox_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_index("ix_import_batch_started_by", "import_batch", ["started_by_id", "id"])
    op.create_index("ix_import_batch_digest", "import_batch", ["digest", "kind"])
    op.create_table(
        "import_mapping",
        _id(),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _json("mapping"),
        _json("options"),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        _reference("import_mapping", "user_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
    )
    op.create_index("uq_import_mapping_heads", "import_mapping", ["kind", "signature", "user_id"], unique=True)


def _create_rows() -> None:
    op.create_table(
        "import_source",
        _id(),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("encoding", sa.String(20), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("width", "lines", "head_row")),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        _reference("import_source", "batch_id", "import_batch"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_source")),
    )
    op.create_index("uq_import_source_batch", "import_source", ["batch_id", "place"], unique=True)
    op.create_table(
        "import_chunk",
        _id(),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        _json("lines"),
        _reference("import_chunk", "source_id", "import_source"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_chunk")),
    )
    op.create_index("uq_import_chunk_source", "import_chunk", ["source_id", "first_line"], unique=True)
    op.create_table(
        "import_row",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        _json("cells"),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("action", sa.String(24), nullable=True),
        sa.Column("choice", sa.String(24), nullable=True),
        sa.Column("keys", postgresql.ARRAY(sa.String()), nullable=True),
        _json("data", nullable=True),
        _json("reasons", nullable=True),
        sa.Column("found_id", sa.BigInteger(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        _json("before", nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'ready', 'bad', 'asks', 'done', 'skipped', 'undone', 'kept')", name="row_state"
        ),
        sa.CheckConstraint("action IN ('create', 'update', 'skip', 'ask')", name="row_action"),
        sa.CheckConstraint("choice IN ('create', 'update', 'skip', 'ask')", name="row_choice"),
        _reference("import_row", "batch_id", "import_batch"),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_import_row")),
    )
    op.create_index(
        "ix_import_row_record", "import_row", ["record_id"], postgresql_where=sa.text("record_id IS NOT NULL")
    )
    op.create_index(
        "ix_import_row_state",
        "import_row",
        ["batch_id", "state", "position"],
        postgresql_where=sa.text("state IN ('bad', 'asks')"),
    )


def downgrade() -> None:
    for table in UNDOABLE:
        op.execute(f"DROP TRIGGER kept ON {table}")
        op.execute(f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
    op.execute("DROP FUNCTION refuse_unless_undone()")
    op.execute("DROP FUNCTION find_duplicate_customers(text[], text[], text[], text[], text[], text[])")
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'imports.create')")
    for table in ("import_row", "import_chunk", "import_source", "import_mapping", "import_batch"):
        op.drop_table(table)
