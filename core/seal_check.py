"""Walks the audit chain from its first link and names the first row that is not as it was sealed.

What shows: a row edited, deleted or moved to another place, a link edited or taken out, the end cut off (against the
anchors), a row slipped in with a time at which it would have been sealed long before, an anchor taken away. The walk
reads through a cursor of the server, so memory stays the same however long the chain is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog
from sqlalchemy import Connection, exc, text

from core import clock
from core import database as db
from core.seal import ENCODED, LOCK, digest_of
from core.seal_files import Anchor, Anchors, Key, SealFiles
from core.statements import statement

ROWS_AT_ONCE = 2_000
LOOK_EVERY = timedelta(days=1)
PAUSE_SECONDS = 300
logger = structlog.get_logger()
# A row is sealed within seconds, and after ten minutes at the latest where the sealer runs.
LATE_MICROSECONDS = 3_600_000_000
_ENCODED = " ".join(f"WHEN {number} THEN {encoded}" for number, encoded in ENCODED.items())


class Link(NamedTuple):
    """A seal with the row it covers; `recorded_at` is None where the row is gone. Times in microseconds."""

    position: int
    audit_row_id: int
    run: int
    encoding: int
    key_id: str
    digest: str
    sealed_at: int
    recorded_at: int | None
    row: str | None


WALK = statement(
    "seal.walk",
    f"""
    SELECT seal.position, seal.audit_row_id, seal.run, seal.encoding, seal.key_id, seal.digest,
           (extract(epoch FROM seal.sealed_at) * 1000000)::bigint,
           (extract(epoch FROM row.recorded_at) * 1000000)::bigint, CASE seal.encoding {_ENCODED} END
      FROM audit_seal AS seal LEFT JOIN audit_row AS row ON row.id = seal.audit_row_id
     WHERE seal.position > %(after)s ORDER BY seal.position
    """,  # noqa: S608 (names of columns, no values)
    tables="audit_seal audit_row",
    scope="system",
)
DESCRIBED = "SELECT action, record_type, record_id, record_label, actor_name, recorded_at FROM audit_row WHERE id = :id"
WAITING = """
    SELECT count(*), min(recorded_at) FROM audit_row AS row
     WHERE NOT EXISTS (SELECT FROM audit_seal WHERE audit_seal.audit_row_id = row.id)
