"""Lines of quotations and orders keep what the catalog asked when they were priced

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("quotation_line", "sales_order_line")


def upgrade() -> None:
    # Of lines that are there already nobody knows it: they count as priced by the catalog.
    for table in TABLES:
        op.add_column(table, sa.Column("list_price", sa.Numeric(18, 4), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "list_price")
