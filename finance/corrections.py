"""Un-match and refund: the dated opposites of matching and of receiving money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.audit import record
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.money import MONEY_PLACES, ZERO, total
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Number, Plan
from core.statements import statement
from finance.invoicing import INVOICES_FOR_UPDATE, InvoiceFact
from finance.ledger import BANK, Books, books_for, credit, debit, post
from finance.models import CreditNote, Invoice, Payment, PaymentKind
from finance.receivables import ACCOUNT_FOR_UPDATE, AccountFact, open_summary, settle_account
from finance.sources import (
    BANK_ACCOUNT,
    CREDIT_NOTE_FOR_UPDATE,
    PAYMENT_FOR_UPDATE,
    SOURCE_MODELS,
    UNAPPLIED_CREDIT_NOTES_FOR_UPDATE,
    UNAPPLIED_PAYMENTS_FOR_UPDATE,
    SourceFact,
    write_allocation,
)

means("uq_payment_allocation_reverses_id", "done_meanwhile")


class AllocationFact(NamedTuple):
    """A live allocation (not reversed) of a receipt or a credit note to an invoice."""

    id: int
    payment_id: int | None
    credit_note_id: int | None
    invoice_id: int
    amount: Decimal
    customer_id: int
    effective_on: date


_LIVE_ALLOCATION = """
    SELECT allocation.id, allocation.payment_id, allocation.credit_note_id, allocation.invoice_id, allocation.amount,
           invoice.customer_id, allocation.effective_on
      FROM payment_allocation AS allocation JOIN invoice ON invoice.id = allocation.invoice_id
     WHERE allocation.reverses_id IS NULL
       AND NOT EXISTS (SELECT FROM payment_allocation AS opposite WHERE opposite.reverses_id = allocation.id)
