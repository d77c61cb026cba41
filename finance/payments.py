"""Money in: receipts, their allocation to invoices, credit put on invoices.

A receipt posts bank against receivable for what is matched at once and against customer advances for the rest. Later
matches move advances to receivable. Money that came before its invoice stands among advances until the invoice's day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.audit import record
from core.errors import DomainError, FieldErrors, InvalidInput, NotFound
from core.money import MONEY_PLACES, places_of, total
from core.needs import needs
from core.outbox import emit
from core.parties import CustomerAccount
from core.plan import Number, Plan
from core.statements import Query, statement
from finance.days import BooksByDay, Days, check_day
from finance.invoicing import INVOICE_COLUMNS, INVOICES_FOR_UPDATE, InvoiceFact
from finance.ledger import BANK, Books, books_for, credit, debit, post
from finance.matching import propose
from finance.models import Invoice, Payment, PaymentKind
from finance.receivables import ACCOUNT_FOR_UPDATE, AccountFact, OpenSummary, open_summary, settle_account
from finance.sources import (
    BANK_ACCOUNT,
    CREDIT_NOTE_FOR_UPDATE,
    CUSTOMER_OF_CREDIT_NOTE,
    CUSTOMER_OF_PAYMENT,
    PAYMENT_FOR_UPDATE,
    SOURCE_MODELS,
    SourceFact,
    write_allocation,
)
from finance.tasks import task_for_cancelled

OPEN_INVOICES_FOR_UPDATE = statement(
    "payments.open_invoices_for_update",
    f"""
    SELECT {INVOICE_COLUMNS} FROM invoice
     WHERE customer_id = %(customer_id)s::bigint AND amount_allocated < amount_total ORDER BY id FOR NO KEY UPDATE
    """,  # noqa: S608 (names of columns, no values)
    tables="invoice",
    scope="by_root",
    fact=InvoiceFact,
)


@dataclass(frozen=True)
class Wanted:
    """An allocation somebody asks for: an invoice and how much of the money goes on it."""

    invoice_id: int
    amount: Decimal


@needs("payments.write")
def record_payment(
    plan: Plan,
    *,
    customer_id: int,
    amount: Decimal,
    received_on: date | None = None,
    currency: str | None = None,
    reference: str | None = None,
    allocations: Sequence[Wanted] | None = None,
    auto: bool = False,
    bank_account_id: int | None = None,
) -> dict[str, Any]:
    """Records money from a customer and matches it: to the invoices named, by the product's rules (`auto`), or not at
    all.

    What is not matched stays as the customer's unapplied credit, and so does, until then, what goes on an invoice of a
    later day. Locks the invoices, then the customer's account. Raises InvalidInput beside the field, NotFound for the
    customer, `allocation_exceeds_invoice`, `period_closed`.
    """
    received_on = received_on or plan.today
    _check_payment(plan, amount, received_on, allocations, auto)
    invoice_rows, account_rows, banks, [books] = plan.fetch(
        _invoices(customer_id, allocations, auto),
        ACCOUNT_FOR_UPDATE(customer_id=customer_id),
        BANK_ACCOUNT(bank_account_id=bank_account_id),
        books_for(received_on),
    )
    if not account_rows:
        raise NotFound("customer", customer_id)
    account: AccountFact = account_rows[0]
    if not banks:
        raise NotFound("bank_account", bank_account_id)
    _check_currency(books, currency, amount)
    invoices: dict[int, InvoiceFact] = {invoice.id: invoice for invoice in invoice_rows}
    chosen = _chosen(invoices, amount, reference, allocations, auto)
    matched = _check_allocations(chosen, invoices, customer_id, amount, books.currency)
    days = Days(plan, received_on, [invoices[wanted.invoice_id] for wanted in chosen], ())
    at_once = [wanted for wanted in chosen if days.since(wanted.invoice_id) <= received_on]
    paid_at_once = total(wanted.amount for wanted in at_once)
    number = plan.number("PAY", received_on)
    entry = post(
        plan,
        books,
        journal=BANK,
        event="payment",
        postings=[
            debit(banks[0].account_id, amount),
            credit("receivable", paid_at_once, customer_id),
            credit("advances", amount - paid_at_once, customer_id),
        ],
        origin=_origin(at_once, invoices, number),
        document=number,
        memo=reference,
    )
    payment_id = plan.insert(
        Payment,
        number=number,
        kind=PaymentKind.RECEIPT,
        customer_id=customer_id,
        owner_id=account.owner_id,
        bank_account_id=banks[0].id,
        received_on=received_on,
        currency=books.currency,
        amount=amount,
        amount_allocated=matched,
        reference=reference,
        entry_id=entry.id,
        recorded_at=number.recorded_at,
    )
    rows = _allocate(plan, "payment", payment_id, at_once, invoices, books, entry.id, number)
    by_day = BooksByDay(plan, books)
    for on in sorted({days.since(wanted.invoice_id) for wanted in chosen if wanted not in at_once}):
        of_day = [wanted for wanted in chosen if wanted not in at_once and days.since(wanted.invoice_id) == on]
        rows += _post_match(plan, by_day.on(on), "payment", payment_id, number, of_day, invoices)
    [others] = plan.fetch(open_summary(customer_id, [wanted.invoice_id for wanted in chosen]))
    status = _settle(plan, account, others[0], chosen, invoices, unapplied=amount - matched)
    if reference and matched < amount:
        task_for_cancelled(plan, customer_id, reference, amount - matched)
    if account.last_payment_on is None or received_on >= account.last_payment_on:
        plan.set(CustomerAccount, customer_id, last_payment_on=received_on, last_payment_amount=amount)
    record(
        plan, "payment.recorded", "payment", payment_id, label=number, changes={"amount": amount, "matched": matched}
    )
    emit(plan, "payment_recorded", payment_id=payment_id, customer_id=customer_id, amount=amount, number=number)
    plan.effect("payment", customer=account.customer_name, amount=amount, bank=banks[0].name)
    return {
        "id": payment_id,
        "number": number,
        "customer_id": customer_id,
        "amount": amount,
        "currency": books.currency,
        "received_on": received_on,
        "reference": reference,
        "amount_unapplied": amount - matched,
        "allocations": rows,
        "payment_status": status,
    }


@needs("payments.write")
def match(
    plan: Plan,
    source_kind: str,
    source_id: int,
    *,
    allocations: Sequence[Wanted] | None = None,
    auto: bool = False,
    effective_on: date | None = None,
) -> dict[str, Any]:
    """Puts unapplied money of a receipt or a credit note on open invoices: advances to receivable, dated.

    Raises NotFound, `nothing_unapplied`, `allocation_exceeds_invoice`, `allocation_exceeds_credit`, `nothing_to_match`,
    InvalidInput beside `effective_on` for a day in the future, or before the money was free and the invoices open.
    """
    source_query = PAYMENT_FOR_UPDATE if source_kind == "payment" else CREDIT_NOTE_FOR_UPDATE
    customer_of = CUSTOMER_OF_PAYMENT if source_kind == "payment" else CUSTOMER_OF_CREDIT_NOTE
    [owners] = plan.fetch(customer_of(id=source_id))
    if not owners:
        raise NotFound(source_kind, source_id)
    customer_id = owners[0][0]
    on = effective_on or plan.today
    invoice_rows, sources, [account], [books] = plan.fetch(
        _invoices(customer_id, allocations, auto),
        source_query(ids=[source_id]),
        ACCOUNT_FOR_UPDATE(customer_id=customer_id),
        books_for(on),
    )
    if not sources:
        raise NotFound(source_kind, source_id)
    source: SourceFact = sources[0]
    if source.amount_unapplied <= 0:
        raise DomainError("nothing_unapplied", number=source.number)
    invoices: dict[int, InvoiceFact] = {invoice.id: invoice for invoice in invoice_rows}
    chosen = _chosen(invoices, source.amount_unapplied, source.reference, allocations, auto)
    matched = _check_allocations(chosen, invoices, customer_id, source.amount_unapplied, books.currency)
    if not matched:
        raise DomainError("nothing_to_match", number=source.number)
    ids = [wanted.invoice_id for wanted in chosen]
    days = Days(plan, on, [invoices[identity] for identity in ids], sources)
    check_day(plan, "effective_on", on, days.since(source_id, *ids), "match_too_early", number=source.number)
    rows = _post_match(plan, books, source_kind, source_id, source.number, chosen, invoices)
    plan.add(SOURCE_MODELS[source_kind], source_id, amount_allocated=matched)
    [others] = plan.fetch(open_summary(customer_id, ids))
    status = _settle(plan, account, others[0], chosen, invoices, unapplied=-matched)
    record(plan, f"{source_kind}.matched", source_kind, source_id, label=source.number, changes={"matched": matched})
    emit(plan, "payment_matched", customer_id=customer_id, amount=matched, number=source.number)
    return {
        "id": source_id,
        "number": source.number,
        "amount_unapplied": source.amount_unapplied - matched,
        "allocations": rows,
        "payment_status": status,
    }


def _invoices(customer_id: int, allocations: Sequence[Wanted] | None, auto: bool) -> Query:
    """The invoices the money may go on, under lock: all open ones, or those that are named."""
    if auto:
        return OPEN_INVOICES_FOR_UPDATE(customer_id=customer_id)
    return INVOICES_FOR_UPDATE(ids=[wanted.invoice_id for wanted in allocations or ()])


def _chosen(
    invoices: Mapping[int, InvoiceFact],
    amount: Decimal,
    reference: str | None,
    allocations: Sequence[Wanted] | None,
    auto: bool,
) -> list[Wanted]:
    if auto:
        return [Wanted(*pair) for pair in propose(invoices.values(), amount, reference)]
    return list(allocations or ())


def _origin(chosen: Sequence[Wanted], invoices: Mapping[int, InvoiceFact], own: object) -> object:
    """Where all the chosen invoices come from; the money's own number where they come from none or several."""
    origins = {invoices[wanted.invoice_id].origin for wanted in chosen}
    return origins.pop() if len(origins) == 1 else own


