"""The served application killed with signal 9 at random while orders go to cash: nothing that was acknowledged is lost,
nothing happens twice, nothing is sold that is not there.

What is served is the product as `serve` runs it: supervisor, web server with several workers, background worker. What
is killed are its web workers, now and then the web server itself or the background worker; whatever was killed is
started again by the product. Afterwards requests without an answer are sent again under their keys, the events are
worked off, the integrity check runs, and the clients' journal is compared with the database.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from core import database as db
from core.command import run
from core.config import CHECKOUT
from core.context import SYSTEM, Actor, Context
from core.customers import create_customer
from core.permissions import PERMISSIONS
from core.tokens import issue_token
from crm.setup import set_up_company
from inventory.catalog import create_product
from inventory.documents import StockLine, open_stock
from web.drill.cycles import NOT_SENT, OK, PAUSE_SECONDS, UNKNOWN, Client, Journal, Request, Target
from web.integrity import AT_ONCE, check_database
from web.supervisor import answers

LOGIN = "drill"
CLIENTS = 6
CUSTOMERS = 12
WEB_WORKERS = 3
START_SECONDS, STOP_SECONDS, DRAIN_SECONDS, SETTLE_SECONDS, STUCK_SECONDS = 60, 40, 150, 60, 60
# Of so many kills in a row, these strike something else than a web worker.
ROUND, THE_WORKER, THE_SERVER = 20, 3, 7
EFFECTS = {
    "create": "SELECT id FROM sales_order",
    "confirm": "SELECT id FROM sales_order WHERE confirmed_at IS NOT NULL",
    "ship": "SELECT order_id FROM sales_order_shipment",
    "pay": "SELECT id FROM payment",
}
Urls = tuple[str, str]
"""Addresses of the roles app and system."""


class Served:
    """`serve` on a free loopback port, and the processes below it."""

    def __init__(self, urls: Urls, home: Path, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GRANIAN_")} | {
            "DATABASE_URL": urls[0],
            "DATABASE_SYSTEM_URL": urls[1],
            "BROKER_URL": "memory://",
            "COUNTINGHOUSE_HOME": str(home),
            "COUNTINGHOUSE_ENV": "development",
            "COUNTINGHOUSE_RATE_LIMITS": "off",
            "HOST": "127.0.0.1",
            "WEB_WORKERS": str(WEB_WORKERS),
            "LOG_LEVEL": "warning",
        }
        environment.pop("DATABASE_ADMIN_URL", None)
        command = [sys.executable, "-P", "-m", "web.cli", "serve", "--port", str(self.port)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=environment | {"PYTHONPATH": str(CHECKOUT)}, cwd=CHECKOUT, stdout=output, stderr=output
            )

    def wait_until_up(self) -> None:
        wait_for(lambda: answers("127.0.0.1", self.port), START_SECONDS, "the server to answer")

    def web_server(self) -> list[psutil.Process]:
        return [child for child in self._children() if "granian" in _command(child)]

    def worker(self) -> list[psutil.Process]:
        return [child for child in self._children() if _command(child).endswith("web.cli worker")]

    def web_workers(self) -> list[psutil.Process]:
        return [worker for server in self.web_server() for worker in _below(server)]

    def _children(self) -> list[psutil.Process]:
        return _below(psutil.Process(self.process.pid))

    def stop(self) -> None:
        """Stops what was started, and all that it started."""
        started = _below(psutil.Process(self.process.pid), recursive=True) if self.process.poll() is None else []
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for process in started:
            if process.is_running():
                process.kill()


def _below(process: psutil.Process, *, recursive: bool = False) -> list[psutil.Process]:
    try:
        return process.children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def served(urls: Urls, home: Path, log: Path) -> Iterator[Served]:
    server = Served(urls, home, log)
    try:
        server.wait_until_up()
        yield server
    finally:
        server.stop()


def prove_kills(
    urls: Urls, home: Path, *, cycles: int, kills: int, seed: int, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Runs `cycles` paid orders under `kills` kills and answers figures and `problems`, which are empty when all held.

    The database behind `urls` is migrated and empty; `home` takes the server's files, the journal and the log.
    """
    database, system = db.Database(urls[0], pool_size=2), db.Database(urls[1], pool_size=AT_ONCE)
    db.configure(database)
    home.mkdir(parents=True, exist_ok=True)
    journal = Journal(home / "journal")
    try:
        company = _Company(database, hot_stock=max(1, cycles // 8), stock=20 * cycles)
        with served(urls, home, home / "served.log") as server:
            started = time.monotonic()
            target = Target(server.port, company.token, company.customers, company.plenty, company.hot)
            struck = _under_fire(server, target, journal, cycles, kills, random.Random(seed), say)  # noqa: S311
            spent = time.monotonic() - started
            say(f"{cycles} cycles, {kills} kills in {spent:.0f} s")
            wait_for(lambda: answers("127.0.0.1", server.port), START_SECONDS, "the server to answer again")
            requests, outcomes = journal.read()
            unknown = [key for key in requests if outcomes.get(key, (UNKNOWN, ""))[0] == UNKNOWN]
            before = len([key for key in unknown if company.stored(key) is not None])
            outcomes |= {key: _settle(target, requests[key]) for key in unknown}
            _drain(system)
        problems = _compare(system, company, requests, outcomes) + _failed(system)
    finally:
        journal.close()
        database.dispose()
        system.dispose()
    return {
        "seed": seed,
        "cycles": cycles,
        "kills": dict(struck),
        "seconds": round(spent, 1),
        "requests": len(requests),
        "outcomes": dict(Counter(outcome for outcome, _ in outcomes.values())),
        "unknown": len(unknown),
        "unknown_but_done": before,
        "problems": problems,
    }


class _Company:
    """Customers, a product that never runs out, one that does, and a token with every permission."""

    def __init__(self, database: db.Database, *, hot_stock: int, stock: int) -> None:
        self.database, self.hot_stock, self.stock = database, Decimal(hot_stock), Decimal(stock)
        person = {"login": LOGIN, "name": "Drill", "password": os.urandom(12).hex()}
        self.actor = SYSTEM
        self._run(set_up_company, {"name": "Drill", "currency": "CNY"}, person)
        with database.autocommit() as connection:
            user_id = connection.execute(text("SELECT id FROM app_user")).scalar_one()
        self.actor = Actor(user_id, LOGIN, "Drill", frozenset(PERMISSIONS))
        self.token: str = self._run(issue_token, LOGIN)["token"]
        self.customers = [self._run(create_customer, {"name": f"客户 {n:02d}"})["id"] for n in range(CUSTOMERS)]
        self.plenty, self.hot = (self._product(sku) for sku in ("PLENTY", "HOT"))
        lines = [
            StockLine(self.plenty, self.stock, Decimal("3.33")),
            StockLine(self.hot, self.hot_stock, Decimal("60.01")),
        ]
        self._run(open_stock, lines=lines)

    def _product(self, sku: str) -> int:
        values = {"sku": sku, "name": sku, "price": Decimal("9.99"), "cost": Decimal("3.33")}
        return int(self._run(create_product, values)["id"])

    def _run(self, command: Any, *arguments: Any, **named: Any) -> Any:
        return run(command, *arguments, context=Context(actor=self.actor), database=self.database, **named).data

    def stored(self, key: str) -> str | None:
        """What the database keeps as the answer under a key."""
        with self.database.autocommit() as connection:
            found = text("SELECT response FROM idempotency_key WHERE key = :key")
            return connection.execute(found, {"key": key}).scalar()


def _under_fire(
    server: Served,
    target: Target,
    journal: Journal,
    cycles: int,
    kills: int,
    chance: random.Random,
    say: Callable[[str], None],
) -> Counter[str]:
    """Clients at work until enough orders are paid and all kills are done, spread over the run; what was killed."""
    finished = threading.Event()
    clients = [Client(f"c{n}", target, journal, random.Random(chance.random()), finished) for n in range(CLIENTS)]  # noqa: S311
    struck: Counter[str] = Counter()
    last, moved = -1, time.monotonic()
    for client in clients:
        client.start()
    try:
        while (done := sum(client.done for client in clients)) < cycles or struck.total() < kills:
            if struck.total() < kills and done >= cycles * struck.total() // kills:
                what = _strike(server, struck.total() % ROUND, chance)
                struck[what] += 1
                say(f"kill {struck.total()}: {what}, {done} cycles done")
            if done > last:
                last, moved = done, time.monotonic()
            elif time.monotonic() - moved > STUCK_SECONDS:
                raise TimeoutError(f"no cycle was completed for {STUCK_SECONDS} s, {done} before")
            finished.wait(0.02 + chance.random() * 0.1)
    finally:
        finished.set()
        for client in clients:
            client.thread.join()
    return struck


def _strike(server: Served, number: int, chance: random.Random) -> str:
    """Kills one process, once there is one; what it was."""
    kind, choose = "web worker", server.web_workers
    if number == THE_WORKER:
        kind, choose = "background worker", server.worker
    elif number == THE_SERVER:
        kind, choose = "web server", server.web_server
    found: list[psutil.Process] = []

    def struck() -> bool:
        found[:] = choose()
        if not found:
            return False
        try:
            chance.choice(found).kill()
        except psutil.NoSuchProcess:
            return False
        return True

    wait_for(struck, START_SECONDS, f"a {kind} to kill")
    return kind


def _settle(target: Target, request: Request) -> tuple[str, str]:
    """Sends a request that has no answer again under its key, until there is one."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        outcome, answer = target.send(request)
        if (outcome != UNKNOWN and answer != NOT_SENT) or time.monotonic() > deadline:
            return (UNKNOWN if answer == NOT_SENT else outcome), answer
        time.sleep(PAUSE_SECONDS)


def _drain(system: db.Database) -> None:
    def drained() -> bool:
        with system.autocommit() as connection:
            waiting = text("SELECT count(*) FROM outbox_event WHERE state IN ('pending', 'leased')")
            return connection.execute(waiting).scalar_one() == 0

    wait_for(drained, DRAIN_SECONDS, "the events to be worked off")


def _compare(
    system: db.Database, company: _Company, requests: dict[str, Request], outcomes: dict[str, tuple[str, str]]
) -> list[str]:
    """Where the journal and the database differ."""
    with system.autocommit() as connection:

        def rows(sql: str, **values: Any) -> list[Any]:
            return list(connection.execute(text(sql), values))

        stored = dict(rows("SELECT key, response FROM idempotency_key"))
        acknowledged = {key: answer for key, (outcome, answer) in outcomes.items() if outcome == OK}
        problems = [f"unknown for good: {key} {answer}" for key, (kind, answer) in outcomes.items() if kind == UNKNOWN]
        problems += [f"acknowledged and lost: {key}" for key in acknowledged.keys() - stored.keys()]
        problems += [f"done and never acknowledged: {key}" for key in stored.keys() - acknowledged.keys()]
        problems += [f"another answer: {key}" for key in acknowledged.keys() & stored.keys() if
                     json.loads(acknowledged[key]) != json.loads(stored[key])]  # fmt: skip
        for step, query in EFFECTS.items():
            told = Counter(
                int(json.loads(acknowledged[key])["id"]) for key in acknowledged if requests[key].step == step
            )
            found = Counter(identity for (identity,) in rows(query))
            if told != found:
                problems.append(f"{step}: {len(told - found)} lost, {len(found - told)} not acknowledged or twice")
        for product, start in ((company.hot, company.hot_stock), (company.plenty, company.stock)):
            [(sold, shipped)] = rows(
                """SELECT coalesce(sum(line.quantity), 0), coalesce(sum(line.quantity_shipped), 0)
                     FROM sales_order_line AS line JOIN sales_order AS orders ON orders.id = line.order_id
                    WHERE orders.confirmed_at IS NOT NULL AND line.product_id = :product""",
                product=product,
            )
            [level] = rows("SELECT on_hand, reserved FROM stock_level WHERE product_id = :product", product=product)
            if sold > start or tuple(level) != (start - shipped, sold - shipped):
                problems.append(f"product {product}: {start} at the start, {sold} sold, {shipped} shipped, now {level}")
    return problems


def _failed(system: db.Database) -> list[str]:
    return [f"{check['code']}: {check['findings'][:3]}" for check in check_database(system) if not check["ok"]]


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits until something holds. Raises TimeoutError naming it when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)
