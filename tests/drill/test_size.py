"""A company grown to a size is true, findable as the product makes findable, and grown once."""

from __future__ import annotations

import psycopg
import pytest

from core import database as db
from core.models_registry import import_all_models
from core.search_entries import customer_text
from tests.drill.conftest import SIZE, rows_of
from tests.scenarios.house import House
from web.drill.size.build import AlreadySized, build, is_built
from web.drill.size.customers import made_customers
from web.integrity import run_checks

# The documents made here have no rows in the audit trail, on purpose.
NOT_GROWN = "I11.audit"


def test_it_has_the_size_that_was_asked_for(grown: House) -> None:
    [(customers, orders, invoices)] = rows_of(
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
            [(missing,)] = rows_of(
                grown,
                f"SELECT count(*) FROM {table.name} AS row WHERE row.{column} IS NOT NULL AND NOT EXISTS "
                f"(SELECT FROM {other.table.name} AS referred WHERE referred.{other.name} = row.{column})",
            )
            if missing:
                lost[f"{table.name}.{column}"] = missing
    assert lost == {}


def test_customers_are_found_by_what_the_product_would_keep(grown: House) -> None:
    rows = rows_of(
        grown,
        "SELECT name, legal_name, code, city, phone, email, search_text FROM customer "
        "WHERE code LIKE 'CUS-%' AND owner_id <> (SELECT min(id) FROM app_user) ORDER BY id DESC LIMIT 200",
    )
    assert len(rows) > 100
    for name, legal_name, code, city, phone, email, text in rows:
        assert text == customer_text(name=name, legal_name=legal_name, code=code, city=city, phone=phone, email=email)


def test_triggers_guard_its_rows_again(grown: House) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        rows_of(grown, "UPDATE journal_line SET debit = debit")


def test_it_goes_on_working(grown: House) -> None:
    order = grown.confirmed(grown.customer(), (grown.product(stock=5), 1))
    numbers = rows_of(grown, "SELECT number FROM sales_order")
    assert len(numbers) == len(set(numbers))
    assert order["id"] > max(identity for (identity,) in rows_of(grown, "SELECT max(id) FROM customer")) - 10**9


def test_it_is_not_grown_to_another_size(grown: House) -> None:
    build(grown.superuser_url, size=SIZE, say=pytest.fail)
    with pytest.raises(AlreadySized):
        build(grown.superuser_url, size=SIZE * 2, say=pytest.fail)


def test_people_share_the_customers(grown: House) -> None:
    owners = dict(
        rows_of(grown, "SELECT login, count(*) FROM customer JOIN app_user ON app_user.id = owner_id GROUP BY 1")
    )
    assert len(owners) > 30
    teams = rows_of(grown, "SELECT DISTINCT unit_id FROM app_user WHERE login LIKE 'rep%%'")
    assert len(teams) == 12


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
