"""Money that can be put on invoices or given back: receipts and credit notes, read under lock, and the bank account it
came to or leaves from; how an allocation is written down."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.plan import Plan, RecordedAt
from core.statements import statement
from finance.ledger import Books
from finance.models import CreditNote, Payment, PaymentAllocation


class BankFact(NamedTuple):
    id: int
    account_id: int
    name: str


BANK_ACCOUNT = statement(
    "payments.bank_account",
    """
    SELECT id, account_id, name FROM bank_account
     WHERE is_active AND (id = %(bank_account_id)s::bigint OR (%(bank_account_id)s::bigint IS NULL AND is_default))
    """,
    tables="bank_account",
    scope="system",
    fact=BankFact,
)


class SourceFact(NamedTuple):
    """Money that can be put on invoices or refunded: a receipt or a credit note, under lock.

    `invoice_id` is the invoice that a credit note corrects; a receipt has none.
    """

    kind: str
    id: int
    number: str
    customer_id: int
    amount: Decimal
    amount_allocated: Decimal
    dated_on: date
    reference: str | None
    invoice_id: int | None

    @property
    def amount_unapplied(self) -> Decimal:
        return self.amount - self.amount_allocated


PAYMENT_FOR_UPDATE = statement(
    "payments.payment_for_update",
    """
    SELECT 'payment', id, number, customer_id, amount, amount_allocated, received_on, reference, NULL::bigint
      FROM payment
     WHERE id = ANY (%(ids)s::bigint[]) AND kind = 'receipt' AND visible(payment) ORDER BY id FOR NO KEY UPDATE
    """,
    tables="payment",
    scope="scoped",
    fact=SourceFact,
)
CREDIT_NOTE_FOR_UPDATE = statement(
    "payments.credit_note_for_update",
    """
    SELECT 'credit_note', id, number, customer_id, amount_total, amount_allocated, issued_on, reason,
           invoice_id
      FROM credit_note
     WHERE id = ANY (%(ids)s::bigint[]) AND visible(credit_note) ORDER BY id FOR NO KEY UPDATE
    """,
    tables="credit_note",
    scope="scoped",
    fact=SourceFact,
)
CREDIT_NOTES_TO_SETTLE_FOR_UPDATE = statement(
    "payments.credit_notes_to_settle_for_update",
    """
    SELECT 'credit_note', id, number, customer_id, amount_total, amount_allocated, issued_on, reason,
           invoice_id
      FROM credit_note
     WHERE id = ANY (%(ids)s::bigint[]) OR invoice_id = ANY (%(invoice_ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
    """,
    tables="credit_note",
    scope="by_root",
    fact=SourceFact,
)
UNAPPLIED_PAYMENTS_FOR_UPDATE = statement(
    "payments.unapplied_payments_for_update",
    """
    SELECT 'payment', id, number, customer_id, amount, amount_allocated, received_on, reference, NULL::bigint
      FROM payment
     WHERE customer_id = %(customer_id)s::bigint AND kind = 'receipt' AND amount_allocated < amount
     ORDER BY id FOR NO KEY UPDATE
    """,
    tables="payment",
    scope="by_root",
    fact=SourceFact,
)
UNAPPLIED_CREDIT_NOTES_FOR_UPDATE = statement(
    "payments.unapplied_credit_notes_for_update",
    """
    SELECT 'credit_note', id, number, customer_id, amount_total, amount_allocated, issued_on, reason,
           invoice_id
      FROM credit_note
     WHERE customer_id = %(customer_id)s::bigint AND amount_allocated < amount_total ORDER BY id FOR NO KEY UPDATE
    """,
    tables="credit_note",
    scope="by_root",
    fact=SourceFact,
)
CUSTOMER_OF_PAYMENT = statement(
    "payments.customer_of_payment",
    "SELECT customer_id FROM payment WHERE id = %(id)s::bigint AND kind = 'receipt' AND visible(payment)",
    tables="payment",
    scope="scoped",
)
CUSTOMER_OF_CREDIT_NOTE = statement(
    "payments.customer_of_credit_note",
    "SELECT customer_id FROM credit_note WHERE id = %(id)s::bigint AND visible(credit_note)",
    tables="credit_note",
    scope="scoped",
)
SOURCE_MODELS: dict[str, Any] = {"payment": Payment, "credit_note": CreditNote}


def write_allocation(
    plan: Plan, books: Books, entry_id: int, recorded_at: RecordedAt, amount: Decimal, **columns: Any
) -> int:
    """One dated row of money put on an invoice, taken off again or given back; the caller moves the counters."""
    return plan.insert(
        PaymentAllocation,
        amount=amount,
        effective_on=books.effective_on,
        recorded_at=recorded_at,
        entry_id=entry_id,
        actor_id=plan.actor.user_id,
        **columns,
    )
