"""Rules with their steps, requests with the steps they need, decisions, and who stands in for whom."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.constraints import means
from core.database import Base, Currency, Id, Moment, enum_type

MEASURE = Numeric(18, 3)
ONE_APPROVER = "(approver = 'role') = (role_id IS NOT NULL) AND (approver = 'person') = (user_id IS NOT NULL)"


class ApprovalKind(StrEnum):
    """What may need an approval."""

    CREDIT = "credit"
    DISCOUNT = "discount"
    WRITE_OFF = "write_off"
    ADJUSTMENT = "adjustment"
    REOPENING = "reopening"


class Basis(StrEnum):
    """What a discount is measured on: the largest of a line, or all of the document's."""

    LINE = "line"
    DOCUMENT = "document"


class Approver(StrEnum):
    """Who a step waits for: anybody with a role, one person, or the requester's superior."""

    ROLE = "role"
    PERSON = "person"
    SUPERIOR = "superior"


class RequestState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    USED = "used"
    EXPIRED = "expired"


class Decision(StrEnum):
    APPROVED = "approved"
    REFUSED = "refused"


class ApprovalRule(Base):
    """From which measure on a kind needs an approval: an amount in the company's currency, or percent of discount."""

    __tablename__ = "approval_rule"

    id: Mapped[Id]
    kind: Mapped[ApprovalKind] = mapped_column(enum_type(ApprovalKind, "approval_kind"))
    basis: Mapped[Basis] = mapped_column(enum_type(Basis, "basis"), default=Basis.LINE)
    threshold: Mapped[Decimal] = mapped_column(MEASURE)
    valid_days: Mapped[int] = mapped_column(SmallInteger, default=14)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    steps: Mapped[list[ApprovalStep]] = relationship(
        lazy="selectin", order_by="ApprovalStep.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("kind"),
        CheckConstraint("threshold >= 0", name="threshold"),
        CheckConstraint("valid_days BETWEEN 1 AND 365", name="valid_days"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return str(self.kind)


class ApprovalStep(Base):
    """One step of a rule, in order; it is needed above `from_measure`. A change of steps is recorded on their rule."""

    __tablename__ = "approval_step"
    __audited__ = False

    id: Mapped[Id]
    rule_id: Mapped[int] = mapped_column(ForeignKey("approval_rule.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    approver: Mapped[Approver] = mapped_column(enum_type(Approver, "approver"))
    role_id: Mapped[int | None] = mapped_column(ForeignKey("role.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    from_measure: Mapped[Decimal] = mapped_column(MEASURE)

    __table_args__ = (
        UniqueConstraint("rule_id", "position"),
        CheckConstraint(ONE_APPROVER, name="one_approver"),
        CheckConstraint("from_measure >= 0", name="from_measure"),
    )


class ApprovalRequest(Base):
    """What somebody asks to be allowed: the command with its arguments, what it is about, and how much it is.

    `position` is the step it waits for. Only state, position and `closed_at` ever change, and only forwards. One that
    is open or approved past `expires_at` counts as expired, whether or not anybody has written so.
    """

    __tablename__ = "approval_request"
    __audited__ = False

    id: Mapped[Id]
    kind: Mapped[ApprovalKind] = mapped_column(enum_type(ApprovalKind, "approval_kind"))
    action: Mapped[str] = mapped_column(String(40))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    arguments_digest: Mapped[str] = mapped_column(String(64))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    subject_label: Mapped[str] = mapped_column(String(40))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    measure: Mapped[Decimal] = mapped_column(MEASURE)
    threshold: Mapped[Decimal] = mapped_column(MEASURE)
    currency: Mapped[Currency]
    reason: Mapped[str] = mapped_column(String(300))
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    state: Mapped[RequestState] = mapped_column(enum_type(RequestState, "request_state"), default=RequestState.OPEN)
    position: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("measure > threshold", name="measure"),
        CheckConstraint("(closed_at IS NULL) = (state IN ('open', 'approved'))", name="closed"),
        Index("ix_approval_request_subject", "subject_type", "subject_id", "kind"),
        Index("ix_approval_request_customer", "customer_id", postgresql_where=sql("customer_id IS NOT NULL")),
        Index("ix_approval_request_requester", "requested_by_id", "id"),
        Index("ix_approval_request_open", "expires_at", postgresql_where=sql("state = 'open'")),
    )


class ApprovalRequestStep(Base):
    """A step that a request needs, as the rule stood when it was asked; a superior is the person he was then."""

    __tablename__ = "approval_request_step"
    __audited__ = False

    id: Mapped[Id]
    request_id: Mapped[int] = mapped_column(ForeignKey("approval_request.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    role_id: Mapped[int | None] = mapped_column(ForeignKey("role.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    __table_args__ = (
        UniqueConstraint("request_id", "position"),
        CheckConstraint("(role_id IS NULL) <> (user_id IS NULL)", name="one_approver"),
    )


class ApprovalDecision(Base):
    """Who decided a step, for whom where he stood in, and why. Append-only."""

    __tablename__ = "approval_decision"
    __audited__ = False

    id: Mapped[Id]
    request_id: Mapped[int] = mapped_column(ForeignKey("approval_request.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    decision: Mapped[Decision] = mapped_column(enum_type(Decision, "decision"))
    note: Mapped[str | None] = mapped_column(String(300))
    decided_at: Mapped[Moment]

    __table_args__ = (
        UniqueConstraint("request_id", "position"),
        CheckConstraint("on_behalf_of_id <> decided_by_id", name="on_behalf"),
        Index("ix_approval_decision_decided_by", "decided_by_id"),
    )


class ApprovalDelegation(Base):
    """Who decides for somebody while he is away; it runs from `since` to `until`, or until it is ended."""

    __tablename__ = "approval_delegation"
    __audited__ = False

    id: Mapped[Id]
    from_user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    to_user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    since: Mapped[Moment]
    until: Mapped[Moment]
    created_at: Mapped[Moment]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("from_user_id <> to_user_id", name="two_people"),
        CheckConstraint("until > since", name="span"),
        Index("ix_approval_delegation_to", "to_user_id", "until"),
        Index("ix_approval_delegation_from", "from_user_id", "until"),
    )


means("uq_approval_decision_request_id_position", "done_meanwhile")
means("uq_approval_step_rule_id_position", "done_meanwhile")
means("uq_approval_request_step_request_id_position", "done_meanwhile")
