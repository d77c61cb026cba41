"""Bank accounts and cash boxes: each on a ledger account of its own, archived only when nothing is on it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import DomainError, InvalidInput
from finance.banks import change_bank_account, create_bank_account
from finance.manual import ManualLine, post_manual_entry
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House, refused


def account_of(house: House, bank: int) -> tuple[str, str]:
    return house.rows(
        "SELECT account.code, account.name FROM bank_account JOIN account ON account.id = account_id "
        "WHERE bank_account.id = :id",
        id=bank,
    )[0]


def codes_of(error: InvalidInput) -> dict[str, str]:
    return {name: fault.code for name, fault in error.fields.items()}


def test_a_new_account_gets_a_ledger_account_and_takes_money(house: House) -> None:
    bank = house.run(create_bank_account, {"name": "工行美元户", "number": "6222 0001"})
    cash = house.run(create_bank_account, {"name": "门店备用金", "kind": "cash"})
    assert account_of(house, bank["id"]) == ("1002.01", "工行美元户")
    assert account_of(house, cash["id"])[0] == "1001.01"
    house.pay(house.customer(), 100, bank_account_id=bank["id"])
    assert house.trial_balance()["1002.01"] == 100
    assert house.value("SELECT count(*) FROM audit_row WHERE record_type = 'bank_account' AND record_id = :id",
                       id=bank["id"]) == 1  # fmt: skip


def test_renaming_takes_the_ledger_account_along(house: House) -> None:
    bank = house.run(create_bank_account, {"name": "工行"})
    house.run(change_bank_account, bank["id"], {"name": "工商银行"})
    assert account_of(house, bank["id"]) == ("1002.01", "工商银行")
    usual = house.value("SELECT id FROM bank_account WHERE is_default")
    house.run(change_bank_account, usual, {"name": "基本存款户"})
    assert account_of(house, usual) == ("1002", "Bank deposits")


def test_there_is_always_one_usual_account(house: House) -> None:
    usual = house.value("SELECT id FROM bank_account WHERE is_default")
    bank = house.run(create_bank_account, {"name": "招行", "is_default": True})
    assert bank["is_default"]
    assert house.rows("SELECT id FROM bank_account WHERE is_default") == [(bank["id"],)]
    house.run(change_bank_account, bank["id"], {"is_default": False})
    assert house.rows("SELECT id FROM bank_account WHERE is_default") == [(bank["id"],)]
    house.run(change_bank_account, usual, {"is_default": True})
    assert house.rows("SELECT id FROM bank_account WHERE is_default") == [(usual,)]


def test_what_holds_money_or_is_usual_is_not_archived(house: House) -> None:
    bank = house.run(create_bank_account, {"name": "招行"})
    house.pay(house.customer(), 100, bank_account_id=bank["id"])
    with refused("bank_account_not_empty", balance=Decimal(100)):
        house.run(change_bank_account, bank["id"], {"is_active": False})
    with refused("bank_account_is_default"):
        house.run(
            change_bank_account, house.value("SELECT id FROM bank_account WHERE is_default"), {"is_active": False}
        )
    accounts = dict(house.rows("SELECT code, id FROM account"))
    moved = [
        ManualLine(accounts["1002"], debit=Decimal(100)),
        ManualLine(accounts["1002.01"], credit=Decimal(100)),
    ]
    house.run(post_manual_entry, effective_on=house.context().today, memo="转户", lines=moved)
    assert not house.run(change_bank_account, bank["id"], {"is_active": False})["is_active"]
    with refused("not_found"):
        house.pay(house.customer(), 1, bank_account_id=bank["id"])
    assert house.run(change_bank_account, bank["id"], {"is_active": True})["is_active"]


def test_refusals_stand_beside_the_field(house: House) -> None:
    accounts = dict(house.rows("SELECT code, id FROM account"))
    house.run(create_bank_account, {"name": "招行", "account_id": accounts["1012"]})
    for values, field, code in (
        ({"name": " "}, "name", "required"),
        ({"name": "x" * 121}, "name", "too_long"),
        ({"name": "招行"}, "name", "duplicate_name"),
        ({"name": "x", "kind": "gold"}, "kind", "unknown_choice"),
        ({"name": "x", "account_id": accounts["1012"]}, "account_id", "account_taken"),
        ({"name": "x", "account_id": accounts["1122"]}, "account_id", "not_a_money_account"),
        ({"name": "x", "account_id": accounts["5602"]}, "account_id", "not_a_money_account"),
        ({"name": "x", "account_id": 1}, "account_id", "not_a_money_account"),
    ):
        with pytest.raises(InvalidInput) as found:
            house.run(create_bank_account, values)
        assert codes_of(found.value) == {field: code}
    with pytest.raises(DomainError, match="not_found"):
        house.run(change_bank_account, 1, {"name": "x"})


def test_many_open_accounts_at_once(house: House) -> None:
    calls = [lambda turn=turn: house.run(create_bank_account, {"name": f"户 {turn % 6}"}) for turn in range(12)]
    assert codes(at_once(calls)) == {"done": 6, "invalid_input": 6}
    found = [row[0] for row in house.rows("SELECT code FROM account WHERE code LIKE '1002.%' ORDER BY code")]
    assert found == [f"1002.{number:02d}" for number in range(1, 7)]
