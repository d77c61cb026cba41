"""The audit chain: every committed audit row is sealed once, by a digest over itself and all rows before it.

Commands only add audit rows; they never wait for the chain. The sealer, in the worker, takes the rows that carry no
seal yet and gives them the next places, in the order in which it finds them: ids are handed out in blocks and commits
come in any order, so the order of sealing is the order of the chain. A digest is an HMAC over the row in a canonical,
numbered encoding, its place, the time of sealing and the digest before it, under a key that is not in the database
(`core.seal_files`): whoever can write to the database alone can break the chain, but not mend it.

Each run is one transaction, and one at a time runs (an advisory lock). After it an anchor is written outside the
database. `core.seal_check` walks the chain.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, exc, text

from core import clock, wire
from core import database as db
from core.seal_files import Anchor, Key, SealFiles
from core.statements import statement

# Any number of our own: one sealer at a time, and who compares chain and anchors waits for it.
LOCK = 4_218_900_002
ENCODING = 1
BATCH = 5_000
# Ids come in blocks of 1,000 per process. A process that still hands out of a block older than this is found by the
# next whole look.
NEAR_IDS = 200_000
WHOLE_EVERY = timedelta(minutes=10)
COUNT_EVERY = timedelta(days=1)
PAUSE_SECONDS = 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Rows that are never taken back: their number only grows.
APPEND_ONLY = (
    "audit_row", "audit_seal", "journal_entry", "journal_line", "invoice", "invoice_line", "credit_note",
    "credit_note_line", "payment", "payment_allocation", "stock_move", "shipment", "shipment_line", "stock_document",
    "stock_document_line", "stage_change",
)  # fmt: skip
logger = structlog.get_logger()

# What is sealed of a row, per encoding. One that is in use is never changed: a new column makes a new encoding.
ENCODED = {
    1: """jsonb_build_array(row.id, (extract(epoch FROM row.recorded_at) * 1000000)::bigint, row.actor_id,
        row.actor_name, row.action, row.record_type, row.record_id, row.record_label, row.changes, row.route,
        row.address, row.reason, row.channel, row.request_id)::text""",
}
TRY_LOCK = statement("seal.try_lock", "SELECT pg_try_advisory_lock(%(key)s::bigint)", tables="", scope="system")
LAST = statement(
    "seal.last",
    "SELECT position, run, digest FROM audit_seal ORDER BY position DESC LIMIT 1",
    tables="audit_seal",
    scope="system",
)
UNSEALED = statement(
    "seal.unsealed",
    f"""
    SELECT row.id, {ENCODED[ENCODING]} FROM audit_row AS row
     WHERE row.id > %(after)s::bigint
       AND NOT EXISTS (SELECT FROM audit_seal WHERE audit_seal.audit_row_id = row.id)
     ORDER BY row.id LIMIT {BATCH}
    """,  # noqa: S608 (names of columns, no values)
    tables="audit_row audit_seal",
    scope="system",
)
NEWEST_ID = statement(
    "seal.newest_id", "SELECT coalesce(max(id), 0) FROM audit_row", tables="audit_row", scope="system"
)
ADD = statement(
    "seal.add",
    """
    INSERT INTO audit_seal (position, audit_row_id, run, encoding, key_id, digest, sealed_at)
    SELECT position, audit_row_id, %(run)s::bigint, %(encoding)s::smallint, %(key_id)s, digest,
           %(sealed_at)s::timestamptz
      FROM unnest(%(positions)s::bigint[], %(rows)s::bigint[], %(digests)s::text[])
           AS sealed (position, audit_row_id, digest)
    """,
    tables="audit_seal",
    scope="system",
)
UNLOCK = statement("seal.unlock", "SELECT pg_advisory_unlock(%(key)s::bigint)", tables="", scope="system")


def microseconds(moment: datetime) -> int:
    """A moment as whole microseconds since 1970, as it is sealed."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def digest_of(secret: bytes, encoding: int, position: int, run: int, sealed_at: int, previous: str, row: str) -> str:
    """The digest of one link. `sealed_at` in microseconds, `previous` the digest before it, `row` the encoded row."""
    head = f"{encoding}|{position}|{run}|{sealed_at}|{previous}|"
    return hmac.digest(secret, (head + row).encode(), "sha256").hex()


@dataclass
class _Tip:
    """The end of the chain while it grows."""

    position: int
    run: int
    digest: str


