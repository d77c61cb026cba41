"""The outbox: facts recorded with the change that made them, applied later by workers, each exactly once in our
database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.needs import for_the_system
from core.plan import Plan
from core.statements import statement
from core.trace import OutboxConsumption, OutboxEvent, OutboxState

MAX_ATTEMPTS = 5
LEASE_SECONDS = 60
Handler = Callable[..., Any]
CONSUMERS: dict[str, dict[str, Handler]] = {}

LEASE = statement(
    "outbox.lease",
    """
    WITH free AS (
        SELECT id FROM outbox_event
         WHERE state IN ('pending', 'leased') AND available_at <= %(now)s::timestamptz
           AND (state = 'pending' OR leased_until < %(now)s::timestamptz) AND kind = ANY (%(consumed)s::text[])
         ORDER BY available_at, id LIMIT %(limit)s::int FOR UPDATE SKIP LOCKED)
    UPDATE outbox_event AS event
       SET state = 'leased', leased_until = %(until)s::timestamptz
      FROM free WHERE event.id = free.id
    RETURNING event.id, event.kind
    """,
    tables="outbox_event",
    scope="system",
)
# What a worker had claimed and kept in its own memory when it was lost; what is being applied just now is let be.
FREE = statement(
    "outbox.free",
    """
    UPDATE outbox_event SET state = 'pending', leased_until = NULL
     WHERE id IN (SELECT id FROM outbox_event WHERE state = 'leased' FOR UPDATE SKIP LOCKED)
    RETURNING id
    """,
    tables="outbox_event",
    scope="system",
)
# Facts that no consumer of this installation waits for: done as they are, kept for those who read the outbox.
CLOSE_UNCONSUMED = statement(
    "outbox.close_unconsumed",
    """
    UPDATE outbox_event SET state = 'done'
     WHERE id IN (SELECT id FROM outbox_event
                   WHERE state = 'pending' AND available_at <= %(now)s::timestamptz
                     AND kind <> ALL (%(consumed)s::text[])
                   ORDER BY available_at LIMIT %(limit)s::int FOR UPDATE SKIP LOCKED)
    RETURNING id
    """,
    tables="outbox_event",
    scope="system",
)
EVENT_FOR_UPDATE = statement(
    "outbox.event_for_update",
    """
    SELECT event.kind, event.payload, event.state,
           ARRAY(SELECT consumer::text FROM outbox_consumption WHERE event_id = event.id) AS applied
      FROM outbox_event AS event WHERE event.id = %(event_id)s::bigint FOR UPDATE OF event
    """,
    tables="outbox_event outbox_consumption",
    scope="system",
)
FAILED = statement(
    "outbox.failed",
    """
    UPDATE outbox_event SET attempts = attempts + 1, last_error = %(error)s,
           state = CASE WHEN attempts + 1 >= %(max)s::int THEN 'dead' ELSE 'pending' END, leased_until = NULL,
           available_at = %(now)s::timestamptz + make_interval(secs => power(2, attempts)::int)
     WHERE id = %(event_id)s::bigint AND state <> 'done' RETURNING state, attempts
    """,
    tables="outbox_event",
    scope="system",
)


def emit(plan: Plan, kind: str, **payload: Any) -> int:
    """Records that something happened, in past tense, in the plan's own transaction. Returns the event's id."""
    return plan.insert(OutboxEvent, kind=kind, payload=payload, occurred_at=plan.now, available_at=plan.now)


def emit_next(plan: Plan, kind: str, **payload: Any) -> int:
    """Records the next step of a work that is done in steps, to be applied by the same worker right after this one is
    committed. Should it be lost then, the event waits like any other."""
    event_id = emit(plan, kind, **payload)
    plan.next_events.append(event_id)
    return event_id


def consumer(kind: str, name: str) -> Callable[[Handler], Handler]:
    """Registers `handler(plan, payload)` under a stable name for events of a kind."""

    def register(handler: Handler) -> Handler:
        handlers = CONSUMERS.setdefault(kind, {})
        if name in handlers:
            raise ValueError(f"consumer {name} of {kind} is registered twice")
        handlers[name] = handler
        return handler

    return register


@for_the_system
def apply_event(plan: Plan, event_id: int) -> dict[str, Any]:
    """Applies one event by every consumer that has not yet done so; effect, proof and `done` are one transaction.

    Delivered twice, it does nothing the second time: the event's row is locked and the proofs are read under the lock.
    `next` of the answer are the events by which the work goes on.
    """
    [rows] = plan.fetch(EVENT_FOR_UPDATE(event_id=event_id))
    if not rows or rows[0][2] == OutboxState.DONE:
        return {"applied": [], "next": []}
    kind, payload, _, applied = rows[0]
    names = []
    for name, handler in CONSUMERS.get(kind, {}).items():
        if name not in applied:
            handler(plan, payload)
            plan.insert(OutboxConsumption, event_id=event_id, consumer=name, applied_at=plan.now)
            names.append(name)
    plan.set(OutboxEvent, event_id, state=OutboxState.DONE, leased_until=None)
    return {"applied": names, "next": plan.next_events}
