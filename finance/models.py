"""Chart, ledger, invoices, credit notes, payments and their allocations. Posted rows are immutable; only counters move.

Counters on a parent (allocated, refunded, open) are guarded by a CHECK on that parent, never by a sum in a trigger,
which races.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Currency, Day, Id, Moment, Money, Percent, Price, Quantity, Rate, enum_type
from core.scope import Owned

ZERO = Decimal("0.00")
AMOUNT = Numeric(18, 2)
# What lists order by; `finance.lists` writes the same expressions.
DUE = "COALESCE(due_on, '9999-12-31'::date)"


class AccountKind(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class Account(Base):
    """A ledger account. `role` marks the one account that a kind of posting goes to."""

    __tablename__ = "account"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_zh: Mapped[str] = mapped_column(String(120))
    kind: Mapped[AccountKind] = mapped_column(enum_type(AccountKind, "account_kind"))
    role: Mapped[str | None] = mapped_column(String(30), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Journal(Base):
    """A book of entries with its own number series."""

    __tablename__ = "journal"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_zh: Mapped[str] = mapped_column(String(80))


class PeriodState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class FiscalPeriod(Base):
    """A month of the books. Posting shares its row, closing takes it exclusively."""

    __tablename__ = "fiscal_period"

    id: Mapped[Id]
    starts_on: Mapped[Day] = mapped_column(unique=True)
    ends_on: Mapped[Day]
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[PeriodState] = mapped_column(enum_type(PeriodState, "period_state"), default=PeriodState.OPEN)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="span"),)


class JournalEntry(Base):
    """A posted entry: balanced, with two lines or more, never changed; corrected by an opposite entry that names it."""

    __tablename__ = "journal_entry"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"))
    event: Mapped[str] = mapped_column(String(30))
    effective_on: Mapped[Day] = mapped_column(index=True)
    recorded_at: Mapped[Moment]
    period_id: Mapped[int] = mapped_column(ForeignKey("fiscal_period.id"), index=True)
    origin: Mapped[str | None] = mapped_column(String(40), index=True)
    document: Mapped[str | None] = mapped_column(String(40))
    memo: Mapped[str | None] = mapped_column(String(400))
    line_count: Mapped[int] = mapped_column(SmallInteger)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("journal_entry.id"), unique=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        CheckConstraint("line_count >= 2", name="line_count"),
        Index("ix_journal_entry_document", "document", postgresql_where="document IS NOT NULL"),
        Index("ix_journal_entry_by_time", "recorded_at", "id"),
        Index(
            "ix_journal_entry_by_hand", "recorded_at", "id", postgresql_where="event = 'manual' OR event = 'reversal'"
        ),
    )


class JournalLine(Base):
    __tablename__ = "journal_line"

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    debit: Mapped[Money] = mapped_column(default=ZERO)
    credit: Mapped[Money] = mapped_column(default=ZERO)
    currency: Mapped[Currency]
    effective_on: Mapped[Day]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))

    __table_args__ = (
        CheckConstraint("debit >= 0 AND credit >= 0 AND (debit = 0) <> (credit = 0)", name="one_side"),
        Index("ix_journal_line_account", "account_id", "effective_on"),
        Index("ix_journal_line_customer", "customer_id", "account_id", postgresql_where="customer_id IS NOT NULL"),
    )


class Invoice(Owned, Base):
    """A receivable. `amount_open` = total − allocated; an invoice never holds a credit."""

    __tablename__ = "invoice"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    salesperson_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    issued_on: Mapped[Day]
    terms_days: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[date | None]
    currency: Mapped[Currency]
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]
    amount_total: Mapped[Money]
    amount_allocated: Mapped[Money] = mapped_column(default=ZERO)
    amount_credited: Mapped[Money] = mapped_column(default=ZERO)
    amount_written_off: Mapped[Money] = mapped_column(default=ZERO)
    amount_open: Mapped[Money] = mapped_column(
        Numeric(18, 2), Computed("amount_total - amount_allocated", persisted=True)
    )
    tax_recognised: Mapped[Money] = mapped_column(default=ZERO)
    fiscal_number: Mapped[str | None] = mapped_column(String(40))
    fiscal_issued_on: Mapped[date | None]
    customer_reference: Mapped[str | None] = mapped_column(String(80))
    origin: Mapped[str | None] = mapped_column(String(40), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"))
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("amount_total = amount_net + amount_tax AND amount_total >= 0", name="total"),
        CheckConstraint("amount_allocated >= 0 AND amount_allocated <= amount_total", name="allocated"),
        CheckConstraint("amount_credited >= 0 AND amount_credited <= amount_total", name="credited"),
        CheckConstraint("amount_written_off >= 0 AND amount_written_off <= amount_allocated", name="written_off"),
        Index("ix_invoice_customer", "customer_id", "issued_on"),
        Index(
            "ix_invoice_open",
            "due_on",
            "customer_id",
            postgresql_include=["owner_id", "amount_open", "issued_on", "id"],
            postgresql_where="amount_allocated < amount_total",
        ),
        Index(
            "ix_invoice_open_owned",
            "owner_id",
            "due_on",
            postgresql_include=["customer_id", "amount_open"],
            postgresql_where="amount_allocated < amount_total",
        ),
        Index("ix_invoice_owner", "owner_id", "issued_on"),
        Index("ix_invoice_reference", "customer_reference", postgresql_where="customer_reference IS NOT NULL"),
        Index("ix_invoice_by_day", "issued_on", "id"),
        Index("ix_invoice_by_due", text(DUE), "id"),
        Index("ix_invoice_open_by_due", text(DUE), "id", postgresql_where="amount_allocated < amount_total"),
        Index("ix_invoice_open_by_day", "issued_on", "id", postgresql_where="amount_allocated < amount_total"),
        Index("ix_invoice_open_by_rest", "amount_open", "id", postgresql_where="amount_allocated < amount_total"),
        Index("ix_invoice_open_by_number", "number", postgresql_where="amount_allocated < amount_total"),
        Index("ix_invoice_by_amount", "amount_total", "id"),
        Index("ix_invoice_by_rest", "amount_open", "id"),
    )


class InvoiceLine(Base):
    """One line; `position` is that of the order's line it bills. Quantities and amounts credited so far are
    counters."""

    __tablename__ = "invoice_line"

    id: Mapped[Id]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    description: Mapped[str] = mapped_column(String(300))
    quantity: Mapped[Quantity]
    unit_price: Mapped[Price]
    discount_percent: Mapped[Percent] = mapped_column(default=Decimal(0))
    tax_rate: Mapped[Rate]
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]

    __table_args__ = (UniqueConstraint("invoice_id", "position"),)


class CreditNote(Owned, Base):
    """A correction of an invoice. What the invoice no longer owes stands as unapplied credit among customer
    advances."""

    __tablename__ = "credit_note"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    issued_on: Mapped[Day]
    currency: Mapped[Currency]
    reason: Mapped[str | None] = mapped_column(String(300))
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]
    amount_total: Mapped[Money]
    amount_allocated: Mapped[Money] = mapped_column(default=ZERO)
    amount_unapplied: Mapped[Money] = mapped_column(AMOUNT, Computed("amount_total - amount_allocated", persisted=True))
    origin: Mapped[str | None] = mapped_column(String(40), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"))
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("amount_total = amount_net + amount_tax AND amount_total > 0", name="total"),
        CheckConstraint("amount_allocated >= 0 AND amount_allocated <= amount_total", name="allocated"),
        Index("ix_credit_note_customer", "customer_id", "issued_on"),
        Index("ix_credit_note_by_day", "issued_on", "id"),
        Index("ix_credit_note_unapplied", "customer_id", postgresql_where="amount_allocated < amount_total"),
    )


class CreditNoteLine(Base):
    __tablename__ = "credit_note_line"

    id: Mapped[Id]
    credit_note_id: Mapped[int] = mapped_column(ForeignKey("credit_note.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    description: Mapped[str] = mapped_column(String(300))
    quantity: Mapped[Quantity]
    tax_rate: Mapped[Rate]
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]

    __table_args__ = (UniqueConstraint("credit_note_id", "position"),)


class BankAccount(Base):
    """A bank account or a cash box of the company, with its ledger account."""

    __tablename__ = "bank_account"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    number: Mapped[str | None] = mapped_column(String(60))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("kind IN ('bank', 'cash')", name="kind"),
        Index("uq_bank_account_default", "is_default", unique=True, postgresql_where="is_default"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name


class PaymentKind(StrEnum):
    RECEIPT = "receipt"
    REFUND = "refund"


class Payment(Owned, Base):
    """Money received from a customer, or given back. A receipt's `amount_unapplied` = amount − allocated is the
    customer's credit."""

    __tablename__ = "payment"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[PaymentKind] = mapped_column(enum_type(PaymentKind, "payment_kind"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    received_on: Mapped[Day]
    currency: Mapped[Currency]
    amount: Mapped[Money]
    amount_allocated: Mapped[Money] = mapped_column(default=ZERO)
    amount_unapplied: Mapped[Money] = mapped_column(AMOUNT, Computed("amount - amount_allocated", persisted=True))
    reference: Mapped[str | None] = mapped_column(String(200))
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"))
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("amount_allocated >= 0 AND amount_allocated <= amount", name="allocated"),
        Index("ix_payment_customer", "customer_id", "received_on"),
        Index("ix_payment_received", "received_on", "id"),
        Index("ix_payment_refunds", "received_on", "id", postgresql_where="kind = 'refund'"),
        Index("ix_payment_by_amount", "amount", "id"),
        Index("ix_payment_by_rest", "amount_unapplied", "id"),
        Index(
            "ix_payment_unapplied",
            "customer_id",
            postgresql_include=["owner_id", "amount_unapplied", "received_on", "id"],
            postgresql_where="kind = 'receipt' AND amount_allocated < amount",
        ),
    )


class WriteOff(Base):
    """What of an invoice will not be paid, gross of tax. It stands on the invoice by an allocation, whose dated
    opposite takes it back."""

    __tablename__ = "write_off"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    written_off_on: Mapped[Day]
    currency: Mapped[Currency]
    amount: Mapped[Money]
    reason: Mapped[str] = mapped_column(String(300))
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"))
    recorded_at: Mapped[Moment]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)


