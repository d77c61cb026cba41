"""Invoices and credit notes: documents over journal entries, with the customer's account kept in the same plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.audit import record
from core.errors import DomainError
from core.money import QUANTITY_PLACES, ZERO, share, total
from core.plan import Number, Plan
from core.statements import statement
from finance.ledger import SALES, Books, Posted, Posting, credit, debit, post
from finance.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from finance.receivables import AccountFact, InvoiceAfter
from finance.sources import write_allocation


@dataclass(frozen=True)
class BillLine:
    """One line to bill or to credit; `position` is that of the order's line. Amounts are final, rounded."""

    position: int
    product_id: int | None
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal

    @property
    def gross(self) -> Decimal:
        return self.amount_net + self.amount_tax

    def split(self, gross: Decimal, currency: str) -> tuple[BillLine, BillLine]:
        """A part of exactly `gross` and the rest; quantity and tax go along in proportion, so that both sum exactly."""
        tax = share(self.amount_tax, gross, self.gross, currency)
        quantity = self.quantity if gross == self.gross else round(self.quantity * gross / self.gross, QUANTITY_PLACES)
        part = replace(self, quantity=quantity, amount_net=gross - tax, amount_tax=tax)
        rest = replace(
            self,
            quantity=self.quantity - quantity,
            amount_net=self.amount_net - part.amount_net,
            amount_tax=self.amount_tax - tax,
        )
        return part, rest


@dataclass(frozen=True)
class IssuedInvoice:
    id: int
    number: Number
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    due_on: date | None


class InvoiceFact(NamedTuple):
    """A posted invoice under lock."""

    id: int
    number: str
    customer_id: int
    owner_id: int
    due_on: date | None
    terms_days: int
    amount_net: Decimal
    amount_tax: Decimal
    amount_total: Decimal
    amount_allocated: Decimal
    amount_credited: Decimal
    tax_recognised: Decimal
    fiscal_number: str | None
    origin: str | None
    issued_on: date
    amount_written_off: Decimal = ZERO
    fiscal_issued_on: date | None = None

    @property
    def amount_open(self) -> Decimal:
        return self.amount_total - self.amount_allocated

    def after(self, allocated: Decimal) -> InvoiceAfter:
        """The invoice once `allocated` more has been put on it."""
        return InvoiceAfter(self.due_on, self.amount_open - allocated, self.amount_allocated + allocated)


INVOICE_COLUMNS = """
    invoice.id, invoice.number, invoice.customer_id, invoice.owner_id, invoice.due_on, invoice.terms_days,
    invoice.amount_net, invoice.amount_tax, invoice.amount_total, invoice.amount_allocated, invoice.amount_credited,
    invoice.tax_recognised, invoice.fiscal_number, invoice.origin, invoice.issued_on, invoice.amount_written_off,
    invoice.fiscal_issued_on
"""
INVOICES_FOR_UPDATE = statement(
    "invoicing.invoices_for_update",
    f"""
    SELECT {INVOICE_COLUMNS} FROM invoice WHERE id = ANY (%(ids)s::bigint[]) AND visible(invoice)
     ORDER BY id FOR NO KEY UPDATE
    """,  # noqa: S608 (names of columns, no values)
    tables="invoice",
    scope="scoped",
    fact=InvoiceFact,
)


def due_date(books: Books, due_from: str, terms_days: int, delivered: bool) -> date | None:
    """Due date by terms: from the invoice's date, or, where terms count from delivery, none before the first
    shipment."""
    if due_from == "delivery" and not delivered:
        return None
    return books.effective_on + timedelta(days=terms_days)


def post_invoice(
    plan: Plan,
    books: Books,
    account: AccountFact,
    lines: list[BillLine],
    *,
    credits: list[Posting],
    debits: list[Posting] | None = None,
    event: str,
    origin: object,
    terms_days: int,
    due_on: date | None,
    salesperson_id: int | None,
    customer_reference: str | None = None,
    tax_recognised: Decimal = ZERO,
) -> IssuedInvoice:
    """Issues an invoice on the books' date: receivable against `credits` (and further `debits`), with its lines.

    The caller has locked the customer's account and takes the invoice into it (`receivables.note_new_invoice`).
    """
    net, tax = total(line.amount_net for line in lines), total(line.amount_tax for line in lines)
    if net + tax == 0:
        raise DomainError("nothing_to_invoice", origin=str(origin))
    number = plan.number("INV", books.effective_on)
    entry = post(
        plan,
        books,
        journal=SALES,
        event=event,
        postings=[debit("receivable", net + tax, account.customer_id), *(debits or []), *credits],
        origin=origin,
        document=number,
    )
    invoice_id = plan.insert(
        Invoice,
        number=number,
        customer_id=account.customer_id,
        owner_id=account.owner_id,
        salesperson_id=salesperson_id,
        issued_on=books.effective_on,
        terms_days=terms_days,
        due_on=due_on,
        currency=books.currency,
        amount_net=net,
        amount_tax=tax,
        amount_total=net + tax,
        tax_recognised=tax_recognised,
        customer_reference=customer_reference,
        origin=origin,
        entry_id=entry.id,
        recorded_at=number.recorded_at,
    )
    for line in lines:
        plan.insert(InvoiceLine, invoice_id=invoice_id, **line.__dict__)
    record(plan, "invoice.posted", "invoice", invoice_id, label=number, changes={"amount_total": net + tax})
    plan.effect(
        "receivable",
        customer=account.customer_name,
        amount=net + tax,
        due_on=due_on,
        terms_days=terms_days,
        currency=books.currency,
    )
    return IssuedInvoice(invoice_id, number, net, tax, net + tax, due_on)


