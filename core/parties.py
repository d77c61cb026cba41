"""Customers, their contacts and addresses, suppliers, payment terms; and the customer's money row, kept by finance."""

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

from core.database import Base, Currency, Id, Moment, Money, enum_type
from core.scope import OfCustomer, Owned

LIVE = "merged_into_id IS NULL"


class Lifecycle(StrEnum):
    POTENTIAL = "potential"
    NEW = "new"
    ACTIVE = "active"
    AT_RISK = "at_risk"
    LOST = "lost"


class PaymentTerms(Base):
    __tablename__ = "payment_terms"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_zh: Mapped[str] = mapped_column(String(80))
    days: Mapped[int] = mapped_column(SmallInteger)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (CheckConstraint("days BETWEEN 0 AND 730", name="days"),)
    __mapper_args__ = {"version_id_col": version}


class Customer(Owned, Base):
    """One customer, one record. The `_key` columns are the normalised forms that must be unique among live rows."""

    __tablename__ = "customer"
    __customer__ = "id"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    legal_name: Mapped[str | None] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200))
    search_text: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2), default="CN")
    region: Mapped[str | None] = mapped_column(String(80))
    city: Mapped[str | None] = mapped_column(String(80))
    industry: Mapped[str | None] = mapped_column(String(80))
    size: Mapped[str | None] = mapped_column(String(40))
    source: Mapped[str | None] = mapped_column(String(80))
    lifecycle: Mapped[Lifecycle] = mapped_column(enum_type(Lifecycle, "lifecycle"), default=Lifecycle.POTENTIAL)
    tax_id: Mapped[str | None] = mapped_column(String(40))
    tax_id_key: Mapped[str | None] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(60))
    phone_key: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))
    email_key: Mapped[str | None] = mapped_column(String(200))
    website: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    payment_terms_id: Mapped[int | None] = mapped_column(ForeignKey("payment_terms.id"))
    credit_limit: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    currency: Mapped[Currency]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("uq_customer_tax_id", "tax_id_key", unique=True, postgresql_where=f"{LIVE} AND tax_id_key IS NOT NULL"),
        Index("uq_customer_phone", "phone_key", unique=True, postgresql_where=f"{LIVE} AND phone_key IS NOT NULL"),
        Index("uq_customer_email", "email_key", unique=True, postgresql_where=f"{LIVE} AND email_key IS NOT NULL"),
        Index("uq_customer_name", "name_key", "country", unique=True, postgresql_where=LIVE),
        Index("ix_customer_by_name", "name", "id", postgresql_where=LIVE),
        Index("ix_customer_owned_by_name", "owner_id", "name", "id", postgresql_where=LIVE),
        Index("ix_customer_by_creation", "created_at", "id", postgresql_where=LIVE),
        CheckConstraint("credit_limit >= 0", name="credit_limit"),
        CheckConstraint("name <> ''", name="name"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name


class PaymentStatus(StrEnum):
    NONE = "none"
    UNPAID = "unpaid"
    PARTIAL = "partial"
    PAID = "paid"
    OVERDUE = "overdue"


class CustomerAccount(Base):
    """The customer's money, kept by finance in the transaction that changes it; its row is the customer's lock.

    `balance` = open receivables − unapplied credit; `exposure` adds what is ordered and not yet invoiced.
    `oldest_due_on` is the earliest due date of an open invoice, so that "overdue" is a comparison with today and never
    goes stale. `credit_limit` is the customer's, copied by triggers; `credit_used` says that four fifths of it or more
    are. Written by plans only.
    """

    __tablename__ = "customer_account"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    open_receivables: Mapped[Money] = mapped_column(Numeric(18, 2), default=Decimal("0.00"))
    unapplied: Mapped[Money] = mapped_column(Numeric(18, 2), default=Decimal("0.00"))
    uninvoiced: Mapped[Money] = mapped_column(Numeric(18, 2), default=Decimal("0.00"))
    balance: Mapped[Money] = mapped_column(Numeric(18, 2), Computed("open_receivables - unapplied", persisted=True))
    exposure: Mapped[Money] = mapped_column(
        Numeric(18, 2), Computed("open_receivables + uninvoiced - unapplied", persisted=True)
    )
    paid_status: Mapped[PaymentStatus] = mapped_column(
        enum_type(PaymentStatus, "paid_status"), default=PaymentStatus.NONE
    )
    oldest_due_on: Mapped[date | None]
    last_payment_on: Mapped[date | None]
    last_payment_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    last_order_on: Mapped[date | None]
    order_count: Mapped[int] = mapped_column(default=0)
    credit_limit: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    credit_used: Mapped[bool] = mapped_column(
        Computed(
            "coalesce(open_receivables + uninvoiced - unapplied > 0"
            " AND open_receivables + uninvoiced - unapplied >= credit_limit * 0.8, false)",
            persisted=True,
        )
    )

    __table_args__ = (
        CheckConstraint("open_receivables >= 0", name="open_receivables"),
        CheckConstraint("unapplied >= 0", name="unapplied"),
        CheckConstraint("uninvoiced >= 0", name="uninvoiced"),
        Index(None, "oldest_due_on", postgresql_where="oldest_due_on IS NOT NULL"),
        Index("ix_customer_account_by_balance", "balance", "customer_id"),
        Index("ix_customer_account_by_due", text("COALESCE(oldest_due_on, '9999-12-31'::date)"), "customer_id"),
        Index("ix_customer_account_by_order", text("COALESCE(last_order_on, '1900-01-01'::date)"), "customer_id"),
        Index("ix_customer_account_credit_used", "customer_id", postgresql_where="credit_used"),
        Index("ix_customer_account_unapplied", "unapplied", "customer_id", postgresql_where="unapplied > 0"),
        {"postgresql_with": {"fillfactor": 70}},
    )


class CustomerShare(Base):
    """A customer shown to somebody beside its owner: to a person, or to all of a unit, until it is ended."""

    __tablename__ = "customer_share"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    reason: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[Moment]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (unit_id IS NULL)", name="one_reader"),
        *(
            Index(
                f"uq_customer_share_{reader}",
                reader,
                "customer_id",
                unique=True,
                postgresql_where=text("ended_at IS NULL"),
            )
            for reader in ("user_id", "unit_id")
        ),
    )


