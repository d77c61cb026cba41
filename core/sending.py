"""Writing much: what is written so far goes to the database while the command makes the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from core.plan import Plan


@contextmanager
def sending(plan: Plan) -> Iterator[Callable[[], None]]:
    """In this block `send()` hands what is written so far to the database, in the plan's transaction, and does not wait
    for it; all is there when the block has ended.

    Meanwhile the command only writes: it fetches nothing, and the session is left alone. Raises as `Plan.send_writes`
    does, at the next `send()` or at the end.
    """
    plan.send_writes()
    waiting: list[Future[None]] = []

    def send() -> None:
        batch = plan.take_batch()
        while waiting:
            waiting.pop().result()
        waiting.append(pool.submit(plan.exchange, batch))

    # One batch is under way at a time, on the one connection; the pool's end waits for it, whatever happened.
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield send
        send()
    while waiting:
        waiting.pop().result()
