"""Finding customers by part of a name, pinyin, initials and phone, at whatever size a database has.

    ./manage bench surface        or, on a database that stands:
    DATABASE_URL=… python -m web.bench.search [DATABASE_URL of a smaller one]

Times are of the server: from the question to its rows as facts, statements and all, in milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, text

from core import database as db
from core.masks import IN_THE_CLEAR, showing
from core.normalise import han_of
from core.pinyin import readings
from core.queries.customers import find_customers
from core.scope import EVERYTHING, Viewer, viewing
from crm.queries.search import search

SAMPLES = 12
"""How many customers each kind of question is made of."""
REPEATS = 3
SEED = 4
CUSTOMERS = frozenset(("customers.read",))


def measure_search(database: db.Database) -> dict[str, Any]:
    """p50, p95 and most of all questions, of each kind and of each viewer; how many customers there are.

    `database` is of the app role. Questions are made of customers that are there, the same ones at each call; viewers
    are who sees everything, and the owners of the most and of the fewest customers.
    """
    before = db._current
    db.configure(database)
    try:
        with viewing(EVERYTHING), showing(IN_THE_CLEAR), database.reading() as connection:
            count, viewers = _people(connection)
            questions = list(_questions(connection))
        times = {
            (kind, who, how): _time(database, viewer, ask, typed)
            for how, ask in WAYS.items()
            for who, viewer in viewers.items()
            for kind, typed in questions
        }
    finally:
        if before is not None:
            db.configure(before)
    return {"customers": count, "questions": sum(map(len, times.values())) * REPEATS, **_figures(times)}


def _search(connection: Connection, typed: str) -> Any:
    return search(connection, typed, CUSTOMERS, with_papers=False)


WAYS: dict[str, Callable[[Connection, str], Any]] = {"box": _search, "choice": find_customers}


def _people(connection: Connection) -> tuple[int, dict[str, Viewer]]:
    rows = connection.execute(
        text("SELECT owner_id, count(*) FROM customer GROUP BY owner_id HAVING count(*) > 0 ORDER BY 2 DESC, 1")
    ).all()
    owners = [row[0] for row in rows]
    viewers = {"everything": EVERYTHING, "most": Viewer(False, (owners[0],)), "fewest": Viewer(False, (owners[-1],))}
    return sum(row[1] for row in rows), {**viewers, "team": Viewer(False, tuple(owners[:10]))}


def _questions(connection: Connection) -> Iterator[tuple[str, list[str]]]:
    """Kinds of questions with what is typed, made of customers spread over the whole table."""
    chance = random.Random(SEED)  # noqa: S311 (the same questions at each call)
    rows = connection.execute(text("SELECT min(id), max(id) FROM customer")).one()
    customers = []
    for _ in range(SAMPLES * 8):
        found = connection.execute(
            text("SELECT name, phone FROM customer WHERE id >= :id ORDER BY id LIMIT 1"),
            {"id": chance.randint(rows[0], rows[1])},
        ).one()
        customers.append(found)
    chinese = [han_of(name) for name, _ in customers if len(han_of(name)) >= 3][:SAMPLES]
    phones = ["".join(filter(str.isdigit, phone)) for _, phone in customers if phone][:SAMPLES]
    starts = [chance.randint(0, len(name) - 3) for name in chinese]
    parts = [name[start:] for name, start in zip(chinese, starts, strict=True)]
    syllables = [readings(name)[0] for name in chinese]
    yield "one character", [name[0] for name in chinese]
    yield "two characters", [part[:2] for part in parts]
    yield "three characters", [part[:3] for part in parts]
    yield "name", chinese
    yield "two words", [f"{name[:2]} {name[-2:]}" for name in chinese]
    yield "pinyin", ["".join(row[start : start + 3]) for row, start in zip(syllables, starts, strict=True)]
    yield "pinyin begun", ["".join(row[:2])[:-1] for row in syllables]
    yield (
        "initials",
        ["".join(one[0] for one in row[start : start + 4]) for row, start in zip(syllables, starts, strict=True)],
    )
    yield "phone", phones
    yield "part of a phone", [phone[3:8] for phone in phones]
    yield "beginning of a phone", [phone[:3] for phone in phones]
    yield "words of other letters", [name.split()[0][:5] for name, _ in customers if name.isascii()][:SAMPLES]
    yield "in most names", ["有限公司", "公司", "yxgs", "youxiangongsi"]
    yield "nowhere", ["鼐鼐", "qqxxzz", "00000000"]


def _time(
    database: db.Database, viewer: Viewer, ask: Callable[[Connection, str], Any], typed: list[str]
) -> list[list[float]]:
    """The times of each text, asked several times over."""
    times: list[list[float]] = []
    with viewing(viewer), showing(IN_THE_CLEAR):
        for one in typed:
            times.append([])
            for repeat in range(REPEATS + 1):
                start = time.perf_counter()
                with database.reading() as connection:
                    ask(connection, one)
                if repeat:  # the first time prepares
                    times[-1].append((time.perf_counter() - start) * 1000)
    return times


def _figures(times: dict[tuple[str, str, str], list[list[float]]]) -> dict[str, Any]:
    """Of all times; and, since other work of the machine is no part of it, of the best time of each question too."""

    def of(place: int) -> dict[str, dict[str, float]]:
        found = {
            name: [one for key, many in times.items() if key[place] == name for one in many] for name in names(place)
        }
        return {name: _summary([time for one in many for time in one]) for name, many in found.items()}

    def names(place: int) -> list[str]:
        return list(dict.fromkeys(key[place] for key in times))

    everything = [one for many in times.values() for one in many]
    return {
        "all": _summary([time for one in everything for time in one]),
        "best": _summary([min(one) for one in everything]),
        "by_question": of(0),
        "by_viewer": of(1),
        "by_way": of(2),
    }


def _summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    if not ordered:
        return {}
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"p50": round(ordered[len(ordered) // 2], 2), "p95": round(p95, 2), "most": round(ordered[-1], 2)}


def main() -> None:
    addresses = [os.environ["DATABASE_URL"], *sys.argv[1:]]
    answers = [measure_search(db.Database(address)) for address in addresses]
    growth = round(answers[0]["all"]["p95"] / answers[-1]["all"]["p95"], 2) if len(answers) > 1 else None
    sys.stdout.write(json.dumps({"growth": growth, "databases": answers}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