class Contact(OfCustomer, Base):
    __tablename__ = "contact"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    title: Mapped[str | None] = mapped_column(String(120))
    decision_power: Mapped[str | None] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(60))
    email: Mapped[str | None] = mapped_column(String(200))
    preferred_channel: Mapped[str | None] = mapped_column(String(20))
    do_not_call: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("ix_contact_by_name", "name", "id"),
        Index("ix_contact_by_creation", "created_at", "id"),
        Index("ix_contact_not_called", "name", "id", postgresql_where="do_not_call"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name


class Address(OfCustomer, Base):
    """A place of a customer. `kind` is where it is used: billing or shipping; an archived one is not active."""

    __tablename__ = "address"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str | None] = mapped_column(String(200))
    street: Mapped[str] = mapped_column(String(200))
    city: Mapped[str | None] = mapped_column(String(80))
    region: Mapped[str | None] = mapped_column(String(80))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(2))
    is_default: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (CheckConstraint("kind IN ('billing', 'shipping')", name="kind"),)
    __mapper_args__ = {"version_id_col": version}


class Supplier(Base):
    __tablename__ = "supplier"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    contact_name: Mapped[str | None] = mapped_column(String(120))
    contact_title: Mapped[str | None] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(60))
    email: Mapped[str | None] = mapped_column(String(200))
    website: Mapped[str | None] = mapped_column(String(300))
    street: Mapped[str | None] = mapped_column(String(200))
    city: Mapped[str | None] = mapped_column(String(80))
    region: Mapped[str | None] = mapped_column(String(80))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("name", "country"),)
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name
