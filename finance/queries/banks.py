"""Bank accounts as data, and the ledger accounts that may stand behind a new one."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, or_, select

from core.errors import NotFound
from core.masks import BankDetail
from core.queries.products import Choice
from core.queries.reading import read
from core.statements import statement
from finance.models import Account, AccountKind, BankAccount


class BankRecord(NamedTuple):
    """A bank account or cash box; `account` is the code of its ledger account."""

    id: int
    name: str
    kind: str
    number: BankDetail | None
    account_id: int
    account: str
    is_default: bool
    is_active: bool
    version: int


BANK_ACCOUNTS = statement(
    "banks.list",
    """
    SELECT bank.id, bank.name, bank.kind, bank.number, bank.account_id, account.code, bank.is_default, bank.is_active,
           bank.version
      FROM bank_account AS bank JOIN account ON account.id = bank.account_id
     ORDER BY bank.is_default DESC, bank.name, bank.id
    """,
    tables="bank_account account",
    scope="system",
    fact=BankRecord,
)


def list_bank_accounts() -> list[BankRecord]:
    """All of them, archived ones too, the usual one first."""
    [rows] = read(BANK_ACCOUNTS())
    return rows


def get_bank_account(bank_account_id: int) -> BankRecord:
    """One bank account. Raises NotFound."""
    found = next((row for row in list_bank_accounts() if row.id == bank_account_id), None)
    if found is None:
        raise NotFound("bank_account", bank_account_id)
    return found


def free_money_accounts(connection: Connection, *, chinese: bool) -> list[Choice]:
    """Active assets of the chart that neither a posting rule nor a bank account has for itself."""
    name = Account.name_zh if chinese else Account.name
    taken = exists(select(BankAccount.id).where(BankAccount.account_id == Account.id))
    rows: Any = connection.execute(
        select(Account.id, Account.code + " " + name)
        .where(
            Account.kind == AccountKind.ASSET,
            Account.is_active,
            or_(Account.role.is_(None), Account.role.in_(("bank", "cash"))),
            ~taken,
        )
        .order_by(Account.code)
    )
    return [Choice(*row) for row in rows]
