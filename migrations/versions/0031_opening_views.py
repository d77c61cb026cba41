"""Each person says which view a list opens with

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("opening_views", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("app_user", column)


def downgrade() -> None:
    op.drop_column("app_user", "opening_views")
