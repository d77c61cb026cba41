"""Who owned a customer when; people who leave and what of theirs goes to whom; what somebody still has in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, Moment, enum_type
from core.plan import Plan
from core.scope import OfCustomer
from core.statements import statement


class CustomerOwnership(OfCustomer, Base):
    """From when to when a customer was whose. The open period is the present owner's; written by plans only."""

    __tablename__ = "customer_ownership"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    since: Mapped[Moment]
    until: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_customer_ownership_open", "customer_id", unique=True, postgresql_where=sql("until IS NULL")),
        Index("ix_customer_ownership_customer", "customer_id", "since"),
        CheckConstraint("until IS NULL OR until >= since", name="order"),
    )


class DepartureState(StrEnum):
    RUNNING = "running"
    DONE = "done"


class Departure(Base):
    """Somebody leaves: what he has goes to others, batch by batch, each with its counters in one transaction.

    `rules` is what was asked for, `DepartureCustomer` what it means for each customer. `delegate_id` gets what arrives
    for him from now on. `event_id` is the event that carries the work on; where that one is dead, the work has stopped.
    """

    __tablename__ = "departure"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    started_at: Mapped[Moment]
    reason: Mapped[str] = mapped_column(String(300))
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[DepartureState] = mapped_column(
        enum_type(DepartureState, "departure_state"), default=DepartureState.RUNNING
    )
    event_id: Mapped[int] = mapped_column(ForeignKey("outbox_event.id"))
    customers_total: Mapped[int]
    customers_done: Mapped[int] = mapped_column(default=0)
    documents_moved: Mapped[int] = mapped_column(default=0)
    activities_moved: Mapped[int] = mapped_column(default=0)
    shares_moved: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("uq_departure_running", "user_id", unique=True, postgresql_where=sql("state = 'running'")),
        CheckConstraint("customers_done BETWEEN 0 AND customers_total", name="customers_done"),
        CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="finished"),
        CheckConstraint("delegate_id <> user_id", name="delegate"),
    )


class DepartureCustomer(Base):
    """Who takes over one customer of somebody who leaves. `was_moved` is false where it had another owner by then."""

    __tablename__ = "departure_customer"

    departure_id: Mapped[int] = mapped_column(ForeignKey("departure.id"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    heir_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    done_at: Mapped[datetime | None]
    was_moved: Mapped[bool | None]

    __table_args__ = (
        Index("ix_departure_customer_open", "heir_id", postgresql_where=sql("done_at IS NULL")),
        CheckConstraint("(done_at IS NULL) = (was_moved IS NULL)", name="done"),
    )


means("uq_customer_ownership_open", "done_meanwhile")
means("uq_departure_running", "done_meanwhile")

# periods of ownership -------------------------------------------------------------------------------------------------
# A period ends no earlier than it began, also for who records what happened before.
CLOSE_PERIODS = statement(
    "leaving.close_periods",
    """
    UPDATE customer_ownership SET until = greatest(since, %(now)s::timestamptz)
     WHERE customer_id = ANY (%(customer_ids)s::bigint[]) AND until IS NULL RETURNING customer_id, until
    """,
    tables="customer_ownership",
    scope="by_root",
)


def begin_ownership(plan: Plan, customer_id: int, owner_id: int) -> None:
    """The first period of a new customer."""
    plan.insert(CustomerOwnership, customer_id=customer_id, user_id=owner_id, since=plan.now)


def pass_ownership(plan: Plan, customer_ids: Sequence[int], owner_id: int) -> None:
    """Ends the open period of each customer and opens the next owner's at that moment. The customers are locked."""
    [closed] = plan.fetch(CLOSE_PERIODS(customer_ids=customer_ids, now=plan.now))
    for customer_id, until in closed:
        plan.insert(CustomerOwnership, customer_id=customer_id, user_id=owner_id, since=until)


# what somebody has in hand --------------------------------------------------------------------------------------------
class OpenWork(NamedTuple):
    """What would be left without anybody if a person were simply made inactive."""

    customers: int
    activities: int
    reports: int
    shares: int
    inherits: int

    @property
    def left_behind(self) -> Mapping[str, int]:
        """The same without customers, as far as there is anything."""
        return {name: count for name, count in self._asdict().items() if count and name != "customers"}


OPEN_WORK = statement(
    "leaving.open_work",
    """
    SELECT (SELECT count(*) FROM customer WHERE owner_id = %(user_id)s::bigint AND merged_into_id IS NULL),
           (SELECT count(*) FROM activity WHERE owner_id = %(user_id)s::bigint AND done_at IS NULL),
           (SELECT count(*) FROM app_user WHERE reports_to_id = %(user_id)s::bigint AND is_active),
           (SELECT count(*) FROM customer_share WHERE user_id = %(user_id)s::bigint AND ended_at IS NULL),
           (SELECT count(*) FROM departure_customer WHERE heir_id = %(user_id)s::bigint AND done_at IS NULL)
    """,
    tables="customer activity app_user customer_share departure_customer",
    scope="system",
    fact=OpenWork,
)
RUNNING = statement(
    "leaving.running",
    "SELECT id FROM departure WHERE user_id = %(user_id)s::bigint AND state = 'running'",
    tables="departure",
    scope="system",
)
