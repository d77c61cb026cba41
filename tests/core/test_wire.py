"""Statements on the wire."""

from __future__ import annotations

import psycopg

from core import wire
from core.statements import to_native
from tests.conftest import DatabaseUrls


def test_one_statement_twice_in_a_round_trip_is_prepared_once(fresh_database: DatabaseUrls) -> None:
    text, _ = to_native("SELECT %(word)s::text")
    with psycopg.connect(fresh_database.app.replace("+psycopg", "", 1)) as connection:
        for _round in range(2):
            results = wire.exchange(connection, [(text, [b"one"]), (text, [b"two"])], begin=False)
            assert [result.get_value(0, 0) for result in results] == [b"one", b"two"]
