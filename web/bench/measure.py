"""The measurements: a database and a server of the benchmark's own, the product over HTTP and the floor in turn, ratios
of medians."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import psycopg

from core.command import run
from core.context import SYSTEM, Actor, Context
from core.customers import create_customer
from core.embedded import EmbeddedDatabase
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from core.tokens import issue_token
from crm.orders.confirm import confirm_order
from crm.orders.create import create_order
from crm.orders.ship import ship_order
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from crm.setup import set_up_company
from finance.payments import Wanted, record_payment
from inventory.catalog import create_product
from inventory.documents import StockLine, open_stock
from web.bench.clients import Job, Scene, Tally, measure
from web.bench.floor import Recorder, Swaps, five_steps, make_tables, recording
from web.bench.single import PDF_LINES, count_statements, logged_statements, time_quotation
from web.cli.scratch import scratch_database

CUSTOMERS, PRODUCTS, HOT_PRODUCTS, LINES = 50, 200, 5, 5
STOCK = Decimal(1_000_000)
WINDOW_SECONDS = 8.0
ROUNDS = 3
CLIENTS = 8
LOGIN = "bench"


class Stage:
    """The benchmark's own company, in a database of its own that goes away with it."""

    def __init__(self, embedded: EmbeddedDatabase, home: Path) -> None:
        self.embedded = embedded
        self.home = home
        self.app_url = embedded.app_url
        self.actor = SYSTEM
        self._fill()

    def _fill(self) -> None:
        run(
            set_up_company,
            {"name": "Benchmark", "currency": "CNY"},
            {"login": LOGIN, "name": "Bench", "password": os.urandom(12).hex()},
            context=self.context(),
        )
        token = run(issue_token, LOGIN, context=self.context())
        self.token = token["token"]
        user_id = self.value("SELECT id FROM app_user")
        self.actor = Actor(user_id, LOGIN, "Bench", frozenset(PERMISSIONS), viewer=EVERYTHING)
        self.customers = [
            run(create_customer, {"name": f"客户 {number:03d}"}, context=self.context())["id"]
            for number in range(CUSTOMERS)
        ]
        self.products = [
            run(
                create_product,
                {"sku": f"B-{number:03d}", "name": f"商品 {number:03d}", "price": Decimal(100), "cost": Decimal(60)},
                context=self.context(),
            )["id"]
            for number in range(PRODUCTS)
        ]
        for start in range(0, PRODUCTS, 50):
            lines = [StockLine(product, STOCK, Decimal(60)) for product in self.products[start : start + 50]]
            run(open_stock, lines=lines, context=self.context())

    def context(self, **values: Any) -> Context:
        return Context(actor=self.actor, **values)

    def value(self, text: str) -> Any:
        with psycopg.connect(driver_url(self.embedded.admin_url)) as connection:
            row = connection.execute(text.encode()).fetchone()
            return row[0] if row else None

    def record_cycle(self) -> tuple[Recorder, int]:
        """Runs one cycle by the product's own commands and records what it writes; the customer it was for."""
        customer = self.customers[0]
        lines = [LineRequest(product, Decimal(1)) for product in self.products[:LINES]]

        def keyed() -> Context:
            return self.context(idempotency_key=os.urandom(12).hex(), route="bench")

        with recording() as recorder:
            order = run(create_order, customer_id=customer, lines=lines, context=keyed())
            confirmed = run(confirm_order, order["id"], context=keyed())
            run(ship_order, order["id"], context=keyed())
            [invoice] = confirmed["invoices"]
            amount = Decimal(invoice["amount_total"])
            wanted = [Wanted(invoice["id"], amount)]
            run(record_payment, customer_id=customer, amount=amount, allocations=wanted, context=keyed())
        return recorder, customer

    def quote(self) -> int:
        """A quotation of twenty lines; its id."""
        lines = [LineRequest(product, Decimal(3)) for product in self.products[:PDF_LINES]]
        made = run(create_quotation, customer_id=self.customers[0], lines=lines, context=self.context())
        return int(made["id"])

    def swaps(self, customer: int) -> Swaps:
        with psycopg.connect(driver_url(self.embedded.admin_url)) as connection:
            pairs = connection.execute("SELECT product_id, id FROM stock_level ORDER BY product_id").fetchall()
        recorded = [pair for pair in pairs if pair[0] in self.products[:LINES]]
        return Swaps(recorded, customer, pairs, self.customers)


