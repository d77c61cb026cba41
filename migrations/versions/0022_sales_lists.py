"""The orders of the lists of sales: each list's page is read along an index

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

LIVE = "merged_into_id IS NULL"
OPEN = "state = 'confirmed' AND shipping_status <> 'shipped'"
NEVER, LONG_AGO = "DATE '9999-12-31'", "DATE '1900-01-01'"

# name: (table, columns and expressions, condition)
INDEXES = {
    "ix_customer_by_name": ("customer", ("name", "id"), LIVE),
    "ix_customer_owned_by_name": ("customer", ("owner_id", "name", "id"), LIVE),
    "ix_customer_by_creation": ("customer", ("created_at", "id"), LIVE),
    "ix_customer_account_by_balance": ("customer_account", ("balance", "customer_id"), ""),
    "ix_customer_account_by_due": ("customer_account", (f"coalesce(oldest_due_on, {NEVER})", "customer_id"), ""),
    "ix_customer_account_by_order": ("customer_account", (f"coalesce(last_order_on, {LONG_AGO})", "customer_id"), ""),
    "ix_opportunity_by_close": (
        "opportunity",
        ("stage_kind", f"coalesce(expected_close_on, {NEVER})", "id"),
        "",
    ),
    "ix_opportunity_any_by_close": ("opportunity", (f"coalesce(expected_close_on, {NEVER})", "id"), ""),
    "ix_opportunity_by_creation": ("opportunity", ("created_at", "id"), ""),
    "ix_opportunity_by_amount": ("opportunity", ("amount", "id"), ""),
    "ix_opportunity_by_name": ("opportunity", ("name", "id"), ""),
    "ix_activity_planned": ("activity", (f"coalesce(due_on, {NEVER})", "id"), "done_at IS NULL"),
    "ix_activity_by_creation": ("activity", ("created_at", "id"), ""),
    "ix_quotation_by_state": ("quotation", ("state", "quoted_on", "id"), ""),
    "ix_quotation_by_day": ("quotation", ("quoted_on", "id"), ""),
    "ix_quotation_by_amount": ("quotation", ("amount_total", "id"), ""),
    "ix_quotation_by_validity": ("quotation", (f"coalesce(valid_until, {NEVER})", "id"), ""),
    "ix_sales_order_by_day": ("sales_order", ("ordered_on", "id"), ""),
    "ix_sales_order_by_amount": ("sales_order", ("amount_total", "id"), ""),
    "ix_sales_order_by_wish": ("sales_order", (f"coalesce(requested_on, {NEVER})", "id"), ""),
    "ix_sales_order_draft": ("sales_order", ("ordered_on", "id"), "state = 'draft'"),
    "ix_sales_order_open_by_day": ("sales_order", ("ordered_on", "id"), OPEN),
}
# Indexes of owners that now end with the id, so that equals stand in order too.
WIDENED = {
    "ix_quotation_owner": ("quotation", ("owner_id", "quoted_on")),
    "ix_sales_order_owner": ("sales_order", ("owner_id", "ordered_on")),
}


def upgrade() -> None:
    for name, (table, parts, condition) in INDEXES.items():
        _create(name, table, parts, condition)
    for name, (table, columns) in WIDENED.items():
        op.drop_index(name, table)
        _create(name, table, (*columns, "id"))


def _create(name: str, table: str, parts: tuple[str, ...], condition: str = "") -> None:
    columns = [sa.text(part) if "(" in part else part for part in parts]
    op.create_index(name, table, columns, postgresql_where=sa.text(condition) if condition else None)


def downgrade() -> None:
    for name, (table, columns) in WIDENED.items():
        op.drop_index(name, table)
        op.create_index(name, table, list(columns))
    for name, (table, _parts, _condition) in INDEXES.items():
        op.drop_index(name, table)
