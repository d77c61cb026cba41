"""What one call costs: the statements that the server runs for each step from order to cash, over HTTP and with the
token's look-up, and the time a Chinese quotation of twenty lines takes as PDF."""

from __future__ import annotations

import http.client
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from core.database_roles import APP_ROLE
from web.bench.clients import HttpClient, Scene

CYCLES, PDF_LINES, PDF_ROUNDS, PDF_WARM_UP = 5, 20, 10, 3
_RUN = re.compile(r"LOG:\s+(?:execute [^:]+|statement): (.*)")
# BEGIN and COMMIT, and telling the database who acts, are not counted.
_FREE = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SELECT set_config\('countinghouse\.actor')", re.IGNORECASE)


@contextmanager
def logged_statements(superuser_url: str, log: Path) -> Iterator[Callable[[], list[str]]]:
    """Makes the server log what sessions of the app role that begin in the block run; the function answers what was
    logged since it was last called."""
    name = sql.Identifier(APP_ROLE)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE {} SET log_statement = 'all'").format(name))
        read = log.stat().st_size

        def since() -> list[str]:
            nonlocal read
            with log.open("rb") as file:
                file.seek(read)
                text = file.read()
            read += len(text)
            found = (_RUN.search(line) for line in text.decode(errors="replace").splitlines())
            return [run[1] for run in found if run and not _FREE.match(run[1])]

        try:
            yield since
        finally:
            connection.execute(sql.SQL("ALTER ROLE {} RESET log_statement").format(name))


def count_statements(scene: Scene, since: Callable[[], list[str]]) -> dict[str, int]:
    """Statements of each step: the median of some cycles, since now and then one fetches a block of ids as well."""
    client = HttpClient(scene, 0)
    counts: dict[str, list[int]] = {}

    def step(name: str, act: Callable[[], Any]) -> Any:
        since()
        answer = act()
        counts.setdefault(name, []).append(len(since()))
        return answer

    client.order_to_cash()  # what a process reads once is read here
    for _ in range(CYCLES):
        order = step("create", client.create)
        path = f"sales-orders/{order['id']}"
        confirmed = step("confirm", lambda path=path: client.post(f"{path}/confirm", {}))  # type: ignore[misc]
        step("ship", lambda path=path: client.post(f"{path}/ship", {}))  # type: ignore[misc]
        [invoice] = confirmed["invoices"]
        payment = {
            "customer_id": order["customer_id"],
            "amount": str(Decimal(invoice["amount_total"])),
            "allocations": [{"invoice_id": invoice["id"], "amount": invoice["amount_total"]}],
        }
        step("pay_and_match", lambda payment=payment: client.post("payments", payment))  # type: ignore[misc]
    return {name: int(statistics.median(found)) for name, found in counts.items()}


def time_quotation(port: int, token: str, quotation_id: int) -> dict[str, float]:
    """Milliseconds of the quotation as PDF over HTTP, warm: median and worst. Raises RuntimeError on a refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    spent = []
    for number in range(PDF_WARM_UP + PDF_ROUNDS):
        started = time.perf_counter()
        path = f"/api/v1/quotations/{quotation_id}/pdf?lang=zh"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200 or not content.startswith(b"%PDF"):
            raise RuntimeError(f"the quotation as PDF answered {response.status}")
        if number >= PDF_WARM_UP:
            spent.append((time.perf_counter() - started) * 1000)
    connection.close()
    return {"median": round(statistics.median(spent), 1), "worst": round(max(spent), 1)}
