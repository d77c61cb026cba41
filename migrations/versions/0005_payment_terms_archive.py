"""Payment terms can be archived

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment_terms", sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.alter_column("payment_terms", "is_active", server_default=None)


def downgrade() -> None:
    op.drop_column("payment_terms", "is_active")
