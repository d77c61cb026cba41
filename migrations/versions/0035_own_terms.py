"""The index of terms knows whose a record is: what somebody looks for among his own is met in it

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("terms", sa.text("(ARRAY[owner_id])"))


def downgrade() -> None:
    _index("terms")


def _index(*columns: str | sa.TextClause) -> None:
    op.drop_index("ix_search_entry_terms", "search_entry")
    op.create_index(
        "ix_search_entry_terms",
        "search_entry",
        list(columns),
        postgresql_using="gin",
        postgresql_with={"fastupdate": "on"},
    )
    op.execute("ANALYZE search_entry")
