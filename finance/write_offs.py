"""Writing off what will not be paid, and taking that back when it is paid after all.

A write-off stands on its invoice like an allocation, so that open amount, aging of any day and the customer's account
follow from the same rows. It is gross of tax: the whole open amount becomes bad debt expense. VAT already recognised
stays due; relief for it, where a tax law grants any, is an entry by hand.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from core.approvals.models import ApprovalKind
from core.approvals.require import Subject, require
from core.audit import record
from core.errors import DomainError, FieldErrors, NotFound
from core.money import places_of
from core.needs import needs
from core.outbox import emit
from core.plan import Plan
from core.statements import statement
from finance.invoicing import INVOICES_FOR_UPDATE, InvoiceFact
from finance.ledger import GENERAL, Books, books_for, credit, debit, post
from finance.models import Invoice, WriteOff
from finance.receivables import ACCOUNT_FOR_UPDATE, AccountFact, OpenSummary, open_summary, settle_account
from finance.sources import write_allocation

LONGEST_REASON = 300


class WriteOffFact(NamedTuple):
    """A write-off that still stands, with its allocation."""

    id: int
    number: str
    invoice_id: int
    customer_id: int
    amount: Decimal
    allocation_id: int


LIVE_WRITE_OFF = statement(
    "write_offs.live",
    """
    SELECT write_off.id, write_off.number, write_off.invoice_id, invoice.customer_id, write_off.amount, allocation.id
      FROM write_off JOIN invoice ON invoice.id = write_off.invoice_id
      JOIN payment_allocation AS allocation ON allocation.write_off_id = write_off.id AND allocation.reverses_id IS NULL
     WHERE write_off.id = %(write_off_id)s::bigint AND visible(invoice)
       AND NOT EXISTS (SELECT FROM payment_allocation AS opposite WHERE opposite.reverses_id = allocation.id)
    """,
    tables="write_off invoice payment_allocation",
    scope="scoped",
    fact=WriteOffFact,
)
CUSTOMER_OF_INVOICE = statement(
    "write_offs.customer_of_invoice",
    "SELECT customer_id FROM invoice WHERE id = %(invoice_id)s::bigint AND visible(invoice)",
    tables="invoice",
    scope="scoped",
)


@needs("invoices.write_off")
def write_off(plan: Plan, invoice_id: int, *, amount: Decimal, reason: str | None) -> dict[str, Any]:
    """Writes off all or part of what an invoice is open by: bad debt expense against the receivable, dated today.

    Gross of tax. Needs an approval where all that is written off of the invoice with it is above the rule's amount, so
    that it does not matter into how many parts it is cut. Locks invoice, account, period. Raises NotFound,
    `nothing_to_write_off`, InvalidInput beside `amount` and `reason`, `approval_required`, `period_closed`.
    """
    invoice, account, others, books = _lock(plan, invoice_id)
    errors, text = FieldErrors(), _reason(reason)
    if invoice.amount_open <= 0:
        raise DomainError("nothing_to_write_off", invoice=invoice.number)
    errors.positive(
        "amount", amount, places_of(books.currency), most=invoice.amount_open, too_much="write_off_exceeds_invoice",
        invoice=invoice.number,
    )  # fmt: skip
    errors.raise_if_any()
    subject = Subject("invoice", invoice.id, invoice.number, invoice.customer_id)
    require(plan, ApprovalKind.WRITE_OFF, subject, invoice.amount_written_off + amount)
    number = plan.number("WO", books.effective_on)
    entry = post(
        plan,
        books,
        journal=GENERAL,
        event="write_off",
        postings=[debit("bad_debts", amount), credit("receivable", amount, invoice.customer_id)],
        origin=invoice.number,
        document=number,
        memo=text,
    )
    write_off_id = plan.insert(
        WriteOff,
        number=number,
        invoice_id=invoice.id,
        written_off_on=books.effective_on,
        currency=books.currency,
        amount=amount,
        reason=text,
        entry_id=entry.id,
        recorded_at=number.recorded_at,
        actor_id=plan.actor.user_id,
    )
    columns: dict[str, Any] = {"write_off_id": write_off_id, "invoice_id": invoice.id, "reason": text}
    allocation_id = write_allocation(plan, books, entry.id, number.recorded_at, amount, **columns)
    _move(plan, invoice, account, others, amount)
    plan.effect("write_off", invoice=invoice.number, customer=account.customer_name, amount=amount)
    record(plan, "write_off.posted", "write_off", write_off_id, label=number, changes={"amount": amount})
    emit(plan, "invoice_written_off", invoice_id=invoice.id, number=number, amount=amount)
    return {
        "id": write_off_id,
        "number": number,
        "invoice_id": invoice.id,
        "allocation_id": allocation_id,
        "amount": amount,
        "amount_open": invoice.amount_open - amount,
    }


@needs("invoices.write_off")
def reverse_write_off(plan: Plan, write_off_id: int, *, reason: str | None) -> dict[str, Any]:
    """Takes a write-off back by its dated opposite: the invoice is open again, the expense is taken back today.

    Locks invoice, account, period. Raises NotFound, also when it was taken back already, InvalidInput beside `reason`,
    `period_closed`.
    """
    [found] = plan.fetch(LIVE_WRITE_OFF(write_off_id=write_off_id))
    if not found:
        raise NotFound("write_off", write_off_id)
    text = _reason(reason)
    invoice, account, others, books = _lock(plan, found[0].invoice_id)
    [again] = plan.fetch(LIVE_WRITE_OFF(write_off_id=write_off_id))  # behind the lock: nobody else takes it back now
    if not again:
        raise NotFound("write_off", write_off_id)
    live: WriteOffFact = again[0]
    entry = post(
        plan,
        books,
        journal=GENERAL,
        event="write_off_reversal",
        postings=[debit("receivable", live.amount, live.customer_id), credit("bad_debts", live.amount)],
        origin=invoice.number,
        document=live.number,
        memo=text,
    )
    write_allocation(
        plan,
        books,
        entry.id,
        entry.number.recorded_at,
        -live.amount,
        write_off_id=live.id,
        invoice_id=invoice.id,
        reverses_id=live.allocation_id,
        reason=text,
    )
    _move(plan, invoice, account, others, -live.amount)
    plan.effect("write_off_reversal", invoice=invoice.number, customer=account.customer_name, amount=live.amount)
    record(plan, "write_off.reversed", "write_off", live.id, label=live.number, changes={"reason": text})
    emit(plan, "write_off_reversed", invoice_id=invoice.id, number=live.number, amount=live.amount)
    return {
        "id": live.id,
        "number": live.number,
        "invoice_id": invoice.id,
        "amount": live.amount,
        "amount_open": invoice.amount_open + live.amount,
    }


def _lock(plan: Plan, invoice_id: int) -> tuple[InvoiceFact, AccountFact, OpenSummary, Books]:
    """The invoice, its customer's account and today's books, under lock in that order. Raises NotFound."""
    [owners] = plan.fetch(CUSTOMER_OF_INVOICE(invoice_id=invoice_id))
    if not owners:
        raise NotFound("invoice", invoice_id)
    customer_id = owners[0][0]
    invoices, accounts, [books], [others] = plan.fetch(
        INVOICES_FOR_UPDATE(ids=[invoice_id]),
        ACCOUNT_FOR_UPDATE(customer_id=customer_id),
        books_for(plan.today),
        open_summary(customer_id, [invoice_id]),
    )
    if not invoices or not accounts:
        raise NotFound("invoice", invoice_id)
    return invoices[0], accounts[0], others, books


def _move(plan: Plan, invoice: InvoiceFact, account: AccountFact, others: OpenSummary, amount: Decimal) -> None:
    """Counters of the invoice and of the customer's account; a negative amount is taken back."""
    plan.add(Invoice, invoice.id, amount_allocated=amount, amount_written_off=amount)
    settle_account(plan, account, others, [invoice.after(amount)], open_receivables=-amount)


def _reason(reason: str | None) -> str:
    text, errors = (reason or "").strip(), FieldErrors()
    if not text:
        errors.add("reason", "required")
    elif len(text) > LONGEST_REASON:
        errors.add("reason", "too_long", limit=LONGEST_REASON)
    errors.raise_if_any()
    return text
