"""Manual entries: balanced, on accounts no document keeps, reversed once by their dated opposite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import DomainError, InvalidInput
from finance.manual import ManualLine, post_manual_entry, reverse_manual_entry
from tests.database_server import DatabaseUrls
from tests.world import World


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def lines(world: World, debit: str, credit: str, amount: str = "100", other: str | None = None) -> list[ManualLine]:
    accounts = dict(world.rows("SELECT code, id FROM account"))
    return [
        ManualLine(accounts[debit], debit=Decimal(amount)),
        ManualLine(accounts[credit], credit=Decimal(other or amount)),
    ]


def test_posts_a_balanced_entry(world: World) -> None:
    entry = world.run(
        post_manual_entry, effective_on=world.context().today, memo="房租", lines=lines(world, "5602", "1002")
    )
    assert entry["number"].startswith("GEN-")
    assert world.trial_balance() == {"5602": Decimal(100), "bank": Decimal(-100)}


def test_refuses_what_does_not_balance(world: World) -> None:
    with pytest.raises(DomainError) as refused:
        world.run(
            post_manual_entry,
            effective_on=world.context().today,
            memo="x",
            lines=lines(world, "5602", "1002", "100", "90"),
        )
    assert refused.value.code == "entry_not_balanced"
    assert refused.value.data["difference"] == 10


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "field", "code"),
    [
        ("1122", "1002", "1", "lines.0.account_id", "account_kept_by_documents"),
        ("5602", "1405", "1", "lines.1.account_id", "account_kept_by_documents"),
        ("5602", "1002", "0", "lines.0.credit", "one_side_only"),
        ("5602", "1002", "-1", "lines.0.debit", "not_positive"),
        ("5602", "1002", "0.001", "lines.0.debit", "too_many_decimals"),
    ],
)
def test_refuses_faulty_lines_beside_the_field(
    world: World, debit: str, credit: str, amount: str, field: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.run(
            post_manual_entry,
            effective_on=world.context().today,
            memo="x",
            lines=lines(world, debit, credit, amount),
        )
    assert refused.value.fields[field].code == code


def test_needs_a_memo_and_two_lines(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.run(post_manual_entry, effective_on=world.context().today, memo=" ", lines=[])
    assert {name: fault.code for name, fault in refused.value.fields.items()} == {
        "memo": "required",
        "lines": "two_lines_needed",
    }


def test_reversal_is_the_dated_opposite_once(world: World) -> None:
    today = world.context().today
    entry = world.run(post_manual_entry, effective_on=today, memo="房租", lines=lines(world, "5602", "1002"))
    with pytest.raises(InvalidInput):
        world.run(reverse_manual_entry, entry["id"], effective_on=today - timedelta(days=1))
    opposite = world.run(reverse_manual_entry, entry["id"], effective_on=today, memo="记错")
    assert world.trial_balance() == {}
    assert world.value("SELECT reverses_id FROM journal_entry WHERE id = :id", id=opposite["id"]) == entry["id"]
    with pytest.raises(DomainError) as refused:
        world.run(reverse_manual_entry, entry["id"])
    assert refused.value.code == "entry_reversed"
    with pytest.raises(DomainError) as refused:
        world.run(reverse_manual_entry, opposite["id"])
    assert refused.value.code == "entry_of_document"


def test_entry_of_a_document_is_not_reversed_by_hand(world: World) -> None:
    world.product(stock=3)
    entry_id = world.value("SELECT max(id) FROM journal_entry")
    with pytest.raises(DomainError) as refused:
        world.run(reverse_manual_entry, entry_id)
    assert refused.value.code == "entry_of_document"


def test_closed_month_takes_no_manual_entry(world: World) -> None:
    from finance.periods import close_period

    today = world.context().today
    period = world.value("SELECT id FROM fiscal_period WHERE :today BETWEEN starts_on AND ends_on", today=today)
    world.run(close_period, period)
    with pytest.raises(DomainError) as refused:
        world.run(post_manual_entry, effective_on=today, memo="x", lines=lines(world, "5602", "1002"))
    assert refused.value.code == "period_closed"
