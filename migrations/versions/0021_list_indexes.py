"""The orders of the lists of stock, money and contacts: each list's page is read along an index

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

DUE = "coalesce(due_on, DATE '9999-12-31')"

# name: (table, columns and expressions, condition)
INDEXES = {
    "ix_contact_by_name": ("contact", ("name", "id"), ""),
    "ix_contact_by_creation": ("contact", ("created_at", "id"), ""),
    "ix_contact_not_called": ("contact", ("name", "id"), "do_not_call"),
    "ix_sales_order_to_ship_by_wish": (
        "sales_order",
        ("coalesce(requested_on, DATE '9999-12-31')", "id"),
        "state = 'confirmed' AND shipping_status <> 'shipped'",
    ),
    "ix_stock_move_by_time": ("stock_move", ("recorded_at", "id"), ""),
    "ix_stock_move_rare": (
        "stock_move",
        ("kind", "recorded_at", "id"),
        "kind = 'return' OR kind = 'adjustment' OR kind = 'opening'",
    ),
    "ix_stock_document_by_time": ("stock_document", ("recorded_at", "id"), ""),
    "ix_stock_document_by_kind": ("stock_document", ("kind", "recorded_at", "id"), ""),
    "ix_stock_document_by_day": ("stock_document", ("effective_on", "id"), ""),
    "ix_shipment_by_time": ("shipment", ("recorded_at", "id"), ""),
    "ix_shipment_returns": ("shipment", ("recorded_at", "id"), "kind = 'return'"),
    "ix_journal_entry_by_time": ("journal_entry", ("recorded_at", "id"), ""),
    "ix_journal_entry_by_hand": ("journal_entry", ("recorded_at", "id"), "event = 'manual' OR event = 'reversal'"),
    "ix_invoice_by_day": ("invoice", ("issued_on", "id"), ""),
    "ix_invoice_by_due": ("invoice", (DUE, "id"), ""),
    "ix_invoice_open_by_due": ("invoice", (DUE, "id"), "amount_allocated < amount_total"),
    "ix_invoice_by_amount": ("invoice", ("amount_total", "id"), ""),
    "ix_invoice_by_rest": ("invoice", ("amount_open", "id"), ""),
    "ix_credit_note_by_day": ("credit_note", ("issued_on", "id"), ""),
    "ix_payment_by_amount": ("payment", ("amount", "id"), ""),
    "ix_payment_by_rest": ("payment", ("amount_unapplied", "id"), ""),
    "ix_payment_refunds": ("payment", ("received_on", "id"), "kind = 'refund'"),
    "ix_ledger_task_open": ("ledger_task", ("created_at", "id"), "done_at IS NULL"),
}
# Indexes of days that now end with the id, so that equals stand in order too.
WIDENED = {
    "ix_shipment_shipped_on": ("shipment", ("shipped_on",)),
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
