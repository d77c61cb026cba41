"""Edited records, delivered events, and commits that are on disk before anyone hears of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest

import inventory.alerts  # noqa: F401 (its consumer belongs to the event)
from core.categories import save_category
from core.company import change_company
from core.context import Context
from core.database_roles import DurabilityError, assert_durability
from core.errors import DomainError
from core.outbox import apply_event
from core.terms import change_terms
from crm.activities import record_activity
from crm.owners import change_customer
from finance.accounts import change_account
from finance.banks import change_bank_account
from inventory.catalog import set_reorder_point
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House

EDITS = 1000
SETTING_EDITS = 24
CHANGED_NAMES = """
    SELECT changes -> 'name' ->> 0, changes -> 'name' ->> 1 FROM audit_row
     WHERE record_type = :table AND record_id = :id AND action = :action AND id > :last
"""


def test_a_thousand_edits_of_one_customer(house: House) -> None:
    """Whoever saves over somebody else's change is told, with what stands there; nothing is lost silently."""
    customer = house.customer(note="0")

    def edit() -> None:
        version, note = _read(house, customer)
        house.run(change_customer, customer, {"note": str(note + 1)}, version=version)

    answers = at_once([edit] * EDITS, threads=8)
    found = codes(answers)
    assert set(found) <= {"done", "edit_conflict"}
    for refusal in (answer for answer in answers if isinstance(answer, DomainError)):
        assert refusal.data["current"]["version"] == refusal.data["version"]
    assert _read(house, customer) == (1 + found["done"], found["done"])
    audited = """
        SELECT count(*) FROM audit_row
         WHERE record_type = 'customer' AND record_id = :id AND action = 'customer.changed'
    """
    assert house.value(audited, id=customer) == found["done"]


Saves = Callable[[House, int, dict[str, Any], int], Any]
SETTINGS: dict[str, Saves] = {
    "company": lambda house, _, values, at: house.run(change_company, values, version=at),
    "payment_terms": lambda house, row, values, at: house.run(change_terms, row, values, version=at),
    "product_category": lambda house, row, values, at: house.run(save_category, values, category_id=row, version=at),
    "account": lambda house, row, values, at: house.run(change_account, row, values, version=at),
    "bank_account": lambda house, row, values, at: house.run(change_bank_account, row, values, version=at),
}


def test_settings_saved_by_many_at_once(house: House) -> None:
    """The same for what a company is set up by: each change that was saved is from what its author was shown."""
    house.run(save_category, {"name": "Tea"})
    for table, save in SETTINGS.items():
        row = house.value(f"SELECT min(id) FROM {table}")
        read = f"SELECT version, name FROM {table} WHERE id = {row}"
        before = house.rows(read)[0][0]
        last = house.value("SELECT max(id) FROM audit_row")  # other tests of this house have set it up, too

        def edit(turn: int, read: str = read, row: int = row, save: Saves = save) -> tuple[str, str]:
            version, shown = house.rows(read)[0]
            save(house, row, {"name": f"edit {turn}"}, version)
            return shown, f"edit {turn}"

        answers = at_once([partial(edit, turn) for turn in range(SETTING_EDITS)], threads=8)
        found = codes(answers)
        assert set(found) <= {"done", "edit_conflict"}, table
        assert house.rows(read)[0][0] == before + found["done"], table
        told = house.rows(CHANGED_NAMES, table=table, id=row, action=f"{table}.changed", last=last)
        assert sorted(told) == sorted(answer for answer in answers if isinstance(answer, tuple)), table


def _read(house: House, customer: int) -> tuple[int, int]:
    version, note = house.rows("SELECT version, note FROM customer WHERE id = :id", id=customer)[0]
    return version, int(note)


