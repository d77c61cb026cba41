"""Clients of the benchmark: keep-alive HTTP against the API, or the floor's connections, each in processes of their
own."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from web.bench.floor import FloorClient, Swaps, Write

CLIENT_PROCESSES = 2


@dataclass(frozen=True)
class Scene:
    """What HTTP clients act on. `hot` narrows the products drawn from."""

    port: int
    token: str
    customers: list[int]
    products: list[int]
    lines: int = 5


@dataclass
class Tally:
    """What one client saw: seconds of each unit of work, and refusals and errors by their code."""

    seconds: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)


class HttpClient:
    def __init__(self, scene: Scene, client: int) -> None:
        self.scene = scene
        self.connection = http.client.HTTPConnection("127.0.0.1", scene.port, timeout=60)
        self.random = random.Random(client)  # noqa: S311 (a benchmark's draw)

    def post(self, path: str, body: Any) -> Any:
        """Answers the JSON of a call. Raises RuntimeError with status and code when it is refused."""
        self.connection.request(
            "POST",
            f"/api/v1/{path}",
            json.dumps(body),
            {
                "Authorization": f"Bearer {self.scene.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(12),
            },
        )
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{response.status} {json.loads(text).get('code', '')}")
        return json.loads(text)

    def create(self) -> Any:
        scene = self.scene
        products = self.random.sample(scene.products, min(scene.lines, len(scene.products)))
        lines = [{"product_id": product, "quantity": "1"} for product in products]
        return self.post("sales-orders", {"customer_id": self.random.choice(scene.customers), "lines": lines})

    def create_and_confirm(self) -> None:
        self.post(f"sales-orders/{self.create()['id']}/confirm", {})

    def order_to_cash(self) -> None:
        order = self.create()
        confirmed = self.post(f"sales-orders/{order['id']}/confirm", {})
        [invoice] = confirmed["invoices"]
        self.post(f"sales-orders/{order['id']}/ship", {})
        payment = self.post(
            "payments",
            {
                "customer_id": order["customer_id"],
                "amount": invoice["amount_total"],
                "received_on": invoice["issued_on"],
                "allocations": [{"invoice_id": invoice["id"], "amount": invoice["amount_total"]}],
            },
        )
        if Decimal(payment["amount_unapplied"]) != 0:
            raise RuntimeError("the payment was not matched")


@dataclass(frozen=True)
class Job:
    """Work for one client: over HTTP (`method` of HttpClient) or the floor's cycle."""

    client: int
    seconds: float
    scene: Scene | None = None
    method: str = ""
    floor: tuple[str, list[list[Write]], Swaps] | None = None

    def make(self) -> Callable[[], None]:
        if self.floor is not None:
            url, steps, swaps = self.floor
            return FloorClient(url, steps, swaps, self.client).cycle
        if self.scene is None:
            raise ValueError("a job is over HTTP or on the floor")
        work: Callable[[], None] = getattr(HttpClient(self.scene, self.client), self.method)
        return work


def measure(jobs: Sequence[Job], warm_up: float = 1.0) -> list[Tally]:
    """Runs all jobs at once in two processes and answers what each client saw after the warm-up."""
    context = multiprocessing.get_context("spawn")
    groups = [list(jobs[index::CLIENT_PROCESSES]) for index in range(min(CLIENT_PROCESSES, len(jobs)))]
    start = context.Barrier(len(groups))
    results: Any = context.Queue()
    processes = [context.Process(target=_run_group, args=(group, start, results, warm_up)) for group in groups]
    for process in processes:
        process.start()
    tallies = [tally for _ in processes for tally in results.get(timeout=300)]
    for process in processes:
        process.join()
    return tallies


def _run_group(jobs: list[Job], start: Any, results: Any, warm_up: float) -> None:
    tallies = [Tally() for _ in jobs]
    start.wait()
    begin = time.perf_counter() + warm_up
    threads = [
        threading.Thread(target=_run, args=(job, begin, tally)) for job, tally in zip(jobs, tallies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(tallies)


def _run(job: Job, begin: float, tally: Tally) -> None:
    work = job.make()
    while (started := time.perf_counter()) < begin + job.seconds:
        try:
            work()
        except (RuntimeError, OSError) as error:
            tally.errors[str(error)] = tally.errors.get(str(error), 0) + 1
            continue
        ended = time.perf_counter()
        if started >= begin and ended <= begin + job.seconds:
            tally.seconds.append(ended - started)
