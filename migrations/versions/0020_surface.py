"""Indexes of what the board, the home pages and the match page sum and show first, so that they read narrow rows only

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Row security asks for owner and customer of every row: with both in it, an index alone answers.
WHOSE = ["owner_id", "customer_id"]
OPEN_INVOICE = "amount_allocated < amount_total"
UNAPPLIED = "kind = 'receipt' AND amount_allocated < amount"
TO_SHIP = "state = 'confirmed' AND shipping_status <> 'shipped'"
SOLD = "state = 'confirmed' OR state = 'done'"


def upgrade() -> None:
    _index(
        "ix_opportunity_open",
        "opportunity",
        ["stage_id", "expected_close_on", sa.text("amount DESC"), "id"],
        WHOSE,
        "stage_kind = 'open'",
    )
    _index(
        "ix_opportunity_won",
        "opportunity",
        ["closed_at"],
        ["stage_id", "expected_close_on", "amount", "id", *WHOSE],
        "stage_kind = 'won'",
    )
    op.drop_index("ix_invoice_open", "invoice")
    _index("ix_invoice_open", "invoice", ["due_on", "customer_id"], ["owner_id", "amount_open"], OPEN_INVOICE)
    op.drop_index("ix_payment_unapplied", "payment")
    _index("ix_payment_unapplied", "payment", ["customer_id"], ["owner_id", "amount_unapplied"], UNAPPLIED)
    op.drop_index("ix_payment_received", "payment")
    op.create_index("ix_payment_received", "payment", ["received_on", "id"])
    for name in ("reserved", "back_ordered"):
        _index(f"ix_reservation_{name}", "reservation", ["origin"], [], f"quantity_{name} > 0")
    _index("ix_sales_order_open", "sales_order", ["number"], [*WHOSE, "amount_total"], TO_SHIP)
    _index("ix_sales_order_sold", "sales_order", ["ordered_on"], [*WHOSE, "amount_total"], SOLD)
    _index("ix_customer_account_unapplied", "customer_account", ["unapplied", "customer_id"], [], "unapplied > 0")


def _index(name: str, table: str, columns: list[object], include: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_include=include, postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table in (
        ("ix_customer_account_unapplied", "customer_account"),
        ("ix_sales_order_sold", "sales_order"),
        ("ix_sales_order_open", "sales_order"),
        ("ix_reservation_back_ordered", "reservation"),
        ("ix_reservation_reserved", "reservation"),
        ("ix_payment_received", "payment"),
        ("ix_payment_unapplied", "payment"),
        ("ix_invoice_open", "invoice"),
        ("ix_opportunity_won", "opportunity"),
        ("ix_opportunity_open", "opportunity"),
    ):
        op.drop_index(name, table)
    op.create_index("ix_payment_received", "payment", ["received_on"])
    _index("ix_payment_unapplied", "payment", ["customer_id"], [], UNAPPLIED)
    _index("ix_invoice_open", "invoice", ["due_on", "customer_id"], [], OPEN_INVOICE)
