"""A client of its own process: order to cash again and again, every request noted in a journal outside the database.

A line is (key, step, JSON of the request) before a request and (key, outcome, answer) after it; what has no outcome is
unknown.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from core import database as db
from core.command import run
from core.context import Actor, Context
from core.errors import DomainError
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from crm.orders.confirm import confirm_order
from crm.orders.create import create_order
from crm.orders.ship import ship_order
from crm.pricing import LineRequest
from finance.payments import Wanted, record_payment


def perform(step: str, key: str, request: dict[str, Any], actor: int) -> str:
    """One request under its key; the answer's text. Raises DomainError for a refusal."""
    who = Actor(actor, "client", "Client", frozenset(PERMISSIONS), viewer=EVERYTHING)
    context = Context(actor=who, idempotency_key=key, route=step)
    if step == "create":
        lines = [LineRequest(request["product"], Decimal(2))]
        return run(create_order, customer_id=request["customer"], lines=lines, context=context).text
    if step == "pay":
        allocations = [Wanted(request["invoice"], Decimal(request["amount"]))]
        return run(
            record_payment,
            customer_id=request["customer"],
            amount=Decimal(request["amount"]),
            allocations=allocations,
            context=context,
        ).text
    return run({"confirm": confirm_order, "ship": ship_order}[step], request["order"], context=context).text


class Journal:
    def __init__(self, path: Path) -> None:
        self.file = path.open("a", encoding="utf-8")

    def note(self, *line: Any) -> None:
        """One line, handed to the system before the next thing happens."""
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def ask(self, step: str, key: str, request: dict[str, Any], actor: int) -> dict[str, Any] | None:
        self.note(key, step, request)
        try:
            text = perform(step, key, request, actor)
        except DomainError as error:
            self.note(key, "unknown" if error.http_status == 503 else "refused", error.code)
            return None
        self.note(key, "ok", text)
        return json.loads(text)


def cycle(journal: Journal, name: str, customer: int, product: int, actor: int) -> None:
    order = journal.ask("create", f"{name}-create", {"customer": customer, "product": product}, actor)
    if order is None:
        return
    confirmed = journal.ask("confirm", f"{name}-confirm", {"order": order["id"]}, actor)
    if confirmed is None:
        return
    journal.ask("ship", f"{name}-ship", {"order": order["id"]}, actor)
    invoice = confirmed["invoices"][0]
    request = {"customer": customer, "invoice": invoice["id"], "amount": invoice["amount_total"]}
    journal.ask("pay", f"{name}-pay", request, actor)


def main() -> None:
    url, path, name, cycles, customer, product, actor = sys.argv[1:]
    db.configure(db.Database(url, pool_size=1))
    journal = Journal(Path(path))
    for number in range(int(cycles)):
        cycle(journal, f"{name}-{number}", int(customer), int(product), int(actor))


if __name__ == "__main__":
    main()
