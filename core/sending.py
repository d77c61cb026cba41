"""Writing much: what is written so far goes to the database while the command makes the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from core import wire
from core.plan import Plan

# So much may wait for the one connection: enough to keep the database at work, little enough to keep in memory.
MOST_WAITING = 4


class Sender:
    """What is under way on a plan's connection, one exchange after the other."""

    def __init__(self, plan: Plan, pool: ThreadPoolExecutor) -> None:
        self._plan, self._pool = plan, pool
        self._waiting: deque[Future[None]] = deque()

    def send(self, sent: Sequence[wire.Sent]) -> None:
        """Hands statements over whose answers nobody needs. Raises what the database refused of those before."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= MOST_WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._plan.exchange, sent))

    def wait(self) -> None:
        """Until all that was sent is there. Raises what the database refused of it."""
        while self._waiting:
            self._waiting.popleft().result()


@contextmanager
def sending(plan: Plan) -> Iterator[None]:
    """In this block `Plan.send_soon` and `Plan.send` hand what is written so far, and statements, to the database, in
    the plan's transaction, and do not wait; all is there when the block has ended. Whatever else the plan asks of the
    database meanwhile waits for it. A block within another one ends with that.

    Raises as `Plan.send_writes` does, at what is sent next, at the next question, or at the end.
    """
    if plan.sender is not None:
        yield
        plan.send_soon()
        return
    plan.send_writes()
    # The pool's end waits for what is under way, whatever happened: nobody else uses the connection until then.
    with ThreadPoolExecutor(max_workers=1) as pool:
        plan.sender = Sender(plan, pool)
        try:
            yield
            plan.send_soon()
            plan.sender.wait()
        finally:
            plan.sender = None
