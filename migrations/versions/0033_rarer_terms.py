"""More of the terms that records are found by have a known frequency

Revision ID: 0033
Revises: 0032
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _know(20_000)


def downgrade() -> None:
    _know(5_000)


def _know(terms: int) -> None:
    """PostgreSQL keeps ten terms for each unit of the target. Of those it does not keep all that is known is that they
    are rarer; at a million customers that was five thousand records, which is too many to put in order; and is
    now seven hundred."""
    op.execute(f"ALTER TABLE search_entry ALTER COLUMN terms SET STATISTICS {terms // 10}")
    op.execute("ANALYZE search_entry")
