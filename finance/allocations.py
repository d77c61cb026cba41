"""Money on an invoice: an allocation taken off by its dated opposite, and credit put on by an entry of its own.

What belongs together stays together: a credit note goes on the invoice that it corrects as far as that one is open, and
only its rest stands among the customer's advances. So an invoice is never open by more than it is worth after its
credit notes, and no customer can get back more money than came from him.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.errors import DomainError
from core.money import ZERO
from core.plan import Plan
from core.statements import statement
from finance.invoicing import InvoiceFact
from finance.ledger import BANK, Books, credit, debit, post
from finance.models import CreditNote, Invoice, Payment
from finance.sources import SOURCE_MODELS, SourceFact, write_allocation


class AllocationFact(NamedTuple):
    """A live allocation (not reversed) of a receipt or a credit note to an invoice.

    `corrected_id` is the invoice that the credit note corrects, which need not be the one that its money is on.
    """

    id: int
    payment_id: int | None
    credit_note_id: int | None
    invoice_id: int
    amount: Decimal
    customer_id: int
    effective_on: date
    corrected_id: int | None

    @property
    def is_correction(self) -> bool:
        """Whether the correction itself closed the invoice: part of what was posted, and no match somebody made."""
        return self.corrected_id == self.invoice_id


_LIVE_ALLOCATION = """
    SELECT allocation.id, allocation.payment_id, allocation.credit_note_id, allocation.invoice_id, allocation.amount,
           invoice.customer_id, allocation.effective_on, note.invoice_id
      FROM payment_allocation AS allocation JOIN invoice ON invoice.id = allocation.invoice_id
      LEFT JOIN credit_note AS note ON note.id = allocation.credit_note_id
     WHERE visible(invoice) AND allocation.reverses_id IS NULL AND allocation.write_off_id IS NULL
       AND NOT EXISTS (SELECT FROM payment_allocation AS opposite WHERE opposite.reverses_id = allocation.id)
"""
LIVE_ALLOCATION = statement(
    "corrections.live_allocation",
    _LIVE_ALLOCATION + " AND allocation.id = %(id)s::bigint",
    tables="payment_allocation invoice credit_note",
    scope="scoped",
    fact=AllocationFact,
)
LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES = statement(
    "corrections.live_payment_allocations_of_invoices",
    _LIVE_ALLOCATION
    + """ AND allocation.payment_id IS NOT NULL AND allocation.invoice_id = ANY (%(invoice_ids)s::bigint[])
          ORDER BY allocation.id""",
    tables="payment_allocation invoice credit_note",
    scope="scoped",
    fact=AllocationFact,
)


def reverse_allocation(
    plan: Plan, books: Books, allocation: AllocationFact, invoice: InvoiceFact, *, reason: str | None
) -> None:
    """Adds the opposite row and entry of one allocation; the caller settles the customer's account."""
    entry = post(
        plan,
        books,
        journal=BANK,
        event="unmatch",
        postings=[
            debit("receivable", allocation.amount, allocation.customer_id),
            credit("advances", allocation.amount, allocation.customer_id),
        ],
        origin=invoice.origin,
        document=invoice.number,
        memo=reason,
    )
    write_allocation(
        plan,
        books,
        entry.id,
        entry.number.recorded_at,
        -allocation.amount,
        payment_id=allocation.payment_id,
        credit_note_id=allocation.credit_note_id,
        invoice_id=invoice.id,
        reverses_id=allocation.id,
        reason=reason,
    )
    plan.add(Invoice, invoice.id, amount_allocated=-allocation.amount)
    if allocation.payment_id:
        plan.add(Payment, allocation.payment_id, amount_allocated=-allocation.amount)
    elif allocation.credit_note_id:
        plan.add(CreditNote, allocation.credit_note_id, amount_allocated=-allocation.amount)
    plan.effect("unmatch", invoice=invoice.number, amount=allocation.amount)


def put_on_invoice(
    plan: Plan, books: Books, source: SourceFact, invoice: InvoiceFact, amount: Decimal, open_after: Decimal
) -> None:
    """Puts credit of one source on one invoice, advances to receivable; the caller settles the customer's account."""
    entry = post(
        plan,
        books,
        journal=BANK,
        event="match",
        postings=[
            debit("advances", amount, invoice.customer_id),
            credit("receivable", amount, invoice.customer_id),
        ],
        origin=invoice.origin,
        document=source.number,
    )
    columns: dict[str, Any] = {f"{source.kind}_id": source.id, "invoice_id": invoice.id}
    write_allocation(plan, books, entry.id, entry.number.recorded_at, amount, **columns)
    plan.add(Invoice, invoice.id, amount_allocated=amount)
    plan.add(SOURCE_MODELS[source.kind], source.id, amount_allocated=amount)
    plan.effect("match", invoice=invoice.number, amount=amount, open=open_after)


class Settled(NamedTuple):
    """A credit note put on the invoice that it corrects."""

    note: SourceFact
    invoice: InvoiceFact
    amount: Decimal


def own_credit(
    notes: Iterable[SourceFact],
    invoices: Mapping[int, InvoiceFact],
    opened: Mapping[int, Decimal],
    freed: Mapping[int, Decimal] | None = None,
) -> list[Settled]:
    """What of the credit notes goes on the invoices that they correct, the oldest note first.

    `opened` is what each invoice owes and `freed` what of a note came free, as this command has left them.
    """
    still_open = dict(opened)
    settled = []
    for note in sorted(notes, key=lambda note: (note.dated_on, note.id)):
        if note.invoice_id not in still_open:
            continue
        rest = note.amount_unapplied + (freed or {}).get(note.id, ZERO)
        part = min(rest, still_open[note.invoice_id])
        if part > ZERO:
            still_open[note.invoice_id] -= part
            settled.append(Settled(note, invoices[note.invoice_id], part))
    return settled


def check_worth(invoice: InvoiceFact, amount_open: Decimal) -> None:
    """Refuses what would leave an invoice open by more than it is worth after its credit notes.

    That happens where the money of its credit notes was refunded or put on other invoices: what paid for that has to
    stay. Raises DomainError `credit_used_elsewhere` with what is held.
    """
    held = amount_open - (invoice.amount_total - invoice.amount_credited)
    if held > 0:
        raise DomainError("credit_used_elsewhere", invoice=invoice.number, held=held)
