"""The company, its users, their roles, sessions and tokens."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.constraints import means
from core.database import Base, Currency, Day, Id, Moment, Rate, enum_type


class InvoicingPolicy(StrEnum):
    ON_ORDER = "on_order"
    ON_DELIVERY = "on_delivery"


class TaxPoint(StrEnum):
    ISSUE_OR_SHIPMENT = "issue_or_shipment"
    INVOICE = "invoice"


class TaxRounding(StrEnum):
    LINE = "line"
    DOCUMENT = "document"


class DueFrom(StrEnum):
    INVOICE = "invoice"
    DELIVERY = "delivery"


class SecondFactorFor(StrEnum):
    """Who must show a second factor at sign-in. An administrator is whoever may manage users."""

    NOBODY = "nobody"
    ADMINISTRATORS = "administrators"
    EVERYONE = "everyone"


class Company(Base):
    """The one legal entity of this database and its settings; a single row."""

    __tablename__ = "company"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1)
    name: Mapped[str] = mapped_column(String(200))
    name_english: Mapped[str | None] = mapped_column(String(200))
    tax_id: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(200))
    bank_name: Mapped[str | None] = mapped_column(String(200))
    bank_account: Mapped[str | None] = mapped_column(String(60))
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str | None] = mapped_column(String(40))
    currency: Mapped[Currency] = mapped_column(String(3), default="CNY")
    chart: Mapped[str] = mapped_column(String(20), default="cn_small")
    fiscal_year_start_month: Mapped[int] = mapped_column(SmallInteger, default=1)
    time_zone: Mapped[str] = mapped_column(String(60), default="Asia/Shanghai")
    language: Mapped[str] = mapped_column(String(5), default="zh")
    country: Mapped[str] = mapped_column(String(2), default="CN")
    tax_rate: Mapped[Rate] = mapped_column(default=Decimal("0.13"))
    tax_rounding: Mapped[TaxRounding] = mapped_column(enum_type(TaxRounding, "tax_rounding"), default=TaxRounding.LINE)
    tax_point: Mapped[TaxPoint] = mapped_column(enum_type(TaxPoint, "tax_point"), default=TaxPoint.ISSUE_OR_SHIPMENT)
    invoicing_policy: Mapped[InvoicingPolicy] = mapped_column(
        enum_type(InvoicingPolicy, "invoicing_policy"), default=InvoicingPolicy.ON_ORDER
    )
    due_from: Mapped[DueFrom] = mapped_column(enum_type(DueFrom, "due_from"), default=DueFrom.INVOICE)
    payment_terms_days: Mapped[int] = mapped_column(SmallInteger, default=30)
    audit_years: Mapped[int] = mapped_column(SmallInteger, default=10)
    session_idle_hours: Mapped[int] = mapped_column(SmallInteger, default=12)
    session_days: Mapped[int] = mapped_column(SmallInteger, default=30)
    second_factor_for: Mapped[SecondFactorFor] = mapped_column(
        enum_type(SecondFactorFor, "second_factor_for"), default=SecondFactorFor.NOBODY
    )
    is_demo: Mapped[bool] = mapped_column(default=False)
    file_megabytes: Mapped[int] = mapped_column(SmallInteger, default=10)
    record_megabytes: Mapped[int] = mapped_column(SmallInteger, default=100)
    custom_fields_version: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("file_megabytes BETWEEN 1 AND 15", name="file_megabytes"),
        CheckConstraint("record_megabytes BETWEEN 1 AND 10000", name="record_megabytes"),
        CheckConstraint("fiscal_year_start_month BETWEEN 1 AND 12", name="month"),
        CheckConstraint("tax_rate >= 0 AND tax_rate < 1", name="tax_rate"),
        CheckConstraint("payment_terms_days BETWEEN 0 AND 730", name="payment_terms"),
        CheckConstraint("audit_years BETWEEN 5 AND 100", name="audit_years"),
        CheckConstraint("session_idle_hours BETWEEN 1 AND 720", name="session_idle"),
        CheckConstraint("session_days BETWEEN 1 AND 365", name="session_days"),
    )
    __mapper_args__ = {"version_id_col": version}


class RowScope(StrEnum):
    """Whose rows a role lets its people see; the widest of a person's roles counts."""

    OWN = "own"
    TEAM = "team"
    REGION = "region"
    ALL = "all"


class UnitKind(StrEnum):
    COMPANY = "company"
    REGION = "region"
    TEAM = "team"


class OrgUnit(Base):
    """A place in the tree company → region → team. `path` holds the ids from the root down to itself."""

    __tablename__ = "org_unit"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[UnitKind] = mapped_column(enum_type(UnitKind, "unit_kind"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    path: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        Index("uq_org_unit_company", "kind", unique=True, postgresql_where=sql("kind = 'company'")),
        CheckConstraint("(kind = 'company') = (parent_id IS NULL)", name="root"),
        CheckConstraint("path[cardinality(path)] = id", name="path"),
    )
    __mapper_args__ = {"version_id_col": version}


class UnitMembership(Base):
    """Where a person belongs, and belonged: people move, history stays."""

    __tablename__ = "unit_membership"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    since: Mapped[Moment]
    until: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_unit_membership_open", "user_id", unique=True, postgresql_where=sql("until IS NULL")),
        CheckConstraint("until IS NULL OR until >= since", name="order"),
    )


