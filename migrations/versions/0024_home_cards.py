"""Each person arranges the cards of the home page

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("app_user", sa.Column("home_cards", postgresql.ARRAY(sa.String(60)), nullable=True))


def downgrade() -> None:
    op.drop_column("app_user", "home_cards")
