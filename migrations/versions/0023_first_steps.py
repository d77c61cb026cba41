"""Each person puts the first steps of a new company away for himself

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("app_user", sa.Column("first_steps", sa.Boolean(), nullable=False, server_default=sa.true()))
    # A company that has sold something already needs none of it.
    op.execute("UPDATE app_user SET first_steps = false WHERE EXISTS (SELECT FROM sales_order WHERE state <> 'draft')")


def downgrade() -> None:
    op.drop_column("app_user", "first_steps")
