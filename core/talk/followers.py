"""Who follows a record: its owner and who wrote it by what they are, whoever comments or is called upon, and whoever
wants to. Somebody who has stopped stays out until he wants to again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from core import database as db
from core.needs import for_anybody
from core.plan import Plan
from core.statements import statement
from core.talk.models import Follower
from core.talk.records import Found, find_record

FOLLOWERS = statement(
    "talk.followers",
    """
    SELECT user_id, stopped_at IS NOT NULL FROM follower
     WHERE record_type = %(record_type)s AND record_id = %(record_id)s::bigint ORDER BY user_id
    """,
    tables="follower",
    scope="system",
)
# Of two who add the same at once, one does; and who has stopped stays so, unless it is he who asks.
ADD = statement(
    "talk.add_followers",
    """
    INSERT INTO follower (id, record_type, record_id, customer_id, user_id, since)
    SELECT wanted.id, %(record_type)s, %(record_id)s::bigint, %(customer_id)s::bigint, wanted.user_id,
           %(now)s::timestamptz
      FROM unnest(%(ids)s::bigint[], %(user_ids)s::bigint[]) AS wanted (id, user_id)
    ON CONFLICT (record_type, record_id, user_id) DO UPDATE
       SET stopped_at = NULL, since = excluded.since WHERE %(again)s::boolean AND follower.stopped_at IS NOT NULL
    """,
    tables="follower",
    scope="system",
)
STOP = statement(
    "talk.stop_following",
    """
    INSERT INTO follower (id, record_type, record_id, customer_id, user_id, since, stopped_at)
    VALUES (%(id)s::bigint, %(record_type)s, %(record_id)s::bigint, %(customer_id)s::bigint, %(user_id)s::bigint,
            %(now)s::timestamptz, %(now)s::timestamptz)
    ON CONFLICT (record_type, record_id, user_id) DO UPDATE SET stopped_at = excluded.stopped_at
    """,
    tables="follower",
    scope="system",
)


def followers_query(record_type: str, record_id: int) -> Any:
    """The rows of a record's followers: (user, whether he has stopped)."""
    return FOLLOWERS(record_type=record_type, record_id=record_id)


def following(found: Found, rows: Iterable[Any]) -> set[int]:
    """Who follows, by what they are or by a row, less who has stopped."""
    listed = {user_id: stopped for user_id, stopped in rows}
    own = {person for person in found.people if person is not None and not listed.get(person, False)}
    return own | {user_id for user_id, stopped in listed.items() if not stopped}


def add_followers(
    record_type: str, record_id: int, found: Found, people: Collection[int], now: Any, *, again: bool = False
) -> Any:
    """The statement that makes people follow; `again` also those who had stopped."""
    return ADD(
        record_type=record_type,
        record_id=record_id,
        customer_id=found.customer_id,
        ids=[db.next_id() for _ in people],
        user_ids=list(people),
        now=now,
        again=again,
    )


def begin_following(plan: Plan, record_type: str, record_id: int, customer_id: int | None = None) -> None:
    """Whoever makes a new record follows it. Costs no statement: the row goes with the plan's batch."""
    if plan.actor.user_id is not None:
        plan.insert(
            Follower,
            record_type=record_type,
            record_id=record_id,
            customer_id=customer_id,
            user_id=plan.actor.user_id,
            since=plan.now,
        )


@for_anybody
def follow(plan: Plan, record_type: str, record_id: int) -> dict[str, Any]:
    """The actor follows a record that he sees, from now on. Raises NotFound."""
    found, _ = find_record(plan, record_type, record_id)
    plan.fetch(add_followers(record_type, record_id, found, [plan.actor.user_id or 0], plan.now, again=True))
    return {"record_type": record_type, "record_id": record_id, "following": True}


@for_anybody
def stop_following(plan: Plan, record_type: str, record_id: int) -> dict[str, Any]:
    """The actor hears no more of a record, whatever he is to it, but where he is called upon. Raises NotFound."""
    found, _ = find_record(plan, record_type, record_id)
    plan.fetch(
        STOP(
            id=db.next_id(),
            record_type=record_type,
            record_id=record_id,
            customer_id=found.customer_id,
            user_id=plan.actor.user_id,
            now=plan.now,
        )
    )
    return {"record_type": record_type, "record_id": record_id, "following": False}
