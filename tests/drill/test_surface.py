"""The measure of the surface in its small form: it finds the pages, asks for them, and says which bars are met."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core import database as db
from tests.drill.conftest import rows_of
from tests.scenarios.house import House
from web.bench.surface import measure
from web.bench.surface.pages import pages_of
from web.bench.surface.searching import ABSENT, BOXES, COMMON, texts_for, time_search
from web.bench.surface.visitor import PageFailed, application, visitor


@pytest.fixture
def open_house(grown: House, tmp_path: Path) -> Iterator[Any]:
    """The application over the grown company, and its addresses."""
    before = db.current()
    embedded: Any = SimpleNamespace(app_url=grown.database.url, system_url=grown.system_url.replace("+psycopg", ""))
    with application(embedded, tmp_path) as app:
        yield SimpleNamespace(app=app, embedded=embedded)
    db.configure(before)


def seller(house: House) -> str:
    """A salesperson with customers that have orders."""
    [(login,)] = rows_of(
        house,
        "SELECT login FROM sales_order JOIN app_user ON app_user.id = owner_id WHERE login LIKE 'rep%%' "
        "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    )
    return str(login)


def test_every_kind_of_page_is_found_and_answers(grown: House, open_house: Any) -> None:
    login = seller(grown)
    person = visitor(open_house.app, login)
    found = {page.name: page.path for page in pages_of(person, open_house.embedded.system_url, login)}
    assert {"/", "/opportunities/board", "/customers", "/orders", "/customers/… (1)", "/orders/… (1)"} <= found.keys()
    assert any(name.startswith("/orders?view=") for name in found)
    assert any(name.startswith("/customers?") and "sort=" in name for name in found)
    assert person.median(found["/customers/… (1)"], 1) > 0
    with pytest.raises(PageFailed):
        person.get("/customers/1")


def test_searches_are_of_all_kinds_and_one_of_each_is_timed(grown: House, open_house: Any) -> None:
    login = seller(grown)
    texts = texts_for(open_house.embedded.system_url, 60, owner=login)
    assert {each.kind for each in texts} >= {"common", "absent", "name", "pinyin", "initials", "phone"}
    assert [each.text for each in texts][: len(COMMON) + len(ABSENT)] == [*COMMON, *ABSENT]
    assert all(each.text for each in texts)
    spent = time_search(visitor(open_house.app, login), texts[:8], BOXES["box"], 30)
    assert sum(map(len, spent.values())) == 8


def test_the_report_says_what_grew_and_which_bars_are_met() -> None:
    def size(spent: float) -> dict[str, Any]:
        found = {"p50_ms": spent, "p95_ms": spent, "worst_ms": spent}
        return {
            "search": {"admin box": found},
            "pages": {"admin": {**found, "worst": {"/orders": spent}}},
            "weight": {"home": {"kilobytes": 40.0, "visible_ms": 500.0}},
        }

    report: dict[str, Any] = {"sizes": {"10k": size(10.0), "1m": size(30.0)}}
    report["growth"] = measure._growth(list(report["sizes"].values()))
    report["bars"] = measure._bars(report)
    assert report["growth"] == {"search admin box": 3.0, "pages admin": 3.0}
    assert report["bars"] == {
        "search admin box p95": False,
        "pages admin p95": True,
        "growth search admin box": False,
        "growth pages admin": False,
        "first view home kilobytes": True,
        "first view home seen": False,
    }
    text = measure.as_text(report)
    assert "/orders" in text
    assert "NOT MET search admin box p95" in text


def test_shares_are_values_that_were_seen() -> None:
    assert measure.share([5.0, 1.0, 3.0, 2.0, 4.0], 0.5) == 3.0
    assert measure.share([float(n) for n in range(1, 101)], 0.95) == 95.0
    assert measure.share([], 0.95) == 0.0
