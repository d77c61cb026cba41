"""How far a departure is, who gets what, and whose a customer was."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.queries.reading import read
from core.statements import statement


class DepartureRecord(NamedTuple):
    """`state` is running, done, or stopped where a worker gave up; `error` is why the last try failed."""

    id: int
    user_id: int
    user: str
    is_active: bool
    state: str
    reason: str
    started_at: datetime
    started_by: str | None
    delegate: str
    customers_total: int
    customers_done: int
    documents_moved: int
    activities_moved: int
    shares_moved: int
    finished_at: datetime | None
    attempts: int
    error: str | None


class HeirRecord(NamedTuple):
    heir_id: int
    heir: str
    customers: int
    customers_done: int


class OwnerRecord(NamedTuple):
    user_id: int
    owner: str
    since: datetime
    until: datetime | None


_LATEST = "(SELECT id FROM departure WHERE user_id = %(user_id)s::bigint ORDER BY started_at DESC, id DESC LIMIT 1)"
LATEST = statement(
    "departures.latest",
    f"""
    SELECT departure.id, departure.user_id, leaver.name, leaver.is_active,
           CASE WHEN departure.state = 'running' AND event.state = 'dead' THEN 'stopped' ELSE departure.state END,
           departure.reason, departure.started_at, starter.name, delegate.name, customers_total, customers_done,
           documents_moved, activities_moved, shares_moved, finished_at, event.attempts,
           CASE WHEN departure.state = 'running' THEN event.last_error END
      FROM departure JOIN outbox_event AS event ON event.id = departure.event_id
      JOIN app_user AS leaver ON leaver.id = departure.user_id
      JOIN app_user AS delegate ON delegate.id = departure.delegate_id
      LEFT JOIN app_user AS starter ON starter.id = departure.started_by_id
     WHERE departure.id = {_LATEST}
    """,
    tables="departure outbox_event app_user",
    scope="system",
    fact=DepartureRecord,
)
LATEST_HEIRS = statement(
    "departures.latest_heirs",
    f"""
    SELECT heir.id, heir.name, count(*), count(done_at)
      FROM departure_customer JOIN app_user AS heir ON heir.id = heir_id
     WHERE departure_id = {_LATEST} GROUP BY heir.id, heir.name ORDER BY count(*) DESC, heir.name, heir.id
    """,
    tables="departure departure_customer app_user",
    scope="by_root",
    fact=HeirRecord,
)
OWNERS = statement(
    "departures.owners",
    """
    SELECT app_user.id, app_user.name, period.since, period.until
      FROM customer_ownership AS period JOIN customer ON customer.id = period.customer_id
      JOIN app_user ON app_user.id = period.user_id
     WHERE period.customer_id = %(customer_id)s::bigint AND visible(customer, customer.id)
     ORDER BY period.until IS NULL DESC, period.since DESC, period.id DESC
    """,
    tables="customer_ownership customer app_user",
    scope="scoped",
    fact=OwnerRecord,
)


def latest_departure(user_id: int) -> tuple[DepartureRecord | None, list[HeirRecord]]:
    """Somebody's last departure with how far each heir's share is; None where he never left."""
    found, heirs = read(LATEST(user_id=user_id), LATEST_HEIRS(user_id=user_id))
    return (found[0] if found else None), heirs


def list_owners(customer_id: int) -> list[OwnerRecord]:
    """Whose a customer is and was, the present owner first; nobody for a customer that the viewer does not see."""
    [rows] = read(OWNERS(customer_id=customer_id))
    return rows
