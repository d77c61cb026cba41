"""What is asked of a list survives an address and a saved view, whatever people type."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lists.conditions import Unreadable, days_meant
from core.lists.state import Condition, State, read_demand, write_demand

names = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
conditions = st.builds(Condition, names, names, st.lists(texts, max_size=3).map(tuple))
demands = st.lists(conditions, min_size=1, max_size=3).map(tuple)


@given(demands)
def test_a_demand_is_read_as_it_was_written(demand: tuple[Condition, ...]) -> None:
    assert read_demand(write_demand(demand)) == demand


@given(st.text(max_size=60).map(str.strip), st.lists(demands, max_size=3), names, st.lists(names, max_size=3))
def test_a_state_is_read_as_it_was_kept(
    words: str, asked: list[tuple[Condition, ...]], sort: str, columns: list[str]
) -> None:
    state = State(words, tuple(asked), sort, tuple(columns))
    kept = State.of_text(state.text())
    assert kept == state


@given(st.text(max_size=200))
def test_any_text_is_some_demand(text: str) -> None:
    for condition in read_demand(text):
        assert isinstance(condition.column, str)


TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("operator", "values", "meant"),
    [
        ("on", ["2026-02-28"], ("2026-02-28", "2026-02-28")),
        ("since", ["today-7"], ("2026-11-15", None)),
        ("until", ["today"], (None, "2026-11-22")),
        ("between", ["2026-01-01", "2026-01-31"], ("2026-01-01", "2026-01-31")),
        ("last", ["30"], ("2026-10-23", "2026-11-22")),
        ("next", ["1"], ("2026-11-22", "2026-11-23")),
        ("period", ["this_week"], ("2026-11-16", "2026-11-22")),
        ("period", ["last_week"], ("2026-11-09", "2026-11-15")),
        ("period", ["this_month"], ("2026-11-01", "2026-11-30")),
        ("period", ["last_month"], ("2026-10-01", "2026-10-31")),
        ("period", ["this_quarter"], ("2026-10-01", "2026-12-31")),
        ("period", ["last_quarter"], ("2026-07-01", "2026-09-30")),
        ("period", ["this_year"], ("2026-01-01", "2026-12-31")),
        ("period", ["last_year"], ("2025-01-01", "2025-12-31")),
        ("period", ["yesterday"], ("2026-11-21", "2026-11-21")),
    ],
)
def test_days_that_are_meant(operator: str, values: list[str], meant: tuple[str | None, str | None]) -> None:
    first, last = days_meant(operator, values, TODAY)
    assert (first and first.isoformat(), last and last.isoformat()) == meant


@pytest.mark.parametrize(
    ("operator", "value"),
    [("on", "30.2.2026"), ("on", ""), ("last", "0"), ("last", "-3"), ("last", "99999999"), ("period", "soon"),
     ("on", "2026-02-30")],
)  # fmt: skip
def test_what_is_no_day_is_unreadable(operator: str, value: str) -> None:
    with pytest.raises(Unreadable):
        days_meant(operator, [value], TODAY)