def test_fifty_people_enter_one_customer(house: House) -> None:
    """Width, case, country code and legal form make no second customer; each of the others is told who has it."""
    variants = [
        {"name": "华信电子有限公司", "phone": "+86 138 0013 8000"},
        {"name": "华信电子", "phone": "13800138000"},
        {"name": "华信电子公司", "phone": "１３８００１３８０００"},
        {"name": "华信电子（有限公司）"},
        {"name": "华信电子股份有限公司", "phone": "138-0013-8000"},
    ]
    answers = at_once([lambda turn=turn: house.customer(**variants[turn % 5]) for turn in range(50)], threads=16)
    found = codes(answers)
    first = next(answer for answer in answers if not isinstance(answer, Exception))
    assert house.value("SELECT count(*) FROM customer WHERE name LIKE '华信%'") == found["done"]
    assert found == {"done": 1, "duplicate_customer": 49}
    for refusal in (answer for answer in answers if isinstance(answer, Exception)):
        assert (refusal.data["customer_id"], refusal.data["owner"]) == (first, "Admin")


def test_an_event_delivered_twice_has_one_effect(house: House) -> None:
    product = house.product(stock=5)
    warehouse = house.value("SELECT id FROM warehouse")
    house.run(set_reorder_point, product, warehouse, Decimal(10))
    event = house.value("SELECT max(id) FROM outbox_event WHERE kind = 'stock_changed'")
    answers = at_once([lambda: house.run(apply_event, event, context=Context())] * 12)
    assert codes(answers) == {"done": 12}
    assert sum(bool(answer["applied"]) for answer in answers) == 1
    assert house.value("SELECT count(*) FROM stock_alert WHERE product_id = :id", id=product) == 1
    assert house.run(apply_event, event, context=Context()) == {"applied": [], "next": []}


def test_commits_are_flushed_before_they_are_acknowledged(house: House) -> None:
    """Settings that would allow less are refused, and what a command has answered is on disk: the flushed position of
    the log is past the insert position the commit was written at."""
    with psycopg.connect(house.database.url.replace("+psycopg", "", 1)) as connection:
        assert_durability(connection)
        assert connection.execute("SHOW wal_sync_method").fetchone() != ("nosync",)
    for _ in range(5):
        before = house.value("SELECT pg_current_wal_flush_lsn()")
        payment = house.pay(house.customer(), 5)
        written = house.value("SELECT pg_current_wal_flush_lsn()")
        assert house.value("SELECT pg_wal_lsn_diff(:now, :before) > 0", now=str(written), before=str(before))
        commit_is_flushed = """
            SELECT bool_and(pg_xact_status(payment.xmin::text::xid8) = 'committed') FROM payment WHERE id = :id
        """
        assert house.value(commit_is_flushed, id=payment["id"])


@pytest.mark.parametrize("setting", ["off"])
def test_a_session_with_asynchronous_commit_is_refused(house: House, setting: str) -> None:
    with psycopg.connect(house.database.url.replace("+psycopg", "", 1)) as connection:
        connection.execute(f"SET synchronous_commit = {setting}")
        with pytest.raises(DurabilityError):
            assert_durability(connection)


def test_a_customer_changes_hands_while_documents_are_written(house: House) -> None:
    """Whoever comes first: no document keeps an owner that its customer no longer has, as the checks afterwards say."""
    people = [house.user(f"hands{number}", "sales").user_id for number in range(2)]
    customer, product = house.customer(owner_id=people[0]), house.product(stock=200)
    shipped = [house.confirmed(customer, (product, 1)) for _ in range(8)]
    calls = []
    for turn, order in enumerate(shipped):
        calls += [
            lambda: house.confirmed(customer, (product, 1)),
            lambda order=order: house.ship(order),
            lambda turn=turn: house.run(change_customer, customer, {"owner_id": people[(turn + 1) % 2]}),
            lambda: house.pay(customer, "113.00"),
            lambda: house.run(record_activity, customer, {"kind": "note", "subject": "said"}),
        ]
    assert codes(at_once(calls, threads=8)) == {"done": len(calls)}
    assert house.value("SELECT count(*) FROM shipment WHERE customer_id = :id", id=customer) == len(shipped)
