"""Many people at once: threads let go at the same moment, their answers or refusals in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any


def at_once(calls: Sequence[Callable[[], Any]], threads: int | None = None) -> list[Any]:
    """Every call's answer or exception, in order; all threads start together and share the calls out."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for index in range(len(calls)):
        waiting.put(index)
    answers: list[Any] = [None] * len(calls)
    count = min(threads or len(calls), len(calls))
    gate = threading.Barrier(count)

    def work() -> None:
        gate.wait()
        while True:
            try:
                index = waiting.get_nowait()
            except Empty:
                return
            try:
                answers[index] = calls[index]()
            except Exception as error:
                answers[index] = error

    people = [threading.Thread(target=work) for _ in range(count)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return answers


def codes(answers: Sequence[Any]) -> dict[str, int]:
    """How many answers there were of each refusal's code; `done` counts the rest. Anything unforeseen is raised."""
    from core.errors import DomainError

    found: dict[str, int] = {}
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, DomainError):
            raise answer
        name = answer.code if isinstance(answer, DomainError) else "done"
        found[name] = found.get(name, 0) + 1
    return found
