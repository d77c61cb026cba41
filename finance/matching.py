"""Which invoices a sum of money settles, by the product's rules, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from core.money import ZERO
from finance.invoicing import InvoiceFact


def propose(invoices: Iterable[InvoiceFact], amount: Decimal, reference: str | None) -> list[tuple[int, Decimal]]:
    """(invoice id, amount) pairs, at most `amount` in all and at most each invoice's open amount.

    In order: the invoices named in the reference; else the one invoice whose open amount is exactly the sum; what is
    left goes to the oldest due first. Money that finds no open invoice stays unapplied.
    """
    candidates = sorted(
        (invoice for invoice in invoices if invoice.amount_open > 0),
        key=lambda invoice: (invoice.due_on or date.max, invoice.number),
    )
    named = [invoice for invoice in candidates if names(reference, invoice.number)]
    exact = [invoice for invoice in candidates if invoice.amount_open == amount]
    first = named or (exact if len(exact) == 1 else exact[:1])
    ordered = first + [invoice for invoice in candidates if invoice not in first]
    proposal = []
    for invoice in ordered:
        part = min(amount, invoice.amount_open)
        if part <= ZERO:
            break
        proposal.append((invoice.id, part))
        amount -= part
    return proposal


def names(reference: str | None, number: str) -> bool:
    """Whether a payer's memo names a document, as a whole word, with any dashes or blanks between its parts."""
    if not reference:
        return False
    pattern = r"[\s-]?".join(map(re.escape, number.split("-")))
    return re.search(rf"(?<![0-9A-Za-z]){pattern}(?![0-9])", reference, re.IGNORECASE) is not None
