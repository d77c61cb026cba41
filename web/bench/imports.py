"""Bringing 100,000 customers in from a file: read, checked for duplicates and written by the product's own commands and
steps of its worker, in this process, whose memory is watched.
"""

from __future__ import annotations

import csv
import gc
import io
import json
import resource
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import click
import psutil

import crm.imports  # noqa: F401 (its kinds)
from core import database as db
from core.command import run
from core.context import Actor, Context
from core.imports.commands import check_import, start_import, upload_import
from core.imports.reading import Upload
from core.jobs import execute
from core.outbox import apply_event
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from core.statements import statement
from crm.setup import set_up_company
from web.cli.scratch import scratch_database

CUSTOMERS: Final = 100_000
# Every hundredth row is one of those before it, written a little differently.
REPEATED: Final = 100
LOGIN: Final = "bench"
HEADS: Final = ("客户名称", "税号", "电话", "邮箱", "国家", "省份", "城市", "地址", "邮编", "联系人", "行业", "备注")
_WORDS: Final = tuple("恒通盛达远洋金龙华信天海东方明德瑞丰新创嘉和顺安博雅鼎泰宏业")
_TRADES: Final = ["贸易", "科技", "食品", "机械", "电子", "服饰", "物流", "建材"]
_PLACES: Final = (("上海", "上海市"), ("江苏", "苏州"), ("浙江", "杭州"), ("广东", "深圳"), ("四川", "成都"))
_MOBILE: Final = ("138", "139", "150", "186", "177", "133")
NEXT = statement(
    "bench.next_import_event",
    "SELECT id FROM outbox_event WHERE state = 'pending' AND kind = 'import_advanced' ORDER BY id LIMIT 1",
    tables="outbox_event",
    scope="system",
)


def customer_file(count: int) -> bytes:
    """A CSV file of so many rows, the same each time; every hundredth repeats an earlier one."""
    chance, stream = Random(17), io.StringIO()  # noqa: S311 (invented rows, the same each time)
    writer = csv.writer(stream)
    writer.writerow(HEADS)
    rows: list[list[str]] = []
    for number in range(count):
        if number % REPEATED == REPEATED - 1:
            row = list(chance.choice(rows))
            row[0] = row[0].replace("有限公司", "股份有限公司")
        else:
            row = _row(chance, number)
            rows.append(row)
        writer.writerow(row)
    return stream.getvalue().encode()


def _row(chance: Random, number: int) -> list[str]:
    province, city = chance.choice(_PLACES)
    name = f"{city}{''.join(chance.sample(_WORDS, 3))}{number}{chance.choice(_TRADES)}有限公司"
    phone = f"{chance.choice(_MOBILE)}{number:08d}"
    street = f"解放路 {chance.randrange(1, 999)} 号"
    contact = chance.choice("王李张刘陈杨") + "".join(chance.sample(_WORDS, 2))
    return [
        name, "", phone, f"buyer{number}@c{number % 997}.example.com", "中国", province, city, street,
        f"{chance.randrange(100_000, 999_999)}", contact, chance.choice(_TRADES), "",
    ]  # fmt: skip


@dataclass
class Watched:
    """The memory of this process while something goes on, looked at ten times a second."""

    before: int = 0
    most: int = 0
    samples: list[int] = field(default_factory=list)

    def __enter__(self) -> Watched:
        gc.collect()
        self._process, self._stop = psutil.Process(), threading.Event()
        self.before = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            now = self._process.memory_info().rss
            self.samples.append(now)
            self.most = max(self.most, now)

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        """Megabytes that the last quarter takes more than the second: whether it grows with the rows."""
        if len(self.samples) < 8:
            return 0.0
        quarter = len(self.samples) // 4
        middle = sum(self.samples[quarter : 2 * quarter]) / quarter
        return (sum(self.samples[-quarter:]) / quarter - middle) / 1e6


def _steps(context: Context) -> Iterator[None]:
    """What the worker does, one event after the other."""
    while found := execute(NEXT):
        event_id = found[0][0]
        while event_id:
            following = run(apply_event, event_id, context=context).data["next"]
            event_id = following[0] if following else None
            yield


def measure_import(count: int = CUSTOMERS) -> dict[str, Any]:
    """Seconds of each part, rows a second, and memory in megabytes."""
    with scratch_database("bench-import") as (embedded, _home):
        run(
            set_up_company,
            {"name": "Bench", "currency": "CNY"},
            {"login": LOGIN, "name": "Bench", "password": "bench-bench-bench"},
            context=Context(),
        )
        with db.current().autocommit() as connection:
            user_id = connection.exec_driver_sql("SELECT id FROM app_user").scalar_one()
        actor = Actor(user_id, LOGIN, "Bench", frozenset(PERMISSIONS), viewer=EVERYTHING)
        db.current().dispose()
        db.configure(db.Database(embedded.system_url, application_name="worker"))
        return _measure(actor, customer_file(count), count)


def _measure(actor: Actor, content: bytes, count: int) -> dict[str, Any]:
    worker, seconds = Context(route="worker", channel="worker"), {}
    started = time.perf_counter()
    with Watched() as watched:
        upload = Upload("customers.csv", content)
        batch = run(upload_import, "customers", [upload], context=Context(actor=actor)).data
        del upload
        seconds["upload"] = time.perf_counter() - started
        run(check_import, batch["id"], batch["mapping"], {"existing": "skip"}, context=Context(actor=actor))
        for _ in _steps(worker):
            pass
        seconds["check"] = time.perf_counter() - started - seconds["upload"]
        run(start_import, batch["id"], context=Context(actor=actor))
        for _ in _steps(worker):
            pass
        seconds["write"] = time.perf_counter() - started - seconds["upload"] - seconds["check"]
    total = time.perf_counter() - started
    with db.current().autocommit() as connection:
        made = connection.exec_driver_sql(
            "SELECT rows_created, rows_skipped, rows_bad FROM import_batch WHERE id = %s", (batch["id"],)
        ).one()
        customers = connection.exec_driver_sql("SELECT count(*) FROM customer").scalar_one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {
        "rows": count, "file_megabytes": round(len(content) / 1e6, 1), "created": made[0], "repeated": made[1],
        "refused": made[2], "customers": customers,
        "seconds": {name: round(value, 1) for name, value in seconds.items()}, "seconds_total": round(total, 1),
        "rows_per_second": round(count / total), "memory_before": round(watched.before / 1e6),
        "memory_peak": round(peak), "memory_growth_later": round(watched.growth, 1),
    }  # fmt: skip


def main(json_output: bool) -> None:
    """Measures and prints."""
    found = measure_import()
    if json_output:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:24} {value}")
