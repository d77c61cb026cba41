"""Who sees which rows: the tree of regions and teams, sharing, and row security as the second wall

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Tables whose rows have an owner, and the column of their customer.
OWNED = {
    "customer": "id",
    "opportunity": "customer_id",
    "quotation": "customer_id",
    "sales_order": "customer_id",
    "invoice": "customer_id",
    "credit_note": "customer_id",
    "payment": "customer_id",
    "shipment": "customer_id",
}
# What hangs on a customer and is seen with him.
HANGING = ("address", "contact", "activity", "customer_account")

FUNCTIONS = """
CREATE FUNCTION viewer_of(user_id bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN reach.widest = 3 THEN 'all' ELSE
           (SELECT array_agg(member.id ORDER BY member.id)::text
              FROM app_user AS member LEFT JOIN org_unit AS unit ON unit.id = member.unit_id
             WHERE member.id = $1 OR unit.path @> ARRAY[reach.top])
           || '|' ||
           (SELECT coalesce(array_agg(DISTINCT share.customer_id), '{}')::text FROM customer_share AS share
             WHERE share.ended_at IS NULL AND (share.user_id = $1 OR share.unit_id = ANY (reach.path))) END
      FROM (SELECT found.widest, unit.path,
                   CASE found.widest WHEN 1 THEN unit.id
                                     WHEN 2 THEN coalesce((SELECT region.id FROM org_unit AS region
                                                            WHERE region.id = ANY (unit.path) AND region.kind = 'region'
                                                            ORDER BY cardinality(region.path) DESC LIMIT 1), unit.id)
                   END AS top
              FROM (SELECT max(CASE role.row_scope WHEN 'all' THEN 3 WHEN 'region' THEN 2 WHEN 'team' THEN 1 ELSE 0 END)
                           AS widest
                      FROM user_role JOIN role ON role.id = user_role.role_id WHERE user_role.user_id = $1) AS found
              LEFT JOIN app_user ON app_user.id = $1
              LEFT JOIN org_unit AS unit ON unit.id = app_user.unit_id) AS reach
$$;

CREATE FUNCTION viewer_sees_all() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('countinghouse.viewer', true) = 'all', false)
$$;

CREATE FUNCTION viewer_owners() RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('countinghouse.viewer', true) LIKE '{%'
                THEN split_part(current_setting('countinghouse.viewer', true), '|', 1)::bigint[] ELSE '{}' END
$$;

CREATE FUNCTION viewer_shared() RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('countinghouse.viewer', true) LIKE '{%'
                THEN split_part(current_setting('countinghouse.viewer', true), '|', 2)::bigint[] ELSE '{}' END
$$;

-- Runs as the owner of the tables, since the one disclosure that is meant is an exact duplicate, whoever owns it.
CREATE FUNCTION find_duplicate_customer(
    wanted_tax_id text, wanted_phone text, wanted_email text, wanted_name text, wanted_country text, except_id bigint)
RETURNS TABLE (id bigint, name text, owner text, same text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT customer.id, customer.name::text, app_user.name::text,
           array_remove(ARRAY[CASE WHEN tax_id_key = wanted_tax_id THEN 'tax_id' END,
                              CASE WHEN phone_key = wanted_phone THEN 'phone' END,
                              CASE WHEN email_key = wanted_email THEN 'email' END,
                              CASE WHEN name_key = wanted_name AND customer.country = wanted_country THEN 'name' END],
                        NULL)
      FROM customer JOIN app_user ON app_user.id = customer.owner_id
     WHERE merged_into_id IS NULL AND customer.id <> except_id
       AND (tax_id_key = wanted_tax_id OR phone_key = wanted_phone OR email_key = wanted_email
            OR (name_key = wanted_name AND customer.country = wanted_country))
     ORDER BY customer.id LIMIT 1
$$;
"""


def upgrade() -> None:
    op.create_table(
        "org_unit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('company', 'region', 'team')", name="unit_kind"),
        sa.CheckConstraint("(kind = 'company') = (parent_id IS NULL)", name="root"),
        sa.CheckConstraint("path[cardinality(path)] = id", name="path"),
        sa.ForeignKeyConstraint(["parent_id"], ["org_unit.id"], name=op.f("fk_org_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_unit")),
        sa.UniqueConstraint("parent_id", "name", name=op.f("uq_org_unit_parent_id_name")),
    )
    op.create_index(
        "uq_org_unit_company", "org_unit", ["kind"], unique=True, postgresql_where=sa.text("kind = 'company'")
    )
    op.create_table(
        "unit_membership",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("until IS NULL OR until >= since", name="order"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_unit_membership_user_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_unit_membership_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_membership")),
    )
    op.create_index(
        "uq_unit_membership_open",
        "unit_membership",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "customer_share",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(user_id IS NULL) <> (unit_id IS NULL)", name="one_reader"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_share_customer_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_customer_share_user_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_customer_share_unit_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["app_user.id"], name=op.f("fk_customer_share_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_share")),
    )
    for reader in ("user_id", "unit_id"):
        op.create_index(
            f"uq_customer_share_{reader}",
            "customer_share",
            [reader, "customer_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        )
    op.add_column("app_user", sa.Column("unit_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_app_user_unit_id"), "app_user", "org_unit", ["unit_id"], ["id"])
    op.add_column("role", sa.Column("row_scope", sa.String(24), nullable=False, server_default="own"))
    op.alter_column("role", "row_scope", server_default=None)
    op.create_check_constraint(op.f("ck_role_row_scope"), "role", "row_scope IN ('own', 'team', 'region', 'all')")
    op.execute("UPDATE role SET row_scope = 'all' WHERE code IN ('manager', 'finance', 'warehouse', 'admin')")
    op.execute(FUNCTIONS)
    for table, customer in OWNED.items():
        _secure(
            table,
            f"owner_id = ANY ((SELECT viewer_owners())::bigint[]) OR {customer} = ANY ((SELECT viewer_shared())::bigint[])",
        )
    for table in HANGING:
        _secure(table, f"EXISTS (SELECT FROM customer WHERE customer.id = {table}.customer_id)")


def _secure(table: str, predicate: str) -> None:
    # Whoever may change a row may also give it away, so new rows are not held to the predicate.
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY visible ON {table} USING ((SELECT viewer_sees_all()) OR {predicate}) WITH CHECK (true)")


def downgrade() -> None:
    for table in (*OWNED, *HANGING):
        op.execute(f"DROP POLICY visible ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for function in (
        "find_duplicate_customer(text, text, text, text, text, bigint)",
        "viewer_of(bigint)",
        "viewer_sees_all()",
        "viewer_owners()",
        "viewer_shared()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_column("role", "row_scope")
    op.drop_constraint(op.f("fk_app_user_unit_id"), "app_user", type_="foreignkey")
    op.drop_column("app_user", "unit_id")
    op.drop_table("customer_share")
    op.drop_table("unit_membership")
    op.drop_table("org_unit")
