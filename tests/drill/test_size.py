"""A company grown to a size is true, findable as the product makes findable, and grown once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from core import database as db
from core.customers import customer_search_text
from core.models_registry import import_all_models
from tests.database_server import Server
from tests.integrity.conftest import live_a_little
from tests.scenarios.house import House
from web.cli.migrate import driver_url
from web.drill.size.build import AlreadySized, build, is_built
from web.drill.size.customers import UnlikeTheProduct, made_customers
from web.integrity import run_checks

SIZE = 300
# The documents made here have no rows in the audit trail, on purpose.
NOT_GROWN = "I11.audit"


@pytest.fixture(scope="module")
def grown(database_server: Server) -> Iterator[House]:
    """A small company grown to three hundred customers, orders and invoices, in two goes."""
    urls = database_server.clone(f"{database_server.template}_size_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url, house.superuser_url = urls.system, driver_url(urls.superuser)
    live_a_little(house)
    indexes = _indexes(house)
    _stop_half_way(house)
    build(house.superuser_url, size=SIZE, say=lambda _name: None)
    assert _indexes(house) == indexes
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


def _stop_half_way(house: House) -> None:
    """A first go that ends where the rows of entries are about to be written, as if it were killed."""

    class Killed(Exception):
        pass

    def say(name: str) -> None:
        if name.strip() == "journal_line":
            raise Killed

    with pytest.raises(Killed):
        build(house.superuser_url, size=SIZE, say=say)
    assert not is_built(house.superuser_url, SIZE)


def _rows(house: House, query: str) -> list[Any]:
    with psycopg.connect(house.superuser_url) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type,unused-ignore]


def _indexes(house: House) -> list[Any]:
    return _rows(house, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")


def test_it_has_the_size_that_was_asked_for(grown: House) -> None:
    [(customers, orders, invoices)] = _rows(
        grown,
        "SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM sales_order), (SELECT count(*) FROM invoice)",
    )
    assert customers == SIZE
    assert orders >= SIZE
    assert invoices >= SIZE
    assert is_built(grown.superuser_url, SIZE)
    assert not is_built(grown.superuser_url, SIZE + 1)


def test_what_integrity_check_derives_holds_in_it(grown: House) -> None:
    system = db.Database(grown.system_url, pool_size=1)
    try:
        with system.reading() as connection:
            failed = [check for check in run_checks(connection) if not check["ok"] and check["code"] != NOT_GROWN]
    finally:
        system.dispose()
    assert failed == []


def test_no_row_refers_to_one_that_is_not_there(grown: House) -> None:
    import_all_models()
    lost = {}
    for table in db.Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            column, other = key.parent.name, key.column
            [(missing,)] = _rows(
                grown,
                f"SELECT count(*) FROM {table.name} AS row WHERE row.{column} IS NOT NULL AND NOT EXISTS "
                f"(SELECT FROM {other.table.name} AS referred WHERE referred.{other.name} = row.{column})",
            )
            if missing:
                lost[f"{table.name}.{column}"] = missing
    assert lost == {}


def test_customers_are_found_by_what_the_product_would_keep(grown: House) -> None:
    rows = _rows(
        grown,
        "SELECT name, legal_name, code, city, phone, email, search_text FROM customer "
        "WHERE code LIKE 'CUS-%' AND owner_id <> (SELECT min(id) FROM app_user) ORDER BY id DESC LIMIT 200",
    )
    assert len(rows) > 100
    for name, legal_name, code, city, phone, email, text in rows:
        assert text == customer_search_text(
            name=name, legal_name=legal_name, code=code, city=city, phone=phone, email=email
        )


def test_triggers_guard_its_rows_again(grown: House) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        _rows(grown, "UPDATE journal_line SET debit = debit")


def test_it_goes_on_working(grown: House) -> None:
    order = grown.confirmed(grown.customer(), (grown.product(stock=5), 1))
    numbers = _rows(grown, "SELECT number FROM sales_order")
    assert len(numbers) == len(set(numbers))
    assert order["id"] > max(identity for (identity,) in _rows(grown, "SELECT max(id) FROM customer")) - 10**9


def test_it_is_not_grown_to_another_size(grown: House) -> None:
    build(grown.superuser_url, size=SIZE, say=pytest.fail)
    with pytest.raises(AlreadySized):
        build(grown.superuser_url, size=SIZE * 2, say=pytest.fail)


def test_people_share_the_customers(grown: House) -> None:
    owners = dict(
        _rows(grown, "SELECT login, count(*) FROM customer JOIN app_user ON app_user.id = owner_id GROUP BY 1")
    )
    assert len(owners) > 30
    teams = _rows(grown, "SELECT DISTINCT unit_id FROM app_user WHERE login LIKE 'rep%%'")
    assert len(teams) == 12


def test_a_text_that_is_not_the_products_stops_the_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.drill.size.customers.TELLING", "重")
    monkeypatch.setattr("web.drill.size.customers.PLACES", (("湖北", "武汉"),))
    monkeypatch.setattr("web.drill.size.customers.TRADES", ("庆科技",))
    monkeypatch.setattr("web.drill.size.customers.CHINESE_SHARE", 1.0)
    with pytest.raises(UnlikeTheProduct):
        list(made_customers(1, 2025))


def test_customers_are_the_same_each_time_and_all_different() -> None:
    first, again = list(made_customers(500, 2025)), list(made_customers(500, 2025))
    assert first == again
    for keys in (
        [(made.name_key, made.country) for made in first],
        [made.phone_key for made in first if made.phone_key],
        [made.email_key for made in first if made.email_key],
        [made.code for made in first],
    ):
        assert len(keys) == len(set(keys))
    assert 0.6 < sum(made.country == "CN" for made in first) / 500 < 0.8
    assert sum(made.phone is not None and made.phone_key is None for made in first) < 5
