"""Background work: a relay hands outbox events to Celery, a task applies each exactly once in our database.

All background work starts as an outbox row, which is `done` only with its effect committed; so a lost broker, relay or
worker loses nothing, and an event delivered twice has one effect. By default the broker is the memory of the worker
process itself, fed by the relay in a thread of it; with Redis or RabbitMQ any number of workers may run, each with a
relay, since claims skip locked rows.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from celery import Celery
from sqlalchemy import exc

import core.outbox as outbox
from core import clock, wire
from core import database as db
from core.command import run
from core.context import Context
from core.models_registry import import_all_models
from core.statements import Statement, statement

APPLY = "countinghouse.apply_event"
MEMORY = "memory"
BATCH = 100
KEPT_DAYS = 30
SWEEP_EVERY = timedelta(hours=1)
FOLLOWED_SECONDS = 3.0
logger = structlog.get_logger()

SWEEP = statement(
    "jobs.sweep_idempotency_keys",
    "DELETE FROM idempotency_key WHERE created_at < %(before)s::timestamptz",
    tables="idempotency_key",
    scope="system",
)


def make_celery(broker_url: str) -> Celery:
    """The Celery application. A memory broker polls every 20 ms; a Redis one redelivers what a lost worker held."""
    in_memory = broker_url.startswith(MEMORY)
    app = Celery("countinghouse", broker="memory://localhost/" if in_memory else broker_url)
    app.conf.update(
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=4,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options=(
            {"polling_interval": 0.02} if in_memory else {"visibility_timeout": 10 * outbox.LEASE_SECONDS}
        ),
    )
    app.task(name=APPLY)(apply_event_task)
    return app


def load_consumers(modules: Sequence[str]) -> None:
    """Imports the modules that register consumers, and all models: what a consumer writes may refer to a table whose
    module it does not import itself. Called by the entry point, since core may not import what uses it."""
    import_all_models()
    for module in modules:
        importlib.import_module(module)


def apply_event_task(event_id: int) -> None:
    """Applies one event; a failure is counted on it and tried again later, after five it is dead and shown.

    What it goes on with is applied right away, without the relay, for a while; then others have their turn.
    """
    until = time.monotonic() + FOLLOWED_SECONDS
    waiting = [event_id]
    while waiting:
        event_id = waiting.pop(0)
        try:
            applied = run(outbox.apply_event, event_id, context=Context(route="worker", channel="worker"))
        except Exception as error:
            logger.warning("event_failed", event_id=event_id, error=repr(error))
            _note_failure(event_id, error)
            return
        if time.monotonic() < until:
            waiting += applied["next"]


def _note_failure(event_id: int, error: Exception) -> None:
    text = f"{type(error).__name__}: {error}"[:2000]
    rows = execute(outbox.FAILED, event_id=event_id, error=text, max=outbox.MAX_ATTEMPTS, now=clock.now())
    if rows and rows[0][0] == outbox.OutboxState.DEAD:
        logger.error("event_dead", event_id=event_id, error=text)


def execute(wanted: Statement, **parameters: Any) -> list[Any]:
    """One registered statement as its own transaction; its rows, if it has any."""
    with db.current().autocommit() as connection:
        return wire.fetch(db.driver(connection), [wanted(**parameters)], transaction=False)[0]


def lease_events(limit: int = BATCH) -> list[tuple[int, str]]:
    """Claims events for a minute: (id, kind). One that is not done by then is free to be claimed again."""
    now = clock.now()
    until = now + timedelta(seconds=outbox.LEASE_SECONDS)
    return execute(outbox.LEASE, now=now, until=until, limit=limit, consumed=list(outbox.CONSUMERS))


def free_leases() -> int:
    """Makes claimed events free to be claimed again, instead of after a minute; how many. For a worker that starts with
    a broker in its own memory: what the one before had claimed is lost with it. One applied twice has one effect."""
    return len(execute(outbox.FREE))


def close_unconsumed(limit: int = 10 * BATCH) -> int:
    """Marks events that nobody here consumes as done; how many."""
    return len(execute(outbox.CLOSE_UNCONSUMED, now=clock.now(), consumed=list(outbox.CONSUMERS), limit=limit))


class Relay:
    """Claims events and sends them to the broker until stopped; waits between looks only when there was nothing to
    do."""

    def __init__(self, app: Celery, *, pause_seconds: float = 0.2) -> None:
        self.app = app
        self._frees = app.connection_for_write().transport_cls == MEMORY
        self.pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._swept_at = clock.now() - SWEEP_EVERY

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.loop, name="outbox-relay", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def loop(self) -> None:
        while not self._stop.is_set():
            try:
                self.free_once()
                sent = self.send_due()
                close_unconsumed()
                self._sweep()
            except (exc.SQLAlchemyError, OSError) as error:
                logger.warning("relay_interrupted", error=repr(error))
                sent = 0
            if sent < BATCH:
                self._stop.wait(self.pause_seconds)

    def free_once(self) -> None:
        """The first time only, and only where the broker is this process's memory."""
        if self._frees:
            free_leases()
            self._frees = False

    def send_due(self) -> int:
        """Sends the events that are due; how many."""
        events = lease_events()
        for event_id, _ in events:
            self.app.send_task(APPLY, args=(event_id,))
        return len(events)

    def _sweep(self) -> None:
        now = clock.now()
        if now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            execute(SWEEP, before=now - timedelta(days=KEPT_DAYS))
