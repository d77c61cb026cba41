"""Builds what a printed document needs out of records: addressee, lines, and whatever a record has under the
document's own names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from web.documents.data import DocumentFacts, DocumentLine, Kind, PartyFacts

_NAMES = tuple(field.name for field in fields(DocumentFacts) if field.name not in ("kind", "party", "lines", "ship_to"))


def document_of(
    kind: Kind, record: Any, party: PartyFacts, lines: Iterable[DocumentLine], **more: Any
) -> DocumentFacts:
    """A document of a kind. What the record has under other names, or not at all, comes in `more`."""
    named = {name: getattr(record, name, None) for name in _NAMES} | more
    shown = {name: value for name, value in named.items() if value is not None}
    return DocumentFacts(kind=kind, party=party, lines=tuple(lines), **shown)


def party_of(name: str, tax_id: str | None, *address: str | None, contact: str | None = None) -> PartyFacts:
    """An addressee. Each part of the address begins a line; those that are empty are left out."""
    written = tuple(line for part in address if part for line in part.splitlines())
    return PartyFacts(name, written, tax_id or "", contact or "")


def line_of(line: Any, name: str, unit: str | None) -> DocumentLine:
    """A line with its amounts. Where it has no price, as on a credit note, its net amount stands there."""
    return DocumentLine(
        position=line.position,
        sku=line.sku or "",
        name=name,
        unit=unit or "",
        quantity=line.quantity,
        unit_price=line.unit_price or line.amount_net,
        discount_percent=line.discount_percent,
        tax_rate=line.tax_rate,
        amount_net=line.amount_net,
        amount_tax=line.amount_tax,
        amount_total=line.amount_net + line.amount_tax,
    )