def seal(database: db.Database, files: SealFiles, key: Key, *, whole: bool = True) -> int:
    """Seals what is committed and not sealed yet; how many rows. None are, while another sealer is at work.

    `whole` looks at every row, else only at those with newer ids. Takes the lock of the chain, and writes an anchor
    when it has sealed anything, or when a crash kept the last run from writing its own.
    """
    with database.engine.connect() as connection:
        driver = db.driver(connection)
        [[(got,)]] = wire.fetch(driver, [TRY_LOCK(key=LOCK)], transaction=False)
        if not got:
            return 0
        try:
            return _seal(driver, files, key, whole=whole)
        finally:
            driver.rollback()
            wire.fetch(driver, [UNLOCK(key=LOCK)], transaction=False)


def _seal(driver: Any, files: SealFiles, key: Key, *, whole: bool) -> int:
    now = clock.now()
    last, [(newest,)] = wire.fetch(driver, [LAST(), NEWEST_ID()])
    tip = _Tip(*last[0]) if last else _Tip(0, 0, "")
    _mend_anchor(files, tip, now)
    start, run = tip.position, tip.run + 1
    for rows in _unsealed(driver, 0 if whole else newest - NEAR_IDS):
        if start == tip.position:
            files.keep_key(key)
        first, digests = tip.position + 1, []
        for _, encoded in rows:
            position = tip.position + 1
            digest = digest_of(key.secret, ENCODING, position, run, microseconds(now), tip.digest, encoded)
            tip = _Tip(position, run, digest)
            digests.append(digest)
        added = ADD(
            run=run, encoding=ENCODING, key_id=key.id, sealed_at=now, positions=list(range(first, tip.position + 1)),
            rows=[identity for identity, _ in rows], digests=digests,
        )  # fmt: skip
        wire.fetch(driver, [added])
    driver.commit()
    if tip.position > start:
        files.add_anchor(Anchor(run, tip.position, tip.digest, begins=run == 1), now)
    return tip.position - start


def _unsealed(driver: Any, after: int) -> Iterator[Sequence[tuple[int, str]]]:
    """Rows without a seal, by id, in batches: id and encoding."""
    while True:
        [rows] = wire.fetch(driver, [UNSEALED(after=after)])
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _mend_anchor(files: SealFiles, tip: _Tip, now: datetime) -> None:
    """Writes the last run's anchor where the process ended between its commit and the anchor."""
    known = files.last_anchor()
    if tip.run and tip.run - 1 == (known.run if known else 0):
        logger.warning("audit_anchor_mended", run=tip.run, position=tip.position)
        files.add_anchor(Anchor(tip.run, tip.position, tip.digest, begins=tip.run == 1), now)
    elif tip.run and (known is None or known.run != tip.run):
        logger.error("audit_anchors_differ", run=tip.run, anchored=known and known.run, file=str(files.anchors_path))


def begin_anchors(database: db.Database, files: SealFiles) -> Anchor | None:
    """Anchors the chain as it is now, for a home whose anchors are lost; None for an empty chain."""
    with database.autocommit() as connection:
        [last] = wire.fetch(db.driver(connection), [LAST()], transaction=False)
    if not last:
        return None
    anchor = Anchor(last[0][1], last[0][0], last[0][2], begins=True)
    files.add_anchor(anchor, clock.now())
    return anchor


def count_tables(connection: Connection) -> dict[str, int]:
    """How many rows each append-only table holds."""
    parts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in APPEND_ONLY)  # noqa: S608
    return {table: count for table, count in connection.execute(text(parts))}


class Sealer:
    """Seals every few seconds until stopped, beside the relay of a worker."""

    def __init__(self, files: SealFiles, key: Key, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.files = files
        self.key = key
        self.pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._looked_at: datetime | None = None

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.loop, name="audit-sealer", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def loop(self) -> None:
        while not self._stop.is_set():
            try:
                self.seal_due()
            except (exc.SQLAlchemyError, psycopg.Error, OSError) as error:
                logger.warning("sealer_interrupted", error=repr(error))
            self._stop.wait(self.pause_seconds)

    def seal_due(self) -> int:
        """Seals what is new; looks at every row at the start and every ten minutes. How many were sealed."""
        now = clock.now()
        whole = self._looked_at is None or now - self._looked_at >= WHOLE_EVERY
        sealed = seal(db.current(), self.files, self.key, whole=whole)
        if whole:
            self._looked_at = now
            self._count(now)
        return sealed

    def _count(self, now: datetime) -> None:
        """Once a day, keeps outside the database how many rows it holds that are never taken back."""
        at = self.files.counted_at()
        if not at or now - datetime.fromisoformat(at) >= COUNT_EVERY:
            with db.current().autocommit() as connection:
                self.files.add_counts(count_tables(connection), now)
