"""Processes killed with signal 9 in the middle of their work: nothing acknowledged is lost, nothing happens twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.errors import DomainError
from tests.faults.client import perform
from tests.scenarios.house import House

CYCLES = int(os.environ.get("COUNTINGHOUSE_KILL_CYCLES", "300"))
KILLS = int(os.environ.get("COUNTINGHOUSE_KILLS", "10"))
AT_ONCE = 2
SEED = int(os.environ.get("COUNTINGHOUSE_SEED", "20261122"))
ROOT = Path(__file__).resolve().parent.parent.parent
TABLE_OF = {"create": "sales_order", "confirm": "invoice", "ship": "shipment", "pay": "payment"}
LIMIT_SECONDS = 240


class Clients:
    """Client processes, each with its own journal; told apart by a running number."""

    def __init__(self, house: House, folder: Path, customer: int, product: int) -> None:
        self.house, self.folder, self.customer, self.product = house, folder, customer, product
        self.running: list[subprocess.Popen[bytes]] = []
        self.started = 0

    def start(self) -> None:
        self.started += 1
        arguments = [self.house.database.url, self.folder / f"{self.started}.journal", f"client-{self.started}", 10**6,
                     self.customer, self.product, self.house.actor.user_id]  # fmt: skip
        command = [sys.executable, "-m", "tests.faults.client", *map(str, arguments)]
        self.running.append(subprocess.Popen(command, cwd=ROOT))

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def lines(self) -> list[list[Any]]:
        found = []
        for path in sorted(self.folder.glob("*.journal")):
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    found.append(json.loads(line))
                except ValueError:
                    assert line == path.read_text(encoding="utf-8").splitlines()[-1], "only the last line may be torn"
        return found


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(house: House, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}, set COUNTINGHOUSE_SEED to replay")
    house.set_policy(invoicing_policy="on_order")
    customer, product = house.customer(), house.product(stock=10 * CYCLES)
    tables = {step: f"SELECT count(*) FROM {table} WHERE customer_id = :id" for step, table in TABLE_OF.items()}
    clients = Clients(house, tmp_path, customer, product)
    started, kills = time.monotonic(), 0
    try:
        for _ in range(AT_ONCE):
            clients.start()
        while (done := house.value(tables["pay"], id=customer)) < CYCLES:
            assert time.monotonic() - started < LIMIT_SECONDS, f"{done} cycles only"
            if kills < KILLS and done >= CYCLES * kills // KILLS:
                kills += 1
                clients.kill(chance.choice(clients.running))
                clients.start()
    finally:
        for process in list(clients.running):
            clients.kill(process)
    assert kills == KILLS
    _settle(house, clients.lines(), tables, customer)


def _settle(house: House, lines: list[list[Any]], tables: dict[str, str], customer: int) -> None:
    """Unknown requests are sent again under their keys; then the journal is what the database says."""
    asked = {key: (step, request) for key, step, request in lines if step in TABLE_OF}
    outcomes = {key: (outcome, answer) for key, outcome, answer in lines if outcome in ("ok", "refused")}
    unknown = [key for key in asked if key not in outcomes]
    assert all(outcome == "ok" for outcome, _ in outcomes.values())
    for key in unknown:
        step, request = asked[key]
        try:
            outcomes[key] = ("ok", perform(step, key, request, house.actor.user_id or 0))
        except DomainError as error:
            outcomes[key] = ("refused", error.code)
    stored = dict(house.rows("SELECT key, response FROM idempotency_key WHERE key LIKE 'client-%'"))
    acknowledged = {key: answer for key, (outcome, answer) in outcomes.items() if outcome == "ok"}
    assert stored == acknowledged
    effects = Counter(asked[key][0] for key in acknowledged)
    assert {step: house.value(query, id=customer) for step, query in tables.items()} == effects
