"""What a person's own late customers and stalled deals are found by; how states of orders go together, for the planner

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_invoice_open_owned",
        "invoice",
        ["owner_id", "due_on"],
        postgresql_include=["customer_id", "amount_open"],
        postgresql_where=sa.text("amount_allocated < amount_total"),
    )
    op.create_index(
        "ix_opportunity_open_since",
        "opportunity",
        ["owner_id", "stage_since"],
        postgresql_where=sa.text("stage_kind = 'open'"),
    )
    op.create_index(
        "ix_sales_order_line_to_ship",
        "sales_order_line",
        ["order_id"],
        postgresql_where=sa.text("quantity_to_ship > 0"),
    )
    # Taken for independent, the few orders that are to be shipped were guessed to be fewer still, and sorted.
    op.execute("CREATE STATISTICS st_sales_order_states (mcv) ON state, shipping_status FROM sales_order")
    op.execute("ANALYZE sales_order")


def downgrade() -> None:
    op.execute("DROP STATISTICS st_sales_order_states")
    op.drop_index("ix_sales_order_line_to_ship", "sales_order_line")
    op.drop_index("ix_opportunity_open_since", "opportunity")
    op.drop_index("ix_invoice_open_owned", "invoice")
