"""Writing much: what is written so far goes to the database while the command makes the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Final, TypeVar

from core import database as db
from core import wire
from core.plan import Plan
from core.statements import Query

# So much may wait for the one connection: enough to keep the database at work, little enough to keep in memory.
MOST_WAITING = 4
DONE: Final = object()
T = TypeVar("T")


class Sender:
    """What is under way on a plan's connection, one exchange after the other, and beside it on another one."""

    def __init__(self, plan: Plan, pool: ThreadPoolExecutor, other: ThreadPoolExecutor) -> None:
        self._plan, self._pool, self._other = plan, pool, other
        self._waiting: deque[Future[None]] = deque()
        self._beside: list[Future[list[Any]]] = []
        self._afterwards: list[Callable[[], None]] = []
        self.meanwhile: Iterator[None] = iter(())

    def send(self, sent: Sequence[wire.Sent]) -> None:
        """Hands statements over whose answers nobody needs. Raises what the database refused of those before."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= MOST_WAITING):
            self._result(self._waiting.popleft())
        self._waiting.append(self._pool.submit(self._plan.exchange, sent))

    def ask(self, queries: Sequence[Query]) -> list[list[Any]]:
        """The rows of statements, behind what was sent. Raises what the database refused of that."""
        driver, told = db.driver(self._plan.connection), copy_context()
        answer = self._pool.submit(told.run, wire.fetch, driver, queries)
        self.wait()
        return self._result(answer)

    def beside(self, query: Query) -> Future[list[Any]]:
        """The rows of a statement that is run on a connection and in a transaction of its own. The block does not end
        before it."""
        future = self._other.submit(self._run_beside, query)
        self._beside.append(future)
        return future

    def afterwards(self, act: Callable[[], None]) -> None:
        """Calls `act` once everything is there, at the end of the block."""
        self._afterwards.append(act)

    def _run_beside(self, query: Query) -> list[Any]:
        with self._plan.connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return wire.fetch(db.driver(connection), [query], transaction=False)[0]

    def wait(self) -> None:
        """Until all that was sent is there. Raises what the database refused of it."""
        while self._waiting:
            self._result(self._waiting.popleft())

    def end(self) -> None:
        """Waits for all. Raises what the database refused of it."""
        self.wait()
        for future in self._beside:
            self._result(future)
        next(self.meanwhile, None)  # whatever it begins with is there by now
        for act in self._afterwards:
            act()

    def _result(self, future: Future[T]) -> T:
        """What comes of it, after a bit of what else there is to do, and another, for as long as that takes."""
        while not future.done():
            if next(self.meanwhile, DONE) is DONE:
                break
        return future.result()


@contextmanager
def sending(plan: Plan) -> Iterator[Sender]:
    """In this block `Plan.send_soon` and `Plan.send` hand what is written so far, and statements, to the database, in
    the plan's transaction, and do not wait; all is there when the block has ended. Whatever else the plan asks of the
    database waits for it. A block within another one ends with that. Of the sender's `meanwhile`, which does what needs
    time and not this connection, bit by bit, as much is done as there is time to wait for something.

    Raises as `Plan.send_writes` does, at what is sent next, at the next question, or at the end.
    """
    if plan.sender is not None:
        yield plan.sender
        plan.send_soon()
        return
    plan.send_writes()
    # The pools' end waits for what is under way, whatever happened: nobody else uses the connection until then.
    with ThreadPoolExecutor(max_workers=1) as other, ThreadPoolExecutor(max_workers=1) as pool:
        plan.sender = sender = Sender(plan, pool, other)
        try:
            yield sender
            plan.send_soon()
            sender.end()
        finally:
            plan.sender = None
