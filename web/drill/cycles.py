"""Clients that go from order to cash over HTTP again and again, noting every request in a journal outside the database.

A line of the journal is (key, step, path, body) before a request and (key, outcome, answer) after it: `ok` with the
answer's text, `refused` with its code (or where nobody listened), or `unknown` where no answer came or the server could
not tell.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
NOT_SENT = "not_sent"
ANSWER_SECONDS = 20
PAUSE_SECONDS = 0.1
HOT_SHARE = 0.3


@dataclass(frozen=True)
class Request:
    """One call under its idempotency key; sent again, it is the same in every byte."""

    key: str
    step: str
    path: str
    body: str


@dataclass(frozen=True)
class Target:
    """Where clients call, and what they order: `plenty` never runs out, of `hot` there is less than is asked for."""

    port: int
    token: str
    customers: list[int]
    plenty: int
    hot: int

    def send(self, request: Request) -> tuple[str, str]:
        """Sends a request on a connection of its own; its outcome and the answer's text or code."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            return self.send_on(connection, request)
        finally:
            connection.close()

    def send_on(self, connection: http.client.HTTPConnection, request: Request) -> tuple[str, str]:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": request.key,
        }
        try:
            if connection.sock is None:
                connection.connect()
        except OSError:
            return REFUSED, NOT_SENT
        try:
            connection.request("POST", f"/api/v1/{request.path}", request.body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return UNKNOWN, repr(error)
        if response.status < 300:
            return OK, text
        return (REFUSED if response.status < 500 else UNKNOWN), _code(text) or str(response.status)


def _code(text: str) -> str:
    try:
        return str(json.loads(text).get("code", ""))
    except ValueError:
        return ""


class Journal:
    """A file of requests and outcomes, each line handed to the system before the next thing happens."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self.path = path

    def note(self, *line: Any) -> None:
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()

    def read(self) -> tuple[dict[str, Request], dict[str, tuple[str, str]]]:
        """The requests by key, and the last outcome of each that has one."""
        requests: dict[str, Request] = {}
        outcomes: dict[str, tuple[str, str]] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            key, kind, *rest = json.loads(line)
            if kind in (OK, REFUSED, UNKNOWN):
                outcomes[key] = (kind, rest[0])
            else:
                requests[key] = Request(key, kind, *rest)
        return requests, outcomes


@dataclass
class Client:
    """One client, in a thread of its own until `enough` is set. `done` counts its paid orders."""

    name: str
    target: Target
    journal: Journal
    chance: random.Random
    enough: threading.Event
    done: int = 0
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._work, name=self.name, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        number = 0
        connection = http.client.HTTPConnection("127.0.0.1", self.target.port, timeout=ANSWER_SECONDS)
        try:
            while not self.enough.is_set():
                number += 1
                self.done += self._cycle(connection, f"{self.name}-{number}")
        finally:
            connection.close()

    def _cycle(self, connection: http.client.HTTPConnection, name: str) -> bool:
        """Create, confirm, ship, pay; gives up where an answer is refused or does not come. True when it was paid."""
        target, customer = self.target, self.chance.choice(self.target.customers)

        def ask(step: str, path: str, body: Any) -> Any:
            request = Request(f"{name}-{step}", step, path, json.dumps(body))
            self.journal.note(request.key, step, path, request.body)
            outcome, answer = target.send_on(connection, request)
            self.journal.note(request.key, outcome, answer)
            if answer == NOT_SENT:  # nobody listens just now
                self.enough.wait(PAUSE_SECONDS)
            return json.loads(answer) if outcome == OK else None

        lines = [{"product_id": target.plenty, "quantity": "2"}]
        if self.chance.random() < HOT_SHARE:
            lines.append({"product_id": target.hot, "quantity": "1"})
        order = ask("create", "sales-orders", {"customer_id": customer, "lines": lines})
        confirmed = order and ask("confirm", f"sales-orders/{order['id']}/confirm", {})
        if not confirmed or not ask("ship", f"sales-orders/{order['id']}/ship", {}):
            return False
        [invoice] = confirmed["invoices"]
        amount = str(Decimal(invoice["amount_total"]))
        matched = [{"invoice_id": invoice["id"], "amount": amount}]
        return bool(ask("pay", "payments", {"customer_id": customer, "amount": amount, "allocations": matched}))