def _check_payment(
    plan: Plan, amount: Decimal, received_on: date, allocations: Sequence[Wanted] | None, auto: bool
) -> None:
    errors = FieldErrors()
    errors.positive("amount", amount, MONEY_PLACES)
    if received_on > plan.today:
        errors.add("received_on", "in_the_future", today=plan.today)
    if auto and allocations:
        errors.add("auto", "auto_with_allocations")
    errors.raise_if_any()


def _check_currency(books: Books, currency: str | None, amount: Decimal) -> None:
    errors = FieldErrors()
    if currency is not None and currency != books.currency:
        errors.add("currency", "other_currency", currency=books.currency)
    errors.positive("amount", amount, places_of(books.currency))
    errors.raise_if_any()


def _check_allocations(
    chosen: Sequence[Wanted], invoices: Mapping[int, InvoiceFact], customer_id: int, available: Decimal, currency: str
) -> Decimal:
    errors, places = FieldErrors(), places_of(currency)
    seen: set[int] = set()
    for index, wanted in enumerate(chosen):
        invoice = invoices.get(wanted.invoice_id)
        name = f"allocations.{index}"
        if invoice is None or invoice.customer_id != customer_id:
            errors.add(f"{name}.invoice_id", "invoice_unknown", id=str(wanted.invoice_id))
        elif wanted.invoice_id in seen:
            errors.add(f"{name}.invoice_id", "named_twice", number=invoice.number)
        elif errors.positive(f"{name}.amount", wanted.amount, places) and wanted.amount > invoice.amount_open:
            raise DomainError(
                "allocation_exceeds_invoice",
                invoice_id=invoice.id,
                number=invoice.number,
                requested=wanted.amount,
                open=invoice.amount_open,
            )
        seen.add(wanted.invoice_id)
    if any(fault.code == "invoice_unknown" for fault in errors.found.values()):  # not posted, or somebody else's
        ids = [wanted.invoice_id for wanted in chosen]
        raise InvalidInput(errors.found).keep("payment.refused_try", "customer", customer_id, invoices=ids)
    errors.raise_if_any()
    matched = total(wanted.amount for wanted in chosen)
    if matched > available:
        raise DomainError("allocation_exceeds_credit", requested=matched, available=available)
    return matched


