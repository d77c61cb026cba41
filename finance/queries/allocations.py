"""What money was put on, taken off again, and the entries behind it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select
from sqlalchemy.orm import aliased

from core.organization import User
from core.scope import visible_rows
from finance.models import CreditNote, Invoice, JournalEntry, JournalLine, Payment, PaymentAllocation, WriteOff


class AllocationRow(NamedTuple):
    """Money put on something or, negative, taken off again. `is_live` until its opposite row stands there.

    `is_correction` marks what a credit note closed of the invoice that it corrects, which nobody un-matches.
    """

    id: int
    amount: Decimal
    effective_on: date
    recorded_at: datetime
    reverses_id: int | None
    reason: str | None
    payment_id: int | None
    payment: str | None
    credit_note_id: int | None
    credit_note: str | None
    write_off_id: int | None
    write_off: str | None
    invoice_id: int | None
    invoice: str | None
    refund_id: int | None
    refund: str | None
    who: str | None
    is_live: bool
    is_correction: bool


class EntryRow(NamedTuple):
    """A journal entry behind a document."""

    id: int
    number: str
    event: str
    effective_on: date
    document: str | None
    amount: Decimal


def allocations_where(connection: Connection, condition: ColumnElement[bool]) -> list[AllocationRow]:
    """Allocations in order of recording, each with both of its sides, as far as the viewer sees them."""
    allocation = PaymentAllocation
    opposite = PaymentAllocation.__table__.alias("opposite")
    refund = aliased(Payment, name="refund")
    is_live = allocation.reverses_id.is_(None) & ~(
        select(opposite.c.id).where(opposite.c.reverses_id == allocation.id).exists()
    )
    rows: Any = connection.execute(
        select(
            allocation.id,
            allocation.amount,
            allocation.effective_on,
            allocation.recorded_at,
            allocation.reverses_id,
            allocation.reason,
            allocation.payment_id,
            Payment.number,
            allocation.credit_note_id,
            CreditNote.number,
            allocation.write_off_id,
            WriteOff.number,
            allocation.invoice_id,
            Invoice.number,
            allocation.refund_id,
            refund.number,
            User.name,
            is_live,
            func.coalesce(CreditNote.invoice_id == allocation.invoice_id, False),
        )
        .outerjoin(Payment, and_(Payment.id == allocation.payment_id, visible_rows(Payment)))
        .outerjoin(CreditNote, and_(CreditNote.id == allocation.credit_note_id, visible_rows(CreditNote)))
        .outerjoin(WriteOff, WriteOff.id == allocation.write_off_id)
        .outerjoin(Invoice, and_(Invoice.id == allocation.invoice_id, visible_rows(Invoice)))
        .outerjoin(refund, and_(refund.id == allocation.refund_id, visible_rows(refund)))
        .outerjoin(User, User.id == allocation.actor_id)
        .where(condition)
        .order_by(allocation.recorded_at, allocation.id)
    )
    return [AllocationRow(*row) for row in rows]


def entries_of(connection: Connection, number: str, condition: ColumnElement[bool]) -> list[EntryRow]:
    """Entries posted for the document of a number, and those of the allocations that fit `condition`."""
    found = select(JournalEntry.id).where(JournalEntry.document == number)
    matched = select(PaymentAllocation.entry_id).where(condition)
    amount = select(func.sum(JournalLine.debit)).where(JournalLine.entry_id == JournalEntry.id).scalar_subquery()
    rows: Any = connection.execute(
        select(
            JournalEntry.id,
            JournalEntry.number,
            JournalEntry.event,
            JournalEntry.effective_on,
            JournalEntry.document,
            amount,
        )
        .where(JournalEntry.id.in_(found.union(matched)))
        .order_by(JournalEntry.recorded_at, JournalEntry.id)
    )
    return [EntryRow(*row) for row in rows]
