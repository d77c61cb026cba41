"""Writing much: what is written so far goes to the database while the command makes the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from core import wire
from core.plan import Plan
from core.statements import Query

# So much may wait for the one connection: enough to keep the database at work, little enough to keep in memory.
MOST_WAITING = 4


class Sender:
    """What is under way on a plan's connection, one exchange after the other."""

    def __init__(self, plan: Plan, pool: ThreadPoolExecutor, meanwhile: Callable[[], None] | None) -> None:
        self._plan, self._pool, self._meanwhile = plan, pool, meanwhile
        self._waiting: deque[Future[None]] = deque()
        self._last: dict[str, Query] = {}

    def send(self, sent: Sequence[wire.Sent]) -> None:
        """Hands statements over whose answers nobody needs. Raises what the database refused of those before."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= MOST_WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._plan.exchange, sent))

    def send_last(self, query: Query) -> None:
        """Has a statement sent behind all others, once however often it is asked for."""
        self._last[query.statement.name] = query

    def wait(self) -> None:
        """Until all that was sent is there. Raises what the database refused of it."""
        if self._waiting:
            self._use_the_time()
        while self._waiting:
            self._waiting.popleft().result()

    def end(self) -> None:
        """Sends what was to be last and waits for all."""
        if self._last:
            self.send([query.sent() for query in self._last.values()])
        self._use_the_time()
        self.wait()

    def _use_the_time(self) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()


@contextmanager
def sending(plan: Plan, meanwhile: Callable[[], None] | None = None) -> Iterator[None]:
    """In this block `Plan.send_soon` and `Plan.send` hand what is written so far, and statements, to the database, in
    the plan's transaction, and do not wait; all is there when the block has ended. Whatever else the plan asks of the
    database waits for it. A block within another one ends with that. `meanwhile` is called once, when there is
    something to wait for: it does what needs time and not this connection.

    Raises as `Plan.send_writes` does, at what is sent next, at the next question, or at the end.
    """
    if plan.sender is not None:
        yield
        plan.send_soon()
        return
    plan.send_writes()
    # The pool's end waits for what is under way, whatever happened: nobody else uses the connection until then.
    with ThreadPoolExecutor(max_workers=1) as pool:
        plan.sender = Sender(plan, pool, meanwhile)
        try:
            yield
            plan.send_soon()
            plan.sender.end()
        finally:
            plan.sender = None
