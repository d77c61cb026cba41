"""Search, lists and records at two sizes, as an administrator and as salespeople; and what a first view weighs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from flask import Flask

from core.embedded import EmbeddedDatabase
from web.bench.surface.pages import pages_of
from web.bench.surface.searching import BOXES, texts_for, time_search
from web.bench.surface.visitor import Visitor, application, visitor
from web.bench.surface.weight import served, weigh
from web.cli.messages import _
from web.cli.progress import say
from web.cli.system import CHROMIUM, ensure
from web.drill.size.people import FEW, MANY
from web.drill.size.standing import LARGE, SMALL, home_of, label, standing

# Who looks: sees everything; has a sixtieth of all customers; has two hundred.
SEARCHERS = ("admin", MANY, FEW)
READERS = ("admin", MANY)
QUERIES, ROUNDS = 250, 7
ASKED_BEFORE, OTHER_SEED = 300, 8
"""So many other texts are looked for before, by each visitor: what is measured is a server at work."""
SEARCH_SECONDS = 90.0
"""How long one visitor's searches in one box may take; what is left over is not asked."""
READ_AT_ONCE = 8 << 20
BARS = {"search_p95_ms": 20.0, "pages_p95_ms": 60.0, "growth": 1.5, "kilobytes": 80.0, "visible_ms": 400.0}
FIRST_VIEWS = {"home": "/", "customers": "/customers", "orders": "/orders", "order form": "/orders/new"}
WORST = 12
Answer = dict[str, Any]


def measure_surface(
    base: Path,
    sizes: Sequence[int] = (SMALL, LARGE),
    *,
    queries: int = QUERIES,
    rounds: int = ROUNDS,
    parts: Sequence[str] = ("search", "pages", "weight"),
) -> Answer:
    """Measures the companies of `sizes` below `base`, made first where they are missing, smallest first.

    Answers per size and part, what grew between the first size and the last, and which bars are met.
    """
    report: Answer = {"sizes": {}}
    for size in sorted(sizes):
        with standing(base, size) as embedded:
            report["sizes"][label(size)] = _measure_size(embedded, home_of(base, size), queries, rounds, parts)
    report["growth"] = _growth(list(report["sizes"].values()))
    report["bars"] = _bars(report)
    return report


def _measure_size(embedded: EmbeddedDatabase, home: Path, queries: int, rounds: int, parts: Sequence[str]) -> Answer:
    found: Answer = {"in_memory": read_files(home)}
    with application(embedded, home) as app:
        measures: dict[str, Callable[[], Answer]] = {
            "search": lambda: _search(app, embedded, queries),
            "pages": lambda: _pages(app, embedded, rounds),
            "weight": lambda: _weight(app, embedded, home),
        }
        for part in parts:
            say(_("%(folder)s: measuring %(part)s…") % {"folder": home.name, "part": part})
            found[part] = measures[part]()
    return found


def read_files(home: Path) -> bool:
    """Reads the database's files once, as they lie in the memory of a machine whose server has been at work for a day:
    how long its disk takes on the first day is not what is measured. False where the memory is too small for them."""
    files = [path for path in (home / "postgres" / "base").glob("*/[0-9]*") if path.is_file()]  # what never goes away
    if sum(path.stat().st_size for path in files) > psutil.virtual_memory().available:
        return False
    for path in files:
        with path.open("rb", buffering=0) as stream:
            while stream.read(READ_AT_ONCE):
                pass
    return True


def _search(app: Flask, embedded: EmbeddedDatabase, queries: int) -> Answer:
    found: Answer = {}
    for login in SEARCHERS:
        person = visitor(app, login)
        owner = None if login == "admin" else login
        texts = texts_for(embedded.system_url, queries, owner=owner)
        before = texts_for(embedded.system_url, ASKED_BEFORE, owner=owner, seed=OTHER_SEED)
        time_search(person, before, BOXES["box"], SEARCH_SECONDS)
        for box, path in BOXES.items():
            spent = time_search(person, texts, path, SEARCH_SECONDS)
            every = [milliseconds for kind in spent.values() for milliseconds in kind]
            found[f"{login} {box}"] = {
                **shares(every),
                "asked": len(every),
                "p95_by_kind": {kind: share(each, 0.95) for kind, each in sorted(spent.items())},
            }
            say(f"  {login} {box}: p50 {share(every, 0.5)} ms, p95 {share(every, 0.95)} ms ({len(every)})")
    return found


