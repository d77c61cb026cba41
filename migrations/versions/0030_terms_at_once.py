"""How much may wait for the index of terms is the transaction's to say: a setting of the index itself overruled it

Revision ID: 0030
Revises: 0029
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER INDEX ix_search_entry_terms RESET (gin_pending_list_limit)")


def downgrade() -> None:
    op.execute("ALTER INDEX ix_search_entry_terms SET (gin_pending_list_limit = 512)")
