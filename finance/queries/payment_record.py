"""Payments and refunds as data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.errors import existing
from core.queries.paging import Listing
from core.queries.reading import read
from core.statements import statement
from finance.queries.invoice_record import ALLOCATION_SELECT, AllocationRecord


class PaymentRecord(NamedTuple):
    """Money received (`receipt`) or given back (`refund`); `amount_unapplied` of a receipt is the customer's credit."""

    id: int
    number: str
    kind: str
    customer_id: int
    customer_name: str
    bank_account_id: int
    bank_account: str
    received_on: date
    currency: str
    amount: Decimal
    amount_allocated: Decimal
    amount_unapplied: Decimal
    reference: str | None


SELECT = """
    SELECT row.id, row.number, row.kind, row.customer_id, customer.name, row.bank_account_id, bank.name,
           row.received_on, row.currency, row.amount, row.amount_allocated, row.amount_unapplied, row.reference
      FROM payment AS row JOIN customer ON customer.id = row.customer_id
      JOIN bank_account AS bank ON bank.id = row.bank_account_id
"""
TABLES = "payment customer bank_account"
PAYMENT = statement(
    "payments.record",
    SELECT + " WHERE row.id = %(payment_id)s::bigint AND visible(row)",
    tables=TABLES,
    scope="scoped",
    fact=PaymentRecord,
)
PAYMENT_ALLOCATIONS = statement(
    "payments.record_allocations",
    ALLOCATION_SELECT
    + """ WHERE row.payment_id = %(payment_id)s::bigint OR row.refund_id = %(payment_id)s::bigint
          ORDER BY row.recorded_at, row.id""",
    tables="payment_allocation payment credit_note write_off",
    scope="by_root",
    fact=AllocationRecord,
)
PAYMENTS = Listing(
    "payments.list",
    SELECT,
    TABLES,
    PaymentRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "number": "row.number = %(number)s",
        "kind": "row.kind = %(kind)s",
        "unapplied": "(row.kind = 'receipt' AND row.amount_allocated < row.amount) = %(unapplied)s::boolean",
    },
    scoped_by="row",
)


def get_payment(payment_id: int) -> tuple[PaymentRecord, list[AllocationRecord]]:
    """One payment or refund with its allocations. Raises NotFound."""
    found, allocations = read(PAYMENT(payment_id=payment_id), PAYMENT_ALLOCATIONS(payment_id=payment_id))
    return existing(found, "payment", payment_id), allocations