def _pages(app: Flask, embedded: EmbeddedDatabase, rounds: int) -> Answer:
    found: Answer = {}
    for login in READERS:
        person = visitor(app, login)
        each = _time_pages(person, embedded, rounds)
        found[login] = {
            **shares(list(each.values())),
            "pages": len(each),
            "over_the_bar": sum(spent > BARS["pages_p95_ms"] for spent in each.values()),
            "worst": dict(sorted(each.items(), key=lambda item: -item[1])[:WORST]),
            "each": each,
        }
        say(f"  {login}: p50 {found[login]['p50_ms']} ms, p95 {found[login]['p95_ms']} ms ({len(each)})")
    return found


def _time_pages(person: Visitor, embedded: EmbeddedDatabase, rounds: int) -> dict[str, float]:
    pages = pages_of(person, embedded.system_url, None if person.login == "admin" else person.login)
    return {page.name: round(person.median(page.path, rounds), 1) for page in pages}


def _weight(app: Flask, embedded: EmbeddedDatabase, home: Path) -> Answer:
    if not ensure(CHROMIUM):
        return {}
    person = visitor(app, MANY)
    pages = pages_of(person, embedded.system_url, MANY)
    customer = {page.name: page.path for page in pages if page.name == "/customers/… (1)"}
    with served(embedded.app_url, home) as port:
        return weigh(port, person.token, FIRST_VIEWS | customer)


# figures --------------------------------------------------------------------------------------------------------------
def share(values: Sequence[float], quantile: float) -> float:
    """The value that so many of all do not exceed, to a tenth; nothing of nothing."""
    ordered = sorted(values)
    return round(ordered[max(math.ceil(len(ordered) * quantile) - 1, 0)], 1) if ordered else 0.0


def shares(values: Sequence[float]) -> Answer:
    return {"p50_ms": share(values, 0.5), "p95_ms": share(values, 0.95), "worst_ms": share(values, 1.0)}


def _growth(sizes: list[Answer]) -> Answer:
    """How many times longer the last size takes than the first, by p95."""
    first, last = sizes[0], sizes[-1]
    return {
        f"{part} {name}": round(last[part][name]["p95_ms"] / max(first[part][name]["p95_ms"], 0.1), 2)
        for part in ("search", "pages")
        for name in last.get(part, {})
        if name in first.get(part, {})
    }


def _bars(report: Answer) -> Answer:
    """Which bars are met, all of them at the last size."""
    last = list(report["sizes"].values())[-1]
    met: dict[str, bool] = {}
    for name, found in last.get("search", {}).items():
        is_page = name.endswith(" list")  # a list that is searched is drawn as a page
        met[f"search {name} p95"] = found["p95_ms"] <= BARS["pages_p95_ms" if is_page else "search_p95_ms"]
    for name, found in last.get("pages", {}).items():
        met[f"pages {name} p95"] = found["p95_ms"] <= BARS["pages_p95_ms"]
    for name, grown in report["growth"].items():
        met[f"growth {name}"] = grown <= BARS["growth"]
    for name, found in last.get("weight", {}).items():
        met[f"first view {name} kilobytes"] = found["kilobytes"] <= BARS["kilobytes"]
        met[f"first view {name} seen"] = found["visible_ms"] <= BARS["visible_ms"]
    return met


def as_text(report: Answer) -> str:
    """The report as a table."""
    lines = []
    for size, found in report["sizes"].items():
        for part in ("search", "pages"):
            for name, each in found.get(part, {}).items():
                lines.append(
                    f"{size:>6} {part:>7} {name:<14} p50 {each['p50_ms']:8.1f} ms  p95 {each['p95_ms']:8.1f} ms  "
                    f"worst {each['worst_ms']:8.1f} ms"
                )
        for login, each in found.get("pages", {}).items():
            lines += [f"{size:>6} {login} {spent:8.1f} ms  {name}" for name, spent in each["worst"].items()]
        for name, each in found.get("weight", {}).items():
            lines.append(f"{size:>6}  weight {name:<14} {each['kilobytes']:6.1f} kB  {each['visible_ms']:5.0f} ms")
    lines += [f"growth {name:<24} {grown:5.2f}" for name, grown in report["growth"].items()]
    return "\n".join([*lines, *(f"{'met ' if met else 'NOT MET'} {name}" for name, met in report["bars"].items())])