def _post_match(
    plan: Plan,
    books: Books,
    source_kind: str,
    source_id: int,
    document: object,
    chosen: Sequence[Wanted],
    invoices: Mapping[int, InvoiceFact],
) -> list[dict[str, Any]]:
    """One entry from advances to receivable, and a row for each invoice; the caller moves the source's counter."""
    amount, customer_id = total(wanted.amount for wanted in chosen), invoices[chosen[0].invoice_id].customer_id
    entry = post(
        plan,
        books,
        journal=BANK,
        event="match",
        postings=[debit("advances", amount, customer_id), credit("receivable", amount, customer_id)],
        origin=_origin(chosen, invoices, document),
        document=document,
    )
    return _allocate(plan, source_kind, source_id, chosen, invoices, books, entry.id, entry.number)


def _allocate(
    plan: Plan,
    source_kind: str,
    source_id: int,
    chosen: Sequence[Wanted],
    invoices: Mapping[int, InvoiceFact],
    books: Books,
    entry_id: int,
    number: Number,
) -> list[dict[str, Any]]:
    rows = []
    for wanted in chosen:
        invoice, amount = invoices[wanted.invoice_id], wanted.amount
        columns: dict[str, Any] = {f"{source_kind}_id": source_id, "invoice_id": invoice.id}
        allocation_id = write_allocation(plan, books, entry_id, number.recorded_at, amount, **columns)
        plan.add(Invoice, invoice.id, amount_allocated=amount)
        plan.effect("match", invoice=invoice.number, amount=amount, open=invoice.amount_open - amount)
        rows.append({"id": allocation_id, "invoice_id": invoice.id, "number": invoice.number, "amount": amount})
    return rows


def _settle(
    plan: Plan,
    account: AccountFact,
    others: OpenSummary,
    chosen: Sequence[Wanted],
    invoices: Mapping[int, InvoiceFact],
    *,
    unapplied: Decimal,
) -> Any:
    touched = [invoices[wanted.invoice_id].after(wanted.amount) for wanted in chosen]
    matched = total(wanted.amount for wanted in chosen)
    if not chosen:
        plan.add(CustomerAccount, account.customer_id, unapplied=unapplied)
        return account.paid_status
    return settle_account(plan, account, others, touched, open_receivables=-matched, unapplied=unapplied)