class Role(Base):
    """A named set of permissions, and whose rows they are about. Standard ones keep their code; others are own."""

    __tablename__ = "role"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_zh: Mapped[str] = mapped_column(String(80))
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String(60)))
    row_scope: Mapped[RowScope] = mapped_column(enum_type(RowScope, "row_scope"), default=RowScope.OWN)
    is_standard: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.code


class User(Base):
    """A person who signs in. Login and e-mail are kept in lower case; people are never deleted, only deactivated."""

    __tablename__ = "app_user"

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(5), default="zh")
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    contrast: Mapped[str] = mapped_column(String(8), default="normal")
    density: Mapped[str] = mapped_column(String(8), default="normal")
    shortcuts: Mapped[bool] = mapped_column(default=True)
    first_steps: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    home_cards: Mapped[list[str] | None] = mapped_column(ARRAY(String(60)))
    """The cards of the home page in his own order; what his roles begin with where he has not arranged them."""
    opening_views: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=sql("'{}'"))
    """The view that a list opens with for him, by the list's name; the list's first tab where it is not named."""
    is_active: Mapped[bool] = mapped_column(default=True)
    reports_to_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    failed_sign_ins: Mapped[int] = mapped_column(SmallInteger, default=0)
    blocked_until: Mapped[datetime | None]
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    roles: Mapped[list[Role]] = relationship(secondary="user_role", lazy="selectin", order_by="Role.code")

    __table_args__ = (
        UniqueConstraint("login"),
        Index("uq_app_user_email", sql("lower(email)"), unique=True),
        CheckConstraint("login = lower(login) AND login <> ''", name="login_lower"),
        CheckConstraint("theme IN ('auto', 'light', 'dark')", name="theme"),
        CheckConstraint("contrast IN ('normal', 'high')", name="contrast"),
        CheckConstraint("density IN ('compact', 'normal', 'roomy')", name="density"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.login


class UserRole(Base):
    __tablename__ = "user_role"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)


class UserSession(Base):
    """A signed-in browser. The cookie carries the token; only its SHA-256 is kept. Ending it bites on the next
    request.

    How long it lives is the company's setting, reckoned from `created_at` and `last_seen_at` at each look-up.
    `proved_at` is when the person last showed who he is. The token changes in use: `rotated_at` says when it last did
    (None: it is due), and for some seconds after that requests that were under way still come with `previous_hash`.
    """

    __tablename__ = "user_session"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    proved_at: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(60))
    user_agent: Mapped[str | None] = mapped_column(String(300))
    viewing_as_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        Index("ix_user_session_previous", "previous_hash", postgresql_where=sql("previous_hash IS NOT NULL")),
    )


class ApiToken(Base):
    """A token for the API; only its SHA-256 is kept. What it may do is its scopes ∩ its user's permissions, read at
    each call."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(String(60)))
    created_at: Mapped[Moment]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class SignInDelay(Base):
    """Failed sign-ins of an address: the growing delay is per account and per address."""

    __tablename__ = "sign_in_delay"
    __audited__ = False

    address: Mapped[str] = mapped_column(String(60), primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger, default=0)
    blocked_until: Mapped[datetime | None]
    last_failed_at: Mapped[Moment]


class Notice(Base):
    """What one person is told inside the application: written with the change it tells of, or by a worker from its
    event. `way` is how he wanted to be told then; `mail_id` the mail that carries it too, if any.

    The record is named by type and id only: what it is called is read with it, as far as the reader sees it by then.
    """

    __tablename__ = "notice"
    __audited__ = False

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    kind: Mapped[str] = mapped_column(String(60))
    record_type: Mapped[str | None] = mapped_column(String(40))
    record_id: Mapped[int | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    way: Mapped[str] = mapped_column(String(8), default="app")
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mail_message.id"))
    created_at: Mapped[Moment]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_notice_unread", "user_id", "created_at", postgresql_where="read_at IS NULL"),
        Index("ix_notice_user", "user_id", "created_at", "id"),
        Index(
            "ix_notice_digest",
            "user_id",
            postgresql_where=sql("way = 'digest' AND mail_id IS NULL AND read_at IS NULL"),
        ),
        CheckConstraint("way IN ('app', 'mail', 'digest')", name="way"),
        CheckConstraint("(record_type IS NULL) = (record_id IS NULL)", name="about"),
    )


class NoticeSetting(Base):
    """How somebody wants to be told, where he said so: a way by kind, and the hour of his daily mail in the company's
    time zone."""

    __tablename__ = "notice_setting"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), unique=True)
    choices: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    digest_hour: Mapped[int] = mapped_column(SmallInteger, default=8)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),)
    __mapper_args__ = {"version_id_col": version}


class DailyRun(Base):
    """That a job was done for a day: once, whoever runs it and however often."""

    __tablename__ = "daily_run"
    __audited__ = False

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    on_day: Mapped[Day] = mapped_column(primary_key=True)
    done_at: Mapped[Moment]


means("pk_company", "already_set_up")
means("uq_app_user_login", "duplicate_login", field="login")
means("uq_app_user_email", "duplicate_email", field="email")
means("uq_org_unit_parent_id_name", "duplicate_name", field="name")
means("uq_org_unit_company", "done_meanwhile")
means("uq_unit_membership_open", "done_meanwhile")
means("uq_notice_setting_user_id", "done_meanwhile")
