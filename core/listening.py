"""Who is told something just now: one connection of a process listens for all its open streams.

PostgreSQL sends a notice's user with COMMIT (`announce_notices`). Where nothing can be listened to (a pooler between,
the server away), streams say that they have no room, and pages ask now and then instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog
from sqlalchemy import make_url

from core import database as db

CHANNEL = "notices"
RETRY_SECONDS = 30.0
WAKE_SECONDS = 5.0
logger = structlog.get_logger()


class Bell:
    """Counts what came for whom; a stream waits until its person's count has changed. `most` streams at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._changed = threading.Condition()
        self._counts: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._listens = False
        self._thread: threading.Thread | None = None
        self._broken_until = 0.0

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return sum(self._waiting.values())

    @contextmanager
    def place(self, user_id: int) -> Iterator[bool]:
        """A stream's place for as long as the block lasts; False where there is none."""
        with self._changed:
            has_place = self.open_streams < self.most and time.monotonic() >= self._broken_until
            if has_place:
                self._waiting[user_id] = self._waiting.get(user_id, 0) + 1
                self._begin()
        try:
            yield has_place
        finally:
            if has_place:
                with self._changed:
                    self._waiting[user_id] -= 1
                    if not self._waiting[user_id]:
                        del self._waiting[user_id]
                        self._counts.pop(user_id, None)

    def heard(self, user_id: int) -> int:
        """A number that changes when something comes for somebody."""
        with self._changed:
            return self._counts.get(user_id, 0)

    def wait(self, user_id: int, heard: int, seconds: float) -> int:
        """Waits until something has come since `heard`, or so long; the number by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._counts.get(user_id, 0) != heard, seconds)
            return self._counts.get(user_id, 0)

    def ring(self, user_id: int) -> None:
        """Something has come for somebody; for who has no stream open, nothing is kept."""
        with self._changed:
            if user_id in self._waiting:
                self._counts[user_id] = self._counts.get(user_id, 0) + 1
                self._changed.notify_all()

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._listen, name="notices", daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        """Listens as long as any stream is open; ends when the last has gone, so that nothing is held for nobody."""
        url = make_url(db.current().url).set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            with psycopg.connect(url, autocommit=True, application_name="countinghouse listening") as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while self._is_wanted():
                    for told in connection.notifies(timeout=WAKE_SECONDS, stop_after=1):
                        if told.payload.isdecimal():
                            self.ring(int(told.payload))
        except (psycopg.Error, OSError) as error:
            logger.warning("listening_interrupted", error=repr(error))
            with self._changed:
                self._broken_until = time.monotonic() + RETRY_SECONDS
                self._changed.notify_all()

    def _is_wanted(self) -> bool:
        with self._changed:
            if self._waiting:
                return True
            self._thread = None
            return False

    @property
    def is_broken(self) -> bool:
        """Whether listening failed lately: streams then end, and pages ask."""
        return time.monotonic() < self._broken_until
