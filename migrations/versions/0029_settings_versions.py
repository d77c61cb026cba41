"""Settings, terms, categories, accounts and bank accounts count their changes, so that a form knows of a newer one

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLES = ("company", "payment_terms", "product_category", "account", "bank_account")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("version", sa.BigInteger(), nullable=False, server_default="1"))
        op.alter_column(table, "version", server_default=None)


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "version")
