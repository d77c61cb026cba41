"""What a printed document needs to know: plain facts, gathered by the caller under its own permissions.

Amounts are in ``DocumentFacts.currency`` and already rounded; nothing is computed here that the ledger also computes.
Negative amounts are allowed and print in parentheses.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

Kind = Literal["quotation", "order_confirmation", "delivery_note", "invoice", "credit_note"]
Language = Literal["zh", "en"]
KINDS: Final[tuple[Kind, ...]] = ("quotation", "order_confirmation", "delivery_note", "invoice", "credit_note")
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The company that issues the document. ``logo`` is a PNG or JPEG; without one a seal is drawn."""

    name: str
    tax_id: str = ""
    address_lines: tuple[str, ...] = ()
    phone: str = ""
    bank_name: str = ""
    bank_account: str = ""
    logo: bytes | None = None
    currency: str = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """Who the document is for, or where the goods go."""

    name: str
    address_lines: tuple[str, ...] = ()
    tax_id: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line. ``discount_percent`` is 5 for 5 %, ``tax_rate`` is 0.13 for 13 %, as the database keeps it."""

    position: int
    sku: str
    name: str
    unit: str
    quantity: Decimal
    description: str = ""
    unit_price: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)
    amount_net: Decimal = Decimal(0)
    amount_tax: Decimal = Decimal(0)
    amount_total: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """One document. Dates which do not apply are None; ``amount_paid`` is None where payment is not shown, ``currency``
    empty where no amount is."""

    kind: Kind
    number: str
    date: datetime.date
    party: PartyFacts
    lines: tuple[DocumentLine, ...]
    currency: str = ""
    due_on: datetime.date | None = None
    valid_until: datetime.date | None = None
    requested_on: datetime.date | None = None
    customer_reference: str = ""
    origin: str = ""
    ship_to: PartyFacts | None = None
    amount_net: Decimal = Decimal(0)
    amount_tax: Decimal = Decimal(0)
    amount_total: Decimal = Decimal(0)
    amount_paid: Decimal | None = None
    terms: str = ""
    note: str = ""
    carrier: str = ""
    salesperson: str = ""

    @property
    def has_discount(self) -> bool:
        """Whether the discount column is worth its place."""
        return any(line.discount_percent for line in self.lines)

    @property
    def tax_groups(self) -> tuple[TaxGroup, ...]:
        """Net and tax per rate, highest rate first."""
        rates = sorted({line.tax_rate for line in self.lines}, reverse=True)
        return tuple(TaxGroup.of(rate, self.lines) for rate in rates)

    @property
    def amount_due(self) -> Decimal:
        """What is still to be paid."""
        return self.amount_total - (self.amount_paid or Decimal(0))


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """The sums of the lines with one tax rate."""

    rate: Decimal
    amount_net: Decimal = field(default=Decimal(0))
    amount_tax: Decimal = field(default=Decimal(0))

    @classmethod
    def of(cls, rate: Decimal, lines: tuple[DocumentLine, ...]) -> TaxGroup:
        """Sum the lines of one rate."""
        chosen = [line for line in lines if line.tax_rate == rate]
        net = sum((line.amount_net for line in chosen), Decimal(0))
        return cls(rate, net, sum((line.amount_tax for line in chosen), Decimal(0)))


def read_document(kind: str, values: Mapping[str, Any]) -> DocumentFacts:
    """Build the facts from nested mappings with the same names. Raises TypeError for a name that does not exist."""
    parts = dict(values) | {"kind": kind}
    for name in ("party", "ship_to"):
        if isinstance(parts.get(name), Mapping):
            party = dict(parts[name])
            parts[name] = PartyFacts(**party | {"address_lines": tuple(party.get("address_lines", ()))})
    lines = parts.get("lines", ())
    parts["lines"] = tuple(DocumentLine(**line) if isinstance(line, Mapping) else line for line in lines)
    return DocumentFacts(**parts)
