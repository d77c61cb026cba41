"""Putting new search terms into their index, beside whatever else goes on.

Terms that are written in great number wait in the index's list of pending ones, where every search reads them through,
until they are merged. Merging takes as long as all the rest of writing them, and the less for each the more there are;
so one merge at a time is under way in a process, on a connection of its own, and what comes meanwhile waits for the
next one together. The index does not ask whether what it is given will be committed, and where a process is lost, the
database's own upkeep merges what it left.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from weakref import WeakKeyDictionary, WeakSet

import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import database as db
from core import wire
from core.statements import statement

logger = structlog.get_logger()
MERGE = statement(
    "term_merging.merge",
    "SELECT merge_search_terms()",
    tables="",
    scope="system",
)
_lock = threading.Lock()
_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="term-merging")
_under_way: WeakKeyDictionary[Engine, Future[None]] = WeakKeyDictionary()
_wanted: WeakSet[Engine] = WeakSet()


def merge_soon(engine: Engine) -> None:
    """Has what is pending merged; where that is being done, once more behind it, however often it is asked for."""
    with _lock:
        _wanted.add(engine)
        running = _under_way.get(engine)
        if running is None or running.done():
            _under_way[engine] = _pool.submit(_merge, engine)


def wait_for_merging(engine: Engine, seconds: float) -> None:
    """Until all that was asked for is merged, or so much time has passed."""
    with _lock:
        running = _under_way.get(engine)
    if running is not None:
        wait([running], seconds)


def _merge(engine: Engine) -> None:
    while True:
        with _lock:
            if engine not in _wanted:
                _under_way.pop(engine, None)
                return
            _wanted.discard(engine)
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                wire.fetch(db.driver(connection), [MERGE()], transaction=False)
        except (psycopg.Error, SQLAlchemyError) as error:
            logger.warning("search_terms_stay_pending", error=str(error))
