"""What was open on a day, read back from today; the entries of a document; open documents in every order of their lists

Revision ID: 0032
Revises: 0031
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

OPEN = "amount_allocated < amount_total"
UNAPPLIED = "kind = 'receipt' AND amount_allocated < amount"
UNANSWERED = "state = 'draft' OR state = 'sent'"

# What stands open today less what was put on it, plus what was taken off it, after the day: the rest of the invoices is
# settled today and was settled then. So today's figures are read from the open ones alone, and those of a day back from
# these and from what has been matched since. The same for what came in and is not used.
AS_OF = """
CREATE FUNCTION invoices_open_on(day date)
RETURNS TABLE (id bigint, customer_id bigint, owner_id bigint, issued_on date, due_on date, amount_open numeric)
LANGUAGE sql STABLE AS $$
    SELECT invoice.id, invoice.customer_id, invoice.owner_id, invoice.issued_on, invoice.due_on,
           invoice.amount_open + coalesce(later.amount, 0)
      FROM invoice
      LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM payment_allocation
                  WHERE effective_on > day AND invoice_id IS NOT NULL GROUP BY invoice_id) AS later
        ON later.invoice_id = invoice.id
     WHERE invoice.amount_allocated < invoice.amount_total AND invoice.issued_on <= day
       AND invoice.amount_open + coalesce(later.amount, 0) <> 0
     UNION ALL
    SELECT invoice.id, invoice.customer_id, invoice.owner_id, invoice.issued_on, invoice.due_on, later.amount
      FROM (SELECT invoice_id, sum(amount) AS amount FROM payment_allocation
             WHERE effective_on > day AND invoice_id IS NOT NULL GROUP BY invoice_id) AS later
      JOIN invoice ON invoice.id = later.invoice_id
     WHERE invoice.amount_allocated >= invoice.amount_total AND invoice.issued_on <= day AND later.amount <> 0
$$;
CREATE FUNCTION credits_unapplied_on(day date)
RETURNS TABLE (customer_id bigint, owner_id bigint, amount numeric)
LANGUAGE sql STABLE AS $$
    SELECT payment.customer_id, payment.owner_id, payment.amount_unapplied + coalesce(later.amount, 0)
      FROM payment
      LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM payment_allocation
                  WHERE effective_on > day AND payment_id IS NOT NULL GROUP BY payment_id) AS later
        ON later.payment_id = payment.id
     WHERE payment.kind = 'receipt' AND payment.amount_allocated < payment.amount AND payment.received_on <= day
       AND payment.amount_unapplied + coalesce(later.amount, 0) <> 0
     UNION ALL
    SELECT payment.customer_id, payment.owner_id, later.amount
      FROM (SELECT payment_id, sum(amount) AS amount FROM payment_allocation
             WHERE effective_on > day AND payment_id IS NOT NULL GROUP BY payment_id) AS later
      JOIN payment ON payment.id = later.payment_id
     WHERE payment.kind = 'receipt' AND payment.amount_allocated >= payment.amount AND payment.received_on <= day
       AND later.amount <> 0
     UNION ALL
    SELECT note.customer_id, note.owner_id, note.amount_unapplied + coalesce(later.amount, 0)
      FROM credit_note AS note
      LEFT JOIN (SELECT credit_note_id, sum(amount) AS amount FROM payment_allocation
                  WHERE effective_on > day AND credit_note_id IS NOT NULL GROUP BY credit_note_id) AS later
        ON later.credit_note_id = note.id
     WHERE note.issued_on <= day AND note.amount_unapplied + coalesce(later.amount, 0) <> 0
$$;
"""
INDEXES = {
    "ix_journal_entry_document": ("journal_entry", ["document"], "document IS NOT NULL"),
    "ix_payment_allocation_effective_on": ("payment_allocation", ["effective_on"], None),
    "ix_invoice_open_by_day": ("invoice", ["issued_on", "id"], OPEN),
    "ix_invoice_open_by_rest": ("invoice", ["amount_open", "id"], OPEN),
    "ix_invoice_open_by_number": ("invoice", ["number"], OPEN),
    "ix_quotation_open_by_number": ("quotation", ["number"], UNANSWERED),
    "ix_quotation_open_by_day": ("quotation", ["quoted_on", "id"], UNANSWERED),
    "ix_quotation_open_by_validity": ("quotation", [sa.text("coalesce(valid_until, DATE '9999-12-31')"), "id"], UNANSWERED),
    "ix_sales_order_receivable_by_due": ("sales_order_receivable", ["due_on", "order_id"], "is_owing"),
    "ix_opportunity_open_by_age": ("opportunity", ["stage_since", "id"], "stage_kind = 'open'"),
    "ix_opportunity_open_by_number": ("opportunity", ["number"], "stage_kind = 'open'"),
}  # fmt: skip


def upgrade() -> None:
    op.execute(AS_OF)
    for name, (table, columns, condition) in INDEXES.items():
        _index(name, table, columns, condition)
    op.drop_index("ix_invoice_open", "invoice")
    _index(
        "ix_invoice_open", "invoice", ["due_on", "customer_id"], OPEN, ["owner_id", "amount_open", "issued_on", "id"]
    )
    op.drop_index("ix_payment_unapplied", "payment")
    _index(
        "ix_payment_unapplied",
        "payment",
        ["customer_id"],
        UNAPPLIED,
        ["owner_id", "amount_unapplied", "received_on", "id"],
    )


def _index(
    name: str, table: str, columns: Sequence[Any], condition: str | None = None, include: Sequence[str] = ()
) -> None:
    where = sa.text(condition) if condition else None
    op.create_index(name, table, list(columns), postgresql_where=where, postgresql_include=list(include) or None)


def downgrade() -> None:
    op.drop_index("ix_payment_unapplied", "payment")
    _index("ix_payment_unapplied", "payment", ["customer_id"], UNAPPLIED, ["owner_id", "amount_unapplied"])
    op.drop_index("ix_invoice_open", "invoice")
    _index("ix_invoice_open", "invoice", ["due_on", "customer_id"], OPEN, ["owner_id", "amount_open"])
    for name, (table, _columns, _condition) in reversed(INDEXES.items()):
        op.drop_index(name, table)
    op.execute("DROP FUNCTION credits_unapplied_on(date)")
    op.execute("DROP FUNCTION invoices_open_on(date)")
