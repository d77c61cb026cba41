"""One round trip for many statements: libpq's pipeline mode, driven for exactly what a plan needs.

psycopg's own pipeline context answers cursor by cursor and polls the socket for each; a command of ours sends a known
list and wants all answers, so here everything is written at once, and results are read until the closing sync.
Statements are prepared once per connection under a name of their text. Types, rows and errors stay psycopg's.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import Connection, errors, pq
from psycopg.adapt import Transformer
from psycopg.waiting import Ready, Wait

from core.statements import Query

Sent = tuple[bytes, Sequence[bytes | None]]
BEGIN, COMMIT = b"BEGIN", b"COMMIT"
SNAPSHOT: Sent = (b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
_names: dict[bytes, bytes] = {}
_numbers = count(1)
_prepared: WeakKeyDictionary[Connection[Any], set[bytes]] = WeakKeyDictionary()
_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


def fetch(connection: Connection[Any], queries: Sequence[Query], *, transaction: bool = True) -> list[list[Any]]:
    """Rows of each query in one round trip; begins a transaction first where none is open (unless told not to).

    Raises the first statement's error; the transaction is then aborted, as with any failed statement.
    """
    results = exchange(connection, [query.sent() for query in queries], begin=transaction)
    return [_rows(connection, query, result) for query, result in zip(queries, results, strict=True)]


def snapshot(connection: Connection[Any], queries: Sequence[Query], *, end: bool = True) -> list[list[Any]]:
    """Rows of each query from one read-only look at the database, begun and ended in the same round trip.

    With `end` off the look stays open for what is read next on the connection, and one that is open already goes on.
    """
    if not end and connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
        return fetch(connection, queries, transaction=False)
    results = exchange(connection, [SNAPSHOT, *(query.sent() for query in queries)], begin=False, commit=end)[1:]
    return [_rows(connection, query, result) for query, result in zip(queries, results, strict=True)]


def _rows(connection: Connection[Any], query: Query, result: Any) -> list[Any]:
    if not result.ntuples:
        return []
    transformer = Transformer(connection)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, query.statement.row_maker())


def exchange(
    connection: Connection[Any], statements: Iterable[Sent], *, begin: bool = True, commit: bool = False
) -> list[Any]:
    """Sends statements (native text, parameters as text) with BEGIN before and COMMIT behind as asked; one result
    each."""
    pgconn = connection.pgconn
    if pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError("the connection is closed")
    known = _prepared.setdefault(connection, set())
    sent: set[bytes] = set()
    kinds: list[bytes | None] = []
    pgconn.enter_pipeline_mode()
    try:
        if begin and pgconn.transaction_status == pq.TransactionStatus.IDLE:
            pgconn.send_query_params(BEGIN, None)
            kinds.append(None)
        for text, parameters in statements:
            name = _names.get(text) or _names.setdefault(text, b"ch_%d" % next(_numbers))
            if name not in known and name not in sent:
                pgconn.send_prepare(name, text)
                sent.add(name)
                kinds.append(name)
            pgconn.send_query_prepared(name, parameters)
            kinds.append(b"")
        if commit:
            pgconn.send_query_params(COMMIT, None)
            kinds.append(None)
        pgconn.pipeline_sync()
        results = connection.wait(_collect(pgconn))
    finally:
        if pgconn.status == pq.ConnStatus.OK and pgconn.transaction_status != pq.TransactionStatus.ACTIVE:
            pgconn.exit_pipeline_mode()
    return _check(pgconn, kinds, results, known)


def _check(pgconn: Any, kinds: list[bytes | None], results: list[Any], known: set[bytes]) -> list[Any]:
    answers = []
    for kind, result in zip(kinds, results, strict=False):
        if result.status in _FAILED:
            raise errors.error_from_result(result, encoding="utf-8")
        if kind == b"":
            answers.append(result)
        elif kind is not None:
            known.add(kind)
    return answers


def _collect(pgconn: Any) -> Generator[Wait, Ready | int, list[Any]]:
    """Writes what is buffered, then reads results until the sync; one waiting per packet, not per statement."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    results: list[Any] = []
    while True:
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)
        while not (yield Wait.R):
            continue
        pgconn.consume_input()