def driver_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def served(stage: Stage) -> Iterator[int]:
    """The product's web server on a free port, as `./manage serve` runs it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": stage.app_url,
        "COUNTINGHOUSE_HOME": str(stage.home),
        "COUNTINGHOUSE_ENV": "development",
        "COUNTINGHOUSE_RATE_LIMITS": "off",
        "LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "2", "--blocking-threads", "4", "--log-level", "warning", "--no-ws", "web.wsgi:app"]
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).resolve().parents[2])
    try:
        _wait_until_up(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise click.ClickException(f"the server ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise click.ClickException("the server did not answer within 20 seconds")


def main(json_output: bool) -> None:
    """Measures and prints. Every figure is the median of three rounds; the floor is measured in each round too."""
    with scratch_database("bench") as (embedded, home):
        report = _measure_all(Stage(embedded, home))
    click.echo(json.dumps(report, indent=2) if json_output else _as_text(report))
    if report["failures"]:
        raise click.exceptions.Exit(1)


def _measure_all(stage: Stage) -> dict[str, Any]:
    recorder, customer = stage.record_cycle()
    steps = five_steps(recorder)
    with psycopg.connect(driver_url(stage.embedded.admin_url)) as connection:
        make_tables(connection, steps)
    floor = (driver_url(stage.app_url), steps, stage.swaps(customer))
    numbers = iter(range(10_000))
    failures: list[str] = []

    def on_floor(clients: int) -> list[Tally]:
        return measure([Job(next(numbers), WINDOW_SECONDS, floor=floor) for _ in range(clients)])

    rows: dict[str, list[float]] = {}
    latencies: dict[str, list[float]] = {}
    with served(stage) as port:
        scene = Scene(port, stage.token, stage.customers, stage.products, LINES)
        hot = Scene(port, stage.token, stage.customers, stage.products[:HOT_PRODUCTS], LINES)

        def over_http(method: str, clients: int, where: Scene = scene) -> list[Tally]:
            return measure([Job(next(numbers), WINDOW_SECONDS, where, method) for _ in range(clients)])

        plan: list[tuple[str, Callable[[], list[Tally]]]] = [
            ("floor_1", lambda: on_floor(1)),
            ("cycle_1", lambda: over_http("order_to_cash", 1)),
            ("floor_8", lambda: on_floor(CLIENTS)),
            ("cycle_8", lambda: over_http("order_to_cash", CLIENTS)),
            ("confirm_8", lambda: over_http("create_and_confirm", CLIENTS)),
            ("confirm_hot_8", lambda: over_http("create_and_confirm", CLIENTS, hot)),
        ]
        for turn in range(ROUNDS):
            for name, measured in plan:
                tallies = measured()
                seconds = sorted(second for tally in tallies for second in tally.seconds)
                rows.setdefault(name, []).append(len(seconds) / WINDOW_SECONDS)
                latencies.setdefault(name, []).extend(seconds)
                for tally in tallies:
                    failures += [f"{name}: {error} ({times})" for error, times in tally.errors.items()]
                click.echo(f"round {turn + 1}/{ROUNDS} {name}: {rows[name][-1]:.1f}/s", err=True)
    return _report(rows, latencies, failures) | _measure_single(stage)


def _measure_single(stage: Stage) -> dict[str, Any]:
    """What one call costs, with a server of its own whose statements are logged by the database."""
    log = stage.home / "postgres" / "server.log"
    with logged_statements(driver_url(stage.embedded.superuser_url), log) as since, served(stage) as port:
        scene = Scene(port, stage.token, stage.customers, stage.products, LINES)
        statements = count_statements(scene, since)
    with served(stage) as port:
        return {"statements": statements, "quotation_pdf_ms": time_quotation(port, stage.token, stage.quote())}


def _report(rows: dict[str, list[float]], latencies: dict[str, list[float]], failures: list[str]) -> dict[str, Any]:
    rate = {name: statistics.median(values) for name, values in rows.items()}

    def ratio(name: str, base: str) -> float:
        return statistics.median(a / b for a, b in zip(rows[name], rows[base], strict=True))

    def share_of(name: str, quantile: float) -> float:
        ordered = sorted(latencies[name])
        return ordered[min(int(len(ordered) * quantile), len(ordered) - 1)] * 1000 if ordered else 0.0

    return {
        "per_second": {name: round(value, 1) for name, value in rate.items()},
        "rounds": {name: [round(value, 1) for value in values] for name, values in rows.items()},
        "p50_ms": {name: round(share_of(name, 0.5), 1) for name in rows},
        "p95_ms": {name: round(share_of(name, 0.95), 1) for name in rows},
        "worst_ms": {name: round(max(values, default=0.0) * 1000, 1) for name, values in latencies.items()},
        "order_to_cash_1_client_of_floor": round(ratio("cycle_1", "floor_1"), 3),
        "order_to_cash_8_clients_of_floor_at_8": round(ratio("cycle_8", "floor_8"), 3),
        "create_and_confirm_8_clients_of_floor_at_8": round(ratio("confirm_8", "floor_8"), 3),
        "hot_products_of_many_products": round(ratio("confirm_hot_8", "confirm_8"), 3),
        "failures": failures,
    }


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"{name:>16}  {value:8.1f} /s   p50 {report['p50_ms'][name]:7.1f} ms   p95 {report['p95_ms'][name]:7.1f} ms"
        for name, value in report["per_second"].items()
    ]
    ratios = [f"{name}: {value}" for name, value in report.items() if isinstance(value, float)]
    single = [
        "statements: " + ", ".join(f"{step} {count}" for step, count in report["statements"].items()),
        f"quotation as PDF, {PDF_LINES} lines, warm: median {report['quotation_pdf_ms']['median']} ms",
    ]
    return "\n".join([*lines, "", *ratios, *single, f"failures: {report['failures'] or 'none'}"])