"""
LIVE_ALLOCATION = statement(
    "corrections.live_allocation",
    _LIVE_ALLOCATION + " AND allocation.id = %(id)s::bigint",
    tables="payment_allocation invoice",
    scope="by_root",
    fact=AllocationFact,
)
LIVE_PAYMENT_ALLOCATIONS_OF_INVOICES = statement(
    "corrections.live_payment_allocations_of_invoices",
    _LIVE_ALLOCATION
    + """ AND allocation.payment_id IS NOT NULL AND allocation.invoice_id = ANY (%(invoice_ids)s::bigint[])
          ORDER BY allocation.id""",
    tables="payment_allocation invoice",
    scope="by_root",
    fact=AllocationFact,
)


def unmatch(
    plan: Plan, allocation_id: int, *, reason: str | None = None, effective_on: date | None = None
) -> dict[str, Any]:
    """Takes matched money off its invoice: receivable back up, the money among the customer's advances, dated and kept.

    Locks invoice, payment or credit note, customer. Raises NotFound, also when it was un-matched already.
    """
    [found] = plan.fetch(LIVE_ALLOCATION(id=allocation_id))
    if not found:
        raise NotFound("allocation", allocation_id)
    first: AllocationFact = found[0]
    on = effective_on or max(plan.today, first.effective_on)
    [invoice], payments, credit_notes, [account], again, [books] = plan.fetch(
        INVOICES_FOR_UPDATE(ids=[first.invoice_id]),
        PAYMENT_FOR_UPDATE(ids=[first.payment_id] if first.payment_id else []),
        CREDIT_NOTE_FOR_UPDATE(ids=[first.credit_note_id] if first.credit_note_id else []),
        ACCOUNT_FOR_UPDATE(customer_id=first.customer_id),
        LIVE_ALLOCATION(id=allocation_id),
        books_for(on),
    )
    if not again:
        raise NotFound("allocation", allocation_id)
    source: SourceFact = (payments or credit_notes)[0]
    reverse_allocation(plan, books, first, invoice, reason=reason)
    [[others]] = plan.fetch(open_summary(first.customer_id, [invoice.id]))
    status = settle_account(
        plan,
        account,
        others,
        [invoice.after(-first.amount)],
        open_receivables=first.amount,
        unapplied=first.amount,
    )
    record(
        plan,
        f"{source.kind}.unmatched",
        source.kind,
        source.id,
        label=source.number,
        changes={"invoice": invoice.number, "amount": first.amount},
    )
    emit(plan, "payment_unmatched", customer_id=first.customer_id, amount=first.amount, number=source.number)
    return {
        "id": allocation_id,
        "number": source.number,
        "invoice_id": invoice.id,
        "amount_unapplied": source.amount_unapplied + first.amount,
        "payment_status": status,
    }


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


def refund(
    plan: Plan,
    *,
    customer_id: int,
    amount: Decimal,
    refunded_on: date | None = None,
    reference: str | None = None,
    bank_account_id: int | None = None,
) -> dict[str, Any]:
    """Gives unapplied credit back from a bank account: advances against bank, taken from the oldest credit first.

    Locks payments, credit notes, the customer's account. Raises `refund_exceeds_credit`, `period_closed`, InvalidInput.
    """
    on = refunded_on or plan.today
    errors = FieldErrors()
    errors.positive("amount", amount, MONEY_PLACES)
    if on > plan.today:
        errors.add("refunded_on", "in_the_future", today=plan.today)
    errors.raise_if_any()
    payments, credit_notes, accounts, banks, [books] = plan.fetch(
        UNAPPLIED_PAYMENTS_FOR_UPDATE(customer_id=customer_id),
        UNAPPLIED_CREDIT_NOTES_FOR_UPDATE(customer_id=customer_id),
        ACCOUNT_FOR_UPDATE(customer_id=customer_id),
        BANK_ACCOUNT(bank_account_id=bank_account_id),
        books_for(on),
    )
    if not accounts:
        raise NotFound("customer", customer_id)
    if not banks:
        raise NotFound("bank_account", bank_account_id)
    account: AccountFact = accounts[0]
    sources: list[SourceFact] = sorted([*payments, *credit_notes], key=lambda source: (source.dated_on, source.id))
    available = total(source.amount_unapplied for source in sources)
    if amount > available:
        raise DomainError("refund_exceeds_credit", requested=amount, available=available)
    number = plan.number("REF", on)
    refund_id = _post_refund(plan, books, account, amount, number, banks[0], reference)
    left = amount
    for source in sources:
        part = min(left, source.amount_unapplied)
        if part <= ZERO:
            break
        _take(plan, source, refund_id[0], part, books, refund_id[1], number)
        left -= part
    plan.add(CustomerAccount, customer_id, unapplied=-amount)
    record(plan, "refund.recorded", "payment", refund_id[0], label=number, changes={"amount": amount})
    emit(plan, "refund_recorded", customer_id=customer_id, amount=amount, number=number)
    plan.effect("refund", customer=account.customer_name, amount=amount, bank=banks[0].name)
    return {
        "id": refund_id[0],
        "number": number,
        "customer_id": customer_id,
        "amount": amount,
        "amount_unapplied": account.unapplied - amount,
    }


def _post_refund(
    plan: Plan, books: Books, account: AccountFact, amount: Decimal, number: Number, bank: Any, reference: str | None
) -> tuple[int, int]:
    entry = post(
        plan,
        books,
        journal=BANK,
        event="refund",
        postings=[debit("advances", amount, account.customer_id), credit(bank.account_id, amount)],
        origin=number,
        document=number,
        memo=reference,
    )
    refund_id = plan.insert(
        Payment,
        number=number,
        kind=PaymentKind.REFUND,
        customer_id=account.customer_id,
        owner_id=account.owner_id,
        bank_account_id=bank.id,
        received_on=books.effective_on,
        currency=books.currency,
        amount=amount,
        amount_allocated=amount,
        reference=reference,
        entry_id=entry.id,
        recorded_at=number.recorded_at,
    )
    return refund_id, entry.id


def _take(
    plan: Plan, source: SourceFact, refund_id: int, part: Decimal, books: Books, entry_id: int, number: Number
) -> None:
    columns = {"refund_id": refund_id, f"{source.kind}_id": source.id}
    write_allocation(plan, books, entry_id, number.recorded_at, part, **columns)
    plan.add(SOURCE_MODELS[source.kind], source.id, amount_allocated=part)
