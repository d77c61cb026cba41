"""What people type to find a customer, and how long the answer takes: parts of names, pinyin, initials, phones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import psycopg

from core.normalise import search_text
from web.bench.surface.visitor import Visitor
from web.cli.migrate import driver_url

BOXES = {"box": "/search/box?q={}", "list": "/customers?q={}"}
"""Where a text is typed: the search box of every page, which asks while one types; the words of the customers' list."""
COMMON = ("有限公司", "科技", "贸易", "商行", "公司", "youxiangongsi", "yxgs", "ltd", "trading", "a")
ABSENT = ("没有这家公司的名字", "zzzqqq", "999000111222")
FOUND = (200, 303)
"""A text that is exactly one record's number leads straight to it."""


@dataclass(frozen=True)
class Typed:
    """A text to look for, and of what kind it is."""

    kind: str
    text: str


def texts_for(system_url: str, count: int, *, owner: str | None = None, seed: int = 7) -> list[Typed]:
    """`count` texts, from the customers of `owner` (a login; None: anybody's) and some that everybody types."""
    draw = random.Random(seed)  # noqa: S311 (a benchmark's draw)
    with psycopg.connect(driver_url(system_url)) as connection:
        rows = connection.execute(
            """
            SELECT name, coalesce(phone_key, ''), coalesce(city, '') FROM customer
             WHERE %(owner)s::text IS NULL OR owner_id = (SELECT id FROM app_user WHERE login = %(owner)s)
             ORDER BY hashint8(id + %(seed)s) LIMIT %(count)s
            """,
            {"owner": owner, "seed": seed, "count": count},
        ).fetchall()
    found = [Typed("common", text) for text in COMMON] + [Typed("absent", text) for text in ABSENT]
    for row in rows:
        found += _of_customer(draw, *row)
    kept = found[: len(COMMON) + len(ABSENT)]
    draw.shuffle(rest := found[len(kept) :])
    return (kept + rest)[:count]


def _of_customer(draw: random.Random, name: str, phone: str, city: str) -> Iterator[Typed]:
    """What somebody types who looks for one customer."""
    if name.isascii():
        words = name.split()
        yield Typed("name", words[0])
        yield Typed("name", " ".join(words[:2]).lower())
        yield Typed("name", draw.choice(words)[:4])
    else:
        core = name.removeprefix(city)
        yield Typed("name", core[: draw.choice((2, 3, 4))])
        yield Typed("name", name[: draw.choice((4, 5, 6))])
        _, pinyin, initials = (*search_text(core[:4]).split(" "), "", "")[:3]
        yield Typed("pinyin", pinyin)
        yield Typed("pinyin", pinyin[: draw.choice((4, 6, 8))])
        yield Typed("initials", [*search_text(name).split(" "), "", ""][2][: draw.choice((4, 5, 6))] or initials)
        yield Typed("place and name", f"{city} {core[:2]}")
    if phone:
        yield Typed("phone", phone[-draw.choice((4, 6, 8)) :])
        yield Typed("phone", phone[-11:])


def time_search(visitor: Visitor, texts: list[Typed], path: str, budget_seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each text once, by kind, warm; ends early when the budget is used up."""
    spent: dict[str, list[float]] = {}
    for each in texts[:3]:
        visitor.time(path.format(quote(each.text)), *FOUND)
    total = 0.0
    for each in texts:
        milliseconds = visitor.time(path.format(quote(each.text)), *FOUND)
        spent.setdefault(each.kind, []).append(milliseconds)
        total += milliseconds / 1000
        if total > budget_seconds:
            break
    return spent
