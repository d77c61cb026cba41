"""Array literals as the plan writes them come back from PostgreSQL as they went in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.encoding import dump_json, load_json
from core.statements import array_text
from tests.database_server import DatabaseUrls

# PostgreSQL's text takes every character but NUL; surrogates are no characters.
texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=40)
nasty = st.sampled_from(
    ["", "NULL", "null", "{}", '"', "\\", '\\"', ",", "{a,b}", "a b", " ", "\n", "'", "%(x)s", "全角，"]
)


@pytest.fixture(scope="module")
def connection(database_urls: DatabaseUrls) -> Iterator[Any]:
    with psycopg.connect(database_urls.app.replace("+psycopg", "", 1), autocommit=True) as connection:
        yield connection


def back(connection: Any, values: list[Any], kind: str) -> list[Any]:
    return connection.execute(f"SELECT %s::{kind}[]", (array_text(values),)).fetchone()[0]


@given(values=st.lists(texts | nasty | st.none(), max_size=20))
def test_texts(connection: Any, values: list[str | None]) -> None:
    assert back(connection, values, "text") == values


@given(values=st.lists(st.decimals(-(10**15), 10**15, places=4) | st.none(), max_size=20))
def test_numbers(connection: Any, values: list[Decimal | None]) -> None:
    assert back(connection, values, "numeric") == values


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), max_size=20))
def test_ids(connection: Any, values: list[int | None]) -> None:
    assert back(connection, values, "bigint") == values


@given(values=st.lists(st.booleans() | st.none(), max_size=20))
def test_booleans(connection: Any, values: list[bool | None]) -> None:
    assert back(connection, values, "boolean") == values


@given(values=st.lists(st.dates(date(1900, 1, 1), date(2999, 12, 31)) | st.none(), max_size=20))
def test_dates(connection: Any, values: list[date | None]) -> None:
    assert back(connection, values, "date") == values


@given(values=st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)), max_size=20))
def test_moments(connection: Any, values: list[datetime]) -> None:
    assert back(connection, values, "timestamptz") == values


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts | nasty,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values=st.lists(documents, max_size=6))
def test_json(connection: Any, values: list[Any]) -> None:
    written = [dump_json(value) for value in values]
    stored = connection.execute("SELECT array_agg(d::jsonb::text) FROM unnest(%s::text[]) AS d", (array_text(written),))
    assert [load_json(text) for text in stored.fetchone()[0] or []] == values
