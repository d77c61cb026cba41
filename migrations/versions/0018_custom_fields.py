"""Custom fields: definitions, choices and typed values

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Records that may be deleted; of the other types no row ever is.
DELETED = ("contact", "customer", "opportunity", "product", "supplier")
# Name of the table: its columns beside record and field, and its indexes.
VALUES = {
    "custom_text": (
        (
            sa.Column("text", sa.String(500), nullable=False),
            sa.Column("text_key", sa.Text(collation="C"), nullable=False),
        ),
        {"found": ("field_id", "text_key", "record_id")},
    ),
    "custom_number": (
        (sa.Column("number", sa.Numeric(19, 6), nullable=False),),
        {"found": ("field_id", "number", "record_id")},
    ),
    "custom_day": ((sa.Column("day", sa.Date(), nullable=False),), {"found": ("field_id", "day", "record_id")}),
    "custom_flag": ((sa.Column("flag", sa.Boolean(), nullable=False),), {"found": ("field_id", "flag", "record_id")}),
    "custom_chosen": (
        (
            sa.Column("choice_id", sa.BigInteger(), nullable=False),
            sa.ForeignKeyConstraint(["choice_id"], ["custom_choice.id"], name="fk_custom_chosen_choice_id"),
        ),
        {"found": ("choice_id", "record_id"), "field": ("field_id", "record_id")},
    ),
    "custom_reference": (
        (sa.Column("reference_id", sa.BigInteger(), nullable=False),),
        {"found": ("field_id", "reference_id", "record_id")},
    ),
}
KINDS = ("text", "number", "money", "date", "choice", "choices", "reference", "yes_no")


def upgrade() -> None:
    # One higher with each change of the definitions; it comes with the look-up of the session, so that every process
    # knows at once when what it keeps of them is old.
    op.add_column("company", sa.Column("custom_fields_version", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("company", "custom_fields_version", server_default=None)
    _create_definitions()
    _create_values()
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'custom_fields.manage') "
        "WHERE 'company.write' = ANY (permissions) AND NOT 'custom_fields.manage' = ANY (permissions)"
    )


def _create_definitions() -> None:
    op.create_table(
        "custom_field",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_type", sa.String(40), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("label_zh", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("target", sa.String(40), nullable=True),
        sa.Column("mask", sa.String(24), nullable=True),
        sa.Column("help", sa.String(200), nullable=True),
        sa.Column("help_zh", sa.String(200), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("preset", postgresql.JSONB(), nullable=True),
        sa.Column("smallest", sa.Numeric(19, 6), nullable=True),
        sa.Column("largest", sa.Numeric(19, 6), nullable=True),
        sa.Column("places", sa.SmallInteger(), nullable=True),
        sa.Column("longest", sa.SmallInteger(), nullable=True),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="field_kind"),
        sa.CheckConstraint("key ~ '^[a-z][a-z0-9_]*$'", name="key"),
        sa.CheckConstraint("(kind = 'reference') = (target IS NOT NULL)", name="target"),
        sa.CheckConstraint("longest BETWEEN 1 AND 500", name="longest"),
        sa.CheckConstraint("places BETWEEN 0 AND 6", name="places"),
        sa.CheckConstraint("smallest <= largest", name="bounds"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
    )
    op.create_index("uq_custom_field_key", "custom_field", ["record_type", "key"], unique=True)
    op.create_table(
        "custom_choice",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("label_zh", sa.String(80), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["field_id"], ["custom_field.id"], name=op.f("fk_custom_choice_field_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_choice")),
    )
    op.create_index("uq_custom_choice_code", "custom_choice", ["field_id", "code"], unique=True)


def _create_values() -> None:
    for table, (columns, indexes) in VALUES.items():
        key = ["record_id", "field_id", *(["choice_id"] if table == "custom_chosen" else [])]
        op.create_table(
            table,
            sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("field_id", sa.BigInteger(), nullable=False),
            *columns,
            sa.ForeignKeyConstraint(["field_id"], ["custom_field.id"], name=op.f(f"fk_{table}_field_id")),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        )
        for name, indexed in indexes.items():
            op.create_index(f"ix_{table}_{name}", table, list(indexed))
    deletes = " ".join(f"DELETE FROM {table} WHERE record_id = OLD.id;" for table in VALUES)  # noqa: S608 (names)
    op.execute(
        f"CREATE FUNCTION delete_custom_values() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {deletes} RETURN NULL; END $$"
    )
    for table in DELETED:
        op.execute(
            f"CREATE TRIGGER custom_values AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION delete_custom_values()"
        )


def downgrade() -> None:
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'custom_fields.manage')")
    for table in DELETED:
        op.execute(f"DROP TRIGGER custom_values ON {table}")
    op.execute("DROP FUNCTION delete_custom_values()")
    for table in VALUES:
        op.drop_table(table)
    op.drop_table("custom_choice")
    op.drop_table("custom_field")
    op.drop_column("company", "custom_fields_version")
