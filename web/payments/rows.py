"""The table of open invoices in which amounts are typed: read, filled by the rules, with faults beside the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from core.errors import DomainError
from core.money import LARGEST_AMOUNT, MONEY_PLACES
from finance.invoicing import InvoiceFact
from finance.payments import Wanted
from finance.queries.proposals import Proposal, Reason
from web.filters import plain_money
from web.forms import parse_number, read_number
from web.http import named_row
from web.sentences import sentence


@dataclass
class InvoiceRows:
    """Open invoices with what is typed beside each. `typed` and `faults` are by invoice id."""

    invoices: Sequence[InvoiceFact]
    proposal: Proposal | None = None
    typed: dict[int, str] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)

    def propose(self) -> None:
        """Fill the amounts by the rules."""
        if self.proposal is not None:
            self.typed = {part.invoice.id: plain_money(part.amount) for part in self.proposal.parts}

    def read(self) -> list[Wanted]:
        """What was typed; unreadable amounts are faults."""
        wanted = []
        for invoice in self.invoices:
            text = request.values.get(f"amount-{invoice.id}", "").strip()
            if not text:
                continue
            self.typed[invoice.id] = text
            try:
                amount = read_number(text, places=MONEY_PLACES, largest=LARGEST_AMOUNT)
            except ValueError as fault:
                self.faults[invoice.id] = str(fault)
                continue
            if amount != 0:
                wanted.append(Wanted(invoice.id, amount))
        return wanted

    def place(self, error: DomainError, wanted: Sequence[Wanted]) -> bool:
        """Put a refusal beside the invoice it is about; False when it is about none."""
        found = False
        if error.code == "allocation_exceeds_invoice":
            self.faults[int(error.data["invoice_id"])] = sentence(error.code, error.data)
            return True
        for name, fault in error.fields.items():
            row = named_row(name, wanted)
            if row is not None:
                self.faults[row.invoice_id] = sentence(fault.code, fault.data)
                found = True
        return found and all(name.startswith("allocations.") for name in error.fields)

    def reasons(self, invoice_id: int) -> list[tuple[str, str, str, None]]:
        """Why the rules chose this invoice: tone, icon, sentence."""
        parts = self.proposal.parts if self.proposal else ()
        return [reason_line(reason) for part in parts if part.invoice.id == invoice_id for reason in part.reasons]

    @property
    def total(self) -> Decimal:
        """The sum of what is typed and can be read."""
        amounts = [parse_number(text) for text in self.typed.values()]
        return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))


def reason_line(reason: Reason) -> tuple[str, str, str, None]:
    """A reason in words."""
    texts = {
        "named": ("ok", "ok", _("The reference names this invoice")),
        "exact": ("ok", "ok", _("The amount is exactly what is open")),
        "oldest": ("ok", "clock", _("It is the longest due")),
        "next_oldest": ("mute", "clock", _("Next by due date")),
        "overdue": ("warn", "warn", _("It is overdue")),
        "partial": ("warn", "split", _("Only a part of it is covered")),
    }
    tone, icon, text = texts.get(reason.code, ("mute", "minus", reason.code))
    return tone, icon, text, None


LONGEST_ADDRESS = 3500


def back_to(endpoint: str) -> str:
    """The address of the form behind a preview, with what was typed; without it where that would be too long."""
    typed = {name: value for name, value in carried_values().items() if value}
    address = url_for(endpoint, **typed)
    return address if len(address) <= LONGEST_ADDRESS else url_for(endpoint)


def carried_values(**more: Any) -> dict[str, Any]:
    """What a preview's form carries along: the fields of the form behind it."""
    left_out = {"csrf_token", "idempotency_key", "digest", "step"}
    return {name: value for name, value in request.form.items() if name not in left_out} | more
