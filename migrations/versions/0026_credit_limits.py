"""Customers with a credit limit have an index of their own: the list of those that used theirs reads these alone

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_customer_with_limit",
        "customer",
        ["id"],
        postgresql_where=sa.text("credit_limit IS NOT NULL AND merged_into_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_customer_with_limit", "customer")