@dataclass(frozen=True)
class IssuedCreditNote:
    id: int
    number: Number
    amount_total: Decimal
    applied: Decimal
    unapplied: Decimal


@dataclass(frozen=True)
class CreditPortion:
    """What is credited of one invoice; `amount_open` is what it still owes, after any un-match in this plan."""

    invoice: InvoiceFact
    lines: list[BillLine]
    amount_open: Decimal

    @property
    def amount(self) -> Decimal:
        return total(line.gross for line in self.lines)

    @property
    def applied(self) -> Decimal:
        """What goes on the invoice; the rest becomes the customer's credit."""
        return min(self.amount, self.amount_open)

    def check(self) -> None:
        """Raises DomainError `credit_exceeds_invoice` when more would be credited than was invoiced, on every route."""
        if self.amount <= 0:
            raise DomainError("nothing_to_credit")
        left = self.invoice.amount_total - self.invoice.amount_credited
        if self.amount > left:
            raise DomainError("credit_exceeds_invoice", invoice=self.invoice.number, amount=self.amount, left=left)


def post_credit_notes(
    plan: Plan,
    books: Books,
    account: AccountFact,
    portions: list[CreditPortion],
    *,
    debits: list[Posting],
    event: str,
    origin: object,
    reason: str | None,
) -> list[IssuedCreditNote]:
    """Credits invoices by one entry: their open amounts first, the rest to customer advances; a note per invoice.

    Raises DomainError `credit_exceeds_invoice`, `nothing_to_credit`, `period_closed`.
    """
    for portion in portions:
        portion.check()
    applied = total(portion.applied for portion in portions)
    amount = total(portion.amount for portion in portions)
    numbers = [plan.number("CN", books.effective_on) for _ in portions]
    entry = post(
        plan,
        books,
        journal=SALES,
        event=event,
        postings=[
            *debits,
            credit("receivable", applied, account.customer_id),
            credit("advances", amount - applied, account.customer_id),
        ],
        origin=origin,
        document=numbers[0],
    )
    return [
        _write_credit_note(plan, books, account, portion, number, entry, origin, reason)
        for portion, number in zip(portions, numbers, strict=True)
    ]


def _write_credit_note(
    plan: Plan,
    books: Books,
    account: AccountFact,
    portion: CreditPortion,
    number: Number,
    entry: Posted,
    origin: object,
    reason: str | None,
) -> IssuedCreditNote:
    invoice, amount, applied = portion.invoice, portion.amount, portion.applied
    credit_note_id = plan.insert(
        CreditNote,
        number=number,
        invoice_id=invoice.id,
        customer_id=account.customer_id,
        owner_id=invoice.owner_id,
        issued_on=books.effective_on,
        currency=books.currency,
        reason=reason,
        amount_net=total(line.amount_net for line in portion.lines),
        amount_tax=total(line.amount_tax for line in portion.lines),
        amount_total=amount,
        amount_allocated=applied,
        origin=origin,
        entry_id=entry.id,
        recorded_at=number.recorded_at,
    )
    for line in portion.lines:
        plan.insert(
            CreditNoteLine,
            credit_note_id=credit_note_id,
            position=line.position,
            product_id=line.product_id,
            description=line.description,
            quantity=line.quantity,
            tax_rate=line.tax_rate,
            amount_net=line.amount_net,
            amount_tax=line.amount_tax,
        )
    plan.add(Invoice, invoice.id, amount_credited=amount)
    if applied:
        columns = {"credit_note_id": credit_note_id, "invoice_id": invoice.id}
        write_allocation(plan, books, entry.id, number.recorded_at, applied, **columns)
        plan.add(Invoice, invoice.id, amount_allocated=applied)
    record(plan, "credit_note.posted", "credit_note", credit_note_id, label=number, changes={"amount_total": amount})
    plan.effect("credit_note", invoice=invoice.number, amount=amount, applied=applied, unapplied=amount - applied)
    return IssuedCreditNote(credit_note_id, number, amount, applied, amount - applied)
