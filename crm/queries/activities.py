"""What is planned: follow-ups by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from core.organization import User
from core.parties import Customer
from core.queries.paging import Page, Sorting, Window, fetch_page
from core.scope import visible_rows
from crm.models import Activity

VIEWS = ("mine", "late", "all")


@dataclass(frozen=True)
class FollowUp:
    """Something planned with a customer."""

    id: int
    kind: str
    subject: str
    due_on: date
    customer_id: int
    customer: str
    owner: str
    version: int


def list_follow_ups(
    connection: Connection,
    window: Window,
    *,
    today: date,
    user_id: int | None,
    view: str = "mine",
    until: date | None = None,
) -> Page[FollowUp]:
    """What is not done yet, the earliest day first; `until` leaves out what comes later."""
    chosen: Any = (
        select(
            Activity.id,
            Activity.kind,
            Activity.subject,
            Activity.due_on,
            Customer.id,
            Customer.name,
            User.name,
            Activity.version,
        )
        .join(Customer, Customer.id == Activity.customer_id)
        .join(User, User.id == Activity.owner_id)
        .where(visible_rows(Customer), Activity.done_at.is_(None), Activity.due_on.is_not(None))
    )
    if view != "all":
        chosen = chosen.where(Activity.owner_id == user_id)
    if view == "late":
        chosen = chosen.where(Activity.due_on < today)
    if until is not None:
        chosen = chosen.where(Activity.due_on <= until)
    sorting = Sorting(Activity.due_on.expression, Activity.id.expression)
    return fetch_page(connection, chosen, FollowUp, sorting, window)
