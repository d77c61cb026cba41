"""What a sum of money would settle by the product's rules, with the reason for each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.money import ZERO
from finance.invoicing import InvoiceFact
from finance.matching import names, propose


@dataclass(frozen=True)
class Reason:
    """Why an invoice was chosen, or what speaks against it; `code` becomes a sentence at the edge."""

    code: str
    speaks_for: bool = True


@dataclass(frozen=True)
class ProposedPart:
    """An invoice and how much of the money goes on it."""

    invoice: InvoiceFact
    amount: Decimal
    reasons: tuple[Reason, ...]

    @property
    def left_open(self) -> Decimal:
        return self.invoice.amount_open - self.amount


@dataclass(frozen=True)
class Proposal:
    """All parts in the order in which the money is used, and what would stay unapplied."""

    amount: Decimal
    parts: tuple[ProposedPart, ...]

    @property
    def matched(self) -> Decimal:
        return sum((part.amount for part in self.parts), ZERO)

    @property
    def left(self) -> Decimal:
        return self.amount - self.matched

    @property
    def certainty(self) -> str:
        """`named`: the payer names the invoice; `exact`: the sum is that of one invoice; `oldest`: by age; `none`."""
        codes = {reason.code for part in self.parts for reason in part.reasons}
        return next((code for code in ("named", "exact", "oldest") if code in codes), "none")


def explain(invoices: Sequence[InvoiceFact], amount: Decimal, reference: str | None, *, today: date) -> Proposal:
    """The proposal of `finance.matching.propose`, each part with its reasons."""
    by_id = {invoice.id: invoice for invoice in invoices}
    oldest_due = min((invoice.due_on for invoice in invoices if invoice.due_on), default=None)
    parts = []
    for invoice_id, part in propose(invoices, amount, reference):
        invoice = by_id[invoice_id]
        reasons = []
        if names(reference, invoice.number):
            reasons.append(Reason("named"))
        if invoice.amount_open == amount:
            reasons.append(Reason("exact"))
        if invoice.due_on is not None and invoice.due_on == oldest_due:
            reasons.append(Reason("oldest"))
        elif not reasons:
            reasons.append(Reason("next_oldest"))
        if part < invoice.amount_open:
            reasons.append(Reason("partial", speaks_for=False))
        if invoice.due_on is not None and invoice.due_on < today:
            reasons.append(Reason("overdue"))
        parts.append(ProposedPart(invoice, part, tuple(reasons)))
    return Proposal(amount, tuple(parts))
