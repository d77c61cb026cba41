"""Un-match and refund: the dated opposites of matching and of receiving money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.audit import record
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.money import MONEY_PLACES, ZERO, places_of, total
from core.needs import needs
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Number, Plan
from finance.allocations import (
    LIVE_ALLOCATION,
    AllocationFact,
    Settled,
    check_worth,
    own_credit,
    put_on_invoice,
    reverse_allocation,
)
from finance.days import BooksByDay, Days, check_day
from finance.invoicing import INVOICES_FOR_UPDATE, InvoiceFact
from finance.ledger import BANK, Books, books_for, credit, debit, post
from finance.models import Payment, PaymentKind
from finance.receivables import ACCOUNT_FOR_UPDATE, AccountFact, open_summary, settle_account
from finance.sources import (
    BANK_ACCOUNT,
    CREDIT_NOTES_TO_SETTLE_FOR_UPDATE,
    PAYMENT_FOR_UPDATE,
    SOURCE_MODELS,
    UNAPPLIED_CREDIT_NOTES_FOR_UPDATE,
    UNAPPLIED_PAYMENTS_FOR_UPDATE,
    SourceFact,
    write_allocation,
)

means("uq_payment_allocation_reverses_id", "done_meanwhile")


@needs("payments.write")
def unmatch(
    plan: Plan, allocation_id: int, *, reason: str | None = None, effective_on: date | None = None
) -> dict[str, Any]:
    """Takes matched money off its invoice: receivable back up, the money among the customer's advances, dated and kept.

    What a credit note still has goes on the invoice that it corrects as far as that one is open now. Locks invoices,
    payment or credit notes, customer. Raises NotFound, also when it was un-matched already, `correction_not_unmatched`
    for what a correction closed itself, `credit_used_elsewhere`, InvalidInput beside `effective_on`.
    """
    [found] = plan.fetch(LIVE_ALLOCATION(id=allocation_id))
    if not found:
        raise NotFound("allocation", allocation_id)
    first: AllocationFact = found[0]
    on = effective_on or max(plan.today, first.effective_on)
    if effective_on:
        check_day(plan, "effective_on", on, first.effective_on, "unmatch_too_early")
    invoice_ids = sorted({first.invoice_id, first.corrected_id or first.invoice_id})
    invoice_rows, payments, notes, [account], again, [books] = plan.fetch(
        INVOICES_FOR_UPDATE(ids=invoice_ids),
        PAYMENT_FOR_UPDATE(ids=[first.payment_id] if first.payment_id else []),
        CREDIT_NOTES_TO_SETTLE_FOR_UPDATE(
            ids=[first.credit_note_id] if first.credit_note_id else [], invoice_ids=invoice_ids
        ),
        ACCOUNT_FOR_UPDATE(customer_id=first.customer_id),
        LIVE_ALLOCATION(id=allocation_id),
        books_for(on),
    )
    if not again:
        raise NotFound("allocation", allocation_id)
    invoices: dict[int, InvoiceFact] = {invoice.id: invoice for invoice in invoice_rows}
    invoice = invoices[first.invoice_id]
    [source] = payments or [note for note in notes if note.id == first.credit_note_id]
    if first.is_correction:
        raise DomainError("correction_not_unmatched", invoice=invoice.number, credit_note=source.number)
    reverse_allocation(plan, books, first, invoice, reason=reason)
    opened = {each.id: each.amount_open for each in invoice_rows}
    opened[invoice.id] += first.amount
    settled = own_credit(notes, invoices, opened, {source.id: first.amount})
    _settle_own(plan, books, settled, notes, opened)
    check_worth(invoice, opened[invoice.id])
    status = _settle_customer(plan, account, invoice_rows, opened)
    record(
        plan,
        f"{source.kind}.unmatched",
        source.kind,
        source.id,
        label=source.number,
        changes={"invoice": invoice.number, "amount": first.amount},
    )
    emit(plan, "payment_unmatched", customer_id=first.customer_id, amount=first.amount, number=source.number)
    put_again = total(each.amount for each in settled if each.note.id == source.id)
    return {
        "id": allocation_id,
        "number": source.number,
        "invoice_id": invoice.id,
        "amount_unapplied": source.amount_unapplied + first.amount - put_again,
        "payment_status": status,
    }


def _settle_own(
    plan: Plan, books: Books, settled: list[Settled], notes: list[SourceFact], opened: dict[int, Decimal]
) -> None:
    """Puts the credit notes on their invoices, each on the un-match's day or when the note was there."""
    if not settled:
        return
    days, by_day = Days(plan, books.effective_on, (), notes), BooksByDay(plan, books)
    for note, invoice, amount in settled:
        opened[invoice.id] -= amount
        on = max(books.effective_on, days.since(note.id))
        put_on_invoice(plan, by_day.on(on), note, invoice, amount, opened[invoice.id])


def _settle_customer(plan: Plan, account: AccountFact, invoices: list[InvoiceFact], opened: dict[int, Decimal]) -> Any:
    """Takes what the invoices owe now into the customer's account: what came off them is his credit."""
    changes = {invoice.id: opened[invoice.id] - invoice.amount_open for invoice in invoices}
    [[others]] = plan.fetch(open_summary(account.customer_id, sorted(changes)))
    freed = total(changes.values())
    return settle_account(
        plan,
        account,
        others,
        [invoice.after(-changes[invoice.id]) for invoice in invoices],
        open_receivables=freed,
        unapplied=freed,
    )


@needs("payments.write")
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

    A refund of an earlier day takes only what was there on that day. Locks payments, credit notes, the customer's
    account. Raises `refund_exceeds_credit`, `period_closed`, InvalidInput.
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
    errors.positive("amount", amount, places_of(books.currency))
    errors.raise_if_any()
    account: AccountFact = accounts[0]
    sources: list[SourceFact] = sorted([*payments, *credit_notes], key=lambda source: (source.dated_on, source.id))
    available = total(source.amount_unapplied for source in sources)
    if amount > available:
        raise DomainError("refund_exceeds_credit", requested=amount, available=available)
    sources = _there_on(plan, on, sources, amount)
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


def _there_on(plan: Plan, on: date, sources: list[SourceFact], amount: Decimal) -> list[SourceFact]:
    """The sources that were free on a day. Refuses, naming the first day, where they do not cover the amount."""
    days = Days(plan, on, (), sources)
    there = [source for source in sources if days.since(source.id) <= on]
    available = total(source.amount_unapplied for source in there)
    if amount > available:
        first_on, found = on, available
        for source in sorted((each for each in sources if each not in there), key=lambda each: days.since(each.id)):
            first_on, found = days.since(source.id), found + source.amount_unapplied
            if found >= amount:
                break
        errors = FieldErrors()
        errors.add("refunded_on", "refund_too_early", first_on=first_on, available=available)
        errors.raise_if_any()
    return there


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
