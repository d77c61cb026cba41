"""Managers see what everybody brings in from files; the terms of many records are put into their index together

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Only the owner of an index may do so; what is merged is there either way, and costs whoever searches more until then.
MERGE = """
CREATE FUNCTION merge_search_terms() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT gin_clean_pending_list('ix_search_entry_terms'::regclass) $$
"""


def upgrade() -> None:
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'imports.read_all') "
        "WHERE code IN ('manager', 'admin') AND NOT 'imports.read_all' = ANY (permissions)"
    )
    op.execute("ALTER INDEX ix_search_entry_terms SET (fastupdate = on, gin_pending_list_limit = 512)")
    op.execute(MERGE)


def downgrade() -> None:
    op.execute("DROP FUNCTION merge_search_terms()")
    op.execute("ALTER INDEX ix_search_entry_terms SET (fastupdate = off)")
    op.execute("ALTER INDEX ix_search_entry_terms RESET (gin_pending_list_limit)")
    op.execute("SELECT gin_clean_pending_list('ix_search_entry_terms'::regclass)")
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'imports.read_all')")
