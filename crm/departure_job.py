"""What somebody who left had goes to his heirs: a batch of customers per event, each exactly once.

An event's effect, the counters and the next event are one transaction, so the work goes on from where it was whenever a
worker was lost, and an event delivered twice moves nothing twice. Between two batches every customer has an owner: the
one who left, until it is another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.audit import record
from core.errors import DomainError
from core.leaving import Departure, DepartureState
from core.notices import notify
from core.outbox import consumer, emit
from core.plan import Plan
from core.statements import statement
from core.units import end_share, place_user, share_customer
from crm.owners import CUSTOMERS_OF_OWNER, LOCK_USERS, Moved, lock_owned, record_new_owners, take_over

BATCH = 50


class DepartureFact(NamedTuple):
    id: int
    user_id: int
    user: str
    delegate_id: int
    started_by_id: int | None
    reason: str
    state: str


class Part(NamedTuple):
    customer_id: int
    heir_id: int


class ShareFact(NamedTuple):
    id: int
    customer_id: int
    owner_id: int
    reason: str | None


class HeirFact(NamedTuple):
    heir_id: int
    customers: int


LOCK = statement(
    "departure_job.lock",
    """
    SELECT departure.id, user_id, app_user.name, delegate_id, started_by_id, reason, state
      FROM departure JOIN app_user ON app_user.id = user_id
     WHERE departure.id = %(departure_id)s::bigint FOR NO KEY UPDATE OF departure
    """,
    tables="departure app_user",
    scope="system",
    fact=DepartureFact,
)
OPEN_PARTS = statement(
    "departure_job.open_parts",
    """
    SELECT customer_id, heir_id FROM departure_customer
     WHERE departure_id = %(departure_id)s::bigint AND done_at IS NULL ORDER BY customer_id LIMIT %(limit)s::int
    """,
    tables="departure_customer",
    scope="by_root",
    fact=Part,
)
MARK = statement(
    "departure_job.mark",
    """
    UPDATE departure_customer
       SET done_at = %(now)s::timestamptz, was_moved = customer_id = ANY (%(moved_ids)s::bigint[])
     WHERE departure_id = %(departure_id)s::bigint AND customer_id = ANY (%(customer_ids)s::bigint[])
    """,
    tables="departure_customer",
    scope="by_root",
)
RECORD_FOUND = statement(
    "departure_job.record_found",
    """
    INSERT INTO departure_customer (departure_id, customer_id, heir_id, done_at, was_moved)
    SELECT %(departure_id)s::bigint, customer_id, %(heir_id)s::bigint, %(now)s::timestamptz, true
      FROM unnest(%(customer_ids)s::bigint[]) AS customer_id
    ON CONFLICT (departure_id, customer_id) DO UPDATE
       SET heir_id = excluded.heir_id, done_at = excluded.done_at, was_moved = true
    RETURNING xmax = 0
    """,
    tables="departure_customer",
    scope="by_root",
)
# What he had promised to do at somebody else's customer is that customer's owner's now.
MOVE_OTHER_ACTIVITIES = statement(
    "departure_job.move_other_activities",
    """
    UPDATE activity SET owner_id = customer.owner_id, version = activity.version + 1 FROM customer
     WHERE customer.id = activity.customer_id AND activity.owner_id = %(user_id)s::bigint AND done_at IS NULL
    RETURNING activity.id, activity.owner_id
    """,
    tables="activity customer",
    scope="system",
)
LIVE_SHARES = statement(
    "departure_job.live_shares",
    """
    SELECT share.id, share.customer_id, customer.owner_id, share.reason
      FROM customer_share AS share JOIN customer ON customer.id = share.customer_id
     WHERE share.user_id = %(user_id)s::bigint AND share.ended_at IS NULL ORDER BY share.id LIMIT %(limit)s::int
    """,
    tables="customer_share customer",
    scope="system",
    fact=ShareFact,
)
MOVE_NOTICES = statement(
    "departure_job.move_notices",
    """
    UPDATE notice SET user_id = %(delegate_id)s::bigint WHERE user_id = %(user_id)s::bigint AND read_at IS NULL
    """,
    tables="notice",
    scope="system",
)
HEIRS = statement(
    "departure_job.heirs",
    """
    SELECT heir_id, count(*) FROM departure_customer
     WHERE departure_id = %(departure_id)s::bigint AND was_moved GROUP BY heir_id ORDER BY heir_id
    """,
    tables="departure_customer",
    scope="by_root",
    fact=HeirFact,
)


@consumer("departure_started", "move_customers")
@consumer("departure_advanced", "move_customers")
def move_customers(plan: Plan, payload: Mapping[str, Any]) -> None:
    """Moves the next batch, or what is left besides customers, and then finishes. Locks the departure, the heirs
    (shared), the documents and customers of the batch."""
    departure_id = payload["departure_id"]
    [[found], parts] = plan.fetch(LOCK(departure_id=departure_id), OPEN_PARTS(departure_id=departure_id, limit=BATCH))
    departure: DepartureFact = found
    if departure.state == DepartureState.DONE:
        return
    if parts:
        _move(plan, departure, parts)
    elif not _move_the_rest(plan, departure):
        _finish(plan, departure)
        return
    event_id = emit(plan, "departure_advanced", departure_id=departure.id)
    plan.set(Departure, departure.id, event_id=event_id)
    plan.add(Departure, departure.id, version=1)


def _move(plan: Plan, departure: DepartureFact, parts: Sequence[Part]) -> None:
    _share_heirs(plan, {part.heir_id for part in parts})
    heirs = {part.customer_id: part.heir_id for part in parts}
    customers = lock_owned(plan, list(heirs), departure.user_id)
    moved = Moved(0, 0)
    for heir_id in sorted(set(heirs.values())):
        his = [customer for customer in customers if heirs[customer.id] == heir_id]
        part = take_over(plan, his, departure.user_id, heir_id, reason=departure.reason)
        moved = Moved(moved.documents + part.documents, moved.activities + part.activities)
    moved_ids = [customer.id for customer in customers]
    plan.fetch(MARK(departure_id=departure.id, customer_ids=list(heirs), moved_ids=moved_ids, now=plan.now))
    plan.add(
        Departure,
        departure.id,
        customers_done=len(parts),
        documents_moved=moved.documents,
        activities_moved=moved.activities,
    )


def _share_heirs(plan: Plan, heir_ids: set[int]) -> None:
    """An heir stays until the batch is done. Raises `heir_left` for one who left, which is tried again: whoever leaves
    by a departure of his own names who follows him here too."""
    [found] = plan.fetch(LOCK_USERS(ids=sorted(heir_ids)))
    gone = [person.name for person in found if not person.is_active]
    if gone:
        raise DomainError("heir_left", name=", ".join(gone))


def _move_the_rest(plan: Plan, departure: DepartureFact) -> bool:
    """Whether there was something left besides what was planned: customers that came to him on no known way, shares."""
    [[[customer_ids]], shares] = plan.fetch(
        CUSTOMERS_OF_OWNER(owner_id=departure.user_id), LIVE_SHARES(user_id=departure.user_id, limit=BATCH)
    )
    if not customer_ids and not shares:
        return False
    _share_heirs(plan, {departure.delegate_id})
    customers = lock_owned(plan, customer_ids[:BATCH], departure.user_id)
    moved = take_over(plan, customers, departure.user_id, departure.delegate_id, reason=departure.reason)
    for share in shares:
        if share.owner_id != departure.delegate_id:
            share_customer(plan, share.customer_id, user_id=departure.delegate_id, reason=share.reason)
        end_share(plan, share.customer_id, share.id)
    [found] = plan.fetch(
        RECORD_FOUND(
            departure_id=departure.id,
            customer_ids=[customer.id for customer in customers],
            heir_id=departure.delegate_id,
            now=plan.now,
        )
    )
    count = sum(is_new for (is_new,) in found)
    plan.add(Departure, departure.id, customers_total=count, customers_done=count, shares_moved=len(shares))
    plan.add(Departure, departure.id, documents_moved=moved.documents, activities_moved=moved.activities)
    return True


def _finish(plan: Plan, departure: DepartureFact) -> None:
    """The last promises, unread notices and his place in the tree; then everybody concerned is told."""
    place_user(plan, departure.user_id, None)
    activities, _, heirs = plan.fetch(
        MOVE_OTHER_ACTIVITIES(user_id=departure.user_id),
        MOVE_NOTICES(user_id=departure.user_id, delegate_id=departure.delegate_id),
        HEIRS(departure_id=departure.id),
    )
    record_new_owners(plan, departure.user_id, activities)
    plan.add(Departure, departure.id, activities_moved=len(activities), version=1)
    plan.set(Departure, departure.id, state=DepartureState.DONE, finished_at=plan.now)
    told = {"departure_id": departure.id, "user_id": departure.user_id, "user": departure.user}
    for heir in heirs:
        data = {**told, "customers": heir.customers}
        notify(plan, "customers_taken_over", [heir.heir_id], **data)
    if departure.started_by_id is not None:
        data = {**told, "customers": sum(heir.customers for heir in heirs)}
        notify(plan, "departure_done", [departure.started_by_id], **data)
    changes = {"user_id": departure.user_id, "customers": sum(heir.customers for heir in heirs)}
    record(plan, "departure.done", "departure", departure.id, label=departure.user, changes=changes)