class PaymentAllocation(Base):
    """What closes something: a receipt or a credit note put on an invoice or a refund, or a write-off on its invoice.
    Undone by a dated opposite row."""

    __tablename__ = "payment_allocation"

    id: Mapped[Id]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("credit_note.id"), index=True)
    write_off_id: Mapped[int | None] = mapped_column(ForeignKey("write_off.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    amount: Mapped[Money]
    effective_on: Mapped[Day] = mapped_column(index=True)
    recorded_at: Mapped[Moment]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("payment_allocation.id"), unique=True)
    reason: Mapped[str | None] = mapped_column(String(300))
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        CheckConstraint("num_nonnulls(payment_id, credit_note_id, write_off_id) = 1", name="one_source"),
        CheckConstraint("write_off_id IS NULL OR invoice_id IS NOT NULL", name="write_off"),
        CheckConstraint("(invoice_id IS NULL) <> (refund_id IS NULL)", name="one_target"),
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="amount"),
    )


class LedgerTask(Base):
    """Something finance must look at, e.g. a payment that came after its order was cancelled."""

    __tablename__ = "ledger_task"
    __audited__ = False

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    origin: Mapped[str | None] = mapped_column(String(40))
    amount: Mapped[Decimal | None] = mapped_column(AMOUNT)
    detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]
    done_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_ledger_task_open", "created_at", "id", postgresql_where="done_at IS NULL"),)