"""


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong. `kind`: changed, row_missing, link_missing, late, key_missing, cut,
    anchor_differs, anchor_missing. `row` describes the audit row as it now stands, where there is one."""

    kind: str
    position: int
    audit_row_id: int | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a walk found: how many links are right, where it ended, and how many rows still wait for their seal."""

    checked: int
    position: int
    run: int
    fault: Fault | None = None
    waiting: int = 0
    waiting_since: Any = None

    @property
    def ok(self) -> bool:
        return self.fault is None

    def as_data(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


class _Broken(Exception):
    def __init__(self, kind: str, position: int, audit_row_id: int | None = None) -> None:
        super().__init__(kind)
        self.fault = Fault(kind, position, audit_row_id)


@contextmanager
def still(database: db.Database) -> Iterator[None]:
    """Keeps the sealer waiting in the block, in which the anchors are read and the snapshot of the chain is begun."""
    with database.autocommit() as connection:
        connection.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock_shared(:key)"), {"key": LOCK})


def verify(
    connection: Connection, anchors: Anchors, keys: Mapping[str, bytes], *, since: Anchor | None = None
) -> Verdict:
    """Walks the chain that `connection`, a snapshot of a role that sees every row, shows; from the anchor `since` on,
    or whole. Changes nothing."""
    walk = _Walk(anchors, keys, since)
    try:
        for link in _links(connection, walk.position):
            walk.step(link)
        walk.end()
    except _Broken as broken:
        return Verdict(walk.checked, walk.position, walk.run, _described(connection, broken.fault))
    waiting, oldest = connection.execute(text(WAITING)).one()
    return Verdict(walk.checked, walk.position, walk.run, None, waiting, oldest)


def look(database: db.Database, files: SealFiles, key: Key) -> dict[str, Any]:
    """Walks the whole chain of a database, keeps what was found for the page of the audit trail, and answers it."""
    began = time.monotonic()
    with database.snapshot() as connection:
        with still(database):
            known = files.anchors()
            connection.exec_driver_sql("SELECT 1")
        verdict = verify(connection, known, files.keys() | {key.id: key.secret})
    found = verdict.as_data() | {"at": clock.now().isoformat(), "seconds": round(time.monotonic() - began, 1)}
    files.note_look(found)
    return found


class Verifier:
    """Walks the whole chain once a day until stopped, beside the sealer of a worker. What is wrong goes to the log and
    to the page of the audit trail."""

    def __init__(self, files: SealFiles, key: Key, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.files = files
        self.key = key
        self.pause_seconds = pause_seconds
        self._stop = threading.Event()

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.loop, name="audit-verifier", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def loop(self) -> None:
        while not self._stop.wait(self.pause_seconds):
            try:
                self.look_when_due()
            except (exc.SQLAlchemyError, psycopg.Error, OSError) as error:
                logger.warning("verifier_interrupted", error=repr(error))

    def look_when_due(self) -> dict[str, Any] | None:
        """What was found; None where the last look, by whomever, is not a day old."""
        last = self.files.last_look()
        if last and clock.now() - datetime.fromisoformat(last["at"]) < LOOK_EVERY:
            return None
        found = look(db.current(), self.files, self.key)
        if not found["ok"]:
            logger.error("audit_chain_broken", **found["fault"])
        return found


def _links(connection: Connection, after: int) -> Iterator[Link]:
    driver = db.driver(connection)
    connection.execute(text("SELECT 1"))  # begins the snapshot where nothing has
    with driver.cursor(name="audit_walk") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(WALK.text, {"after": after})
        for row in cursor:
            yield Link(*row)


def _described(connection: Connection, fault: Fault) -> Fault:
    if fault.audit_row_id is None:
        return fault
    found = connection.execute(text(DESCRIBED), {"id": fault.audit_row_id}).mappings().first()
    return Fault(fault.kind, fault.position, fault.audit_row_id, dict(found or {}))


class _Walk:
    """Where the walk stands: the link before, and the run it belongs to."""

    def __init__(self, anchors: Anchors, keys: Mapping[str, bytes], since: Anchor | None) -> None:
        self.anchors = anchors
        self.keys = keys
        self.position = since.position if since else 0
        self.run = since.run if since else 0
        self.digest = since.digest if since else ""
        self.checked = 0
        self.sealed_at: int | None = None
        self.sealed_before: int | None = None  # when the run before this one sealed

    def step(self, link: Link) -> None:
        """One link on. Raises _Broken where it does not fit."""
        if link.position != self.position + 1:
            raise _Broken("link_missing", self.position + 1)
        if link.run != self.run:
            self._begin_run(link)
        if link.recorded_at is None or link.row is None:
            raise _Broken("row_missing", link.position, link.audit_row_id)
        secret = self.keys.get(link.key_id)
        if secret is None:
            raise _Broken("key_missing", link.position, link.audit_row_id)
        own = digest_of(
            secret, link.encoding, link.position, link.run, link.sealed_at, self.digest, link.row
        )  # fmt: skip
        if own != link.digest:
            raise _Broken("changed", link.position, link.audit_row_id)
        if self.sealed_before is not None and link.recorded_at < self.sealed_before - LATE_MICROSECONDS:
            raise _Broken("late", link.position, link.audit_row_id)
        self.position, self.digest, self.sealed_at = link.position, link.digest, link.sealed_at
        self.checked += 1

    def _begin_run(self, link: Link) -> None:
        self._check_anchor(link)
        if link.run != self.run + 1:
            raise _Broken("link_missing", link.position)
        self.run, self.sealed_before = link.run, self.sealed_at

    def _check_anchor(self, following: Link | None = None) -> None:
        """Holds the run that ends here to its anchor; the link that follows belongs to it where it ends too early."""
        if self.run < max(self.anchors.first_run, 1):
            return
        anchor = self.anchors.by_run.get(self.run)
        if anchor is None:
            raise _Broken("anchor_missing", self.position)
        if anchor.position != self.position:
            raise (
                _Broken("changed", following.position, following.audit_row_id)
                if following
                else _Broken("cut", self.position + 1)
            )
        if anchor.digest != self.digest:
            raise _Broken("anchor_differs", self.position)

    def end(self) -> None:
        """The chain ends here: is that where it ended when it was last anchored?"""
        last = self.anchors.last
        if last is not None and last.run > self.run:
            raise _Broken("cut", self.position + 1)
        self._check_anchor()


def start_near_the_end(anchors: Anchors, head: int, links: int) -> Anchor | None:
    """The newest anchor that leaves at least so many links to walk; None for a chain that is no longer than that."""
    far = [anchor for anchor in anchors.by_run.values() if anchor.position <= head - links]
    return max(far, key=lambda anchor: anchor.run, default=None)
