"""The references that lists of finance have beside those of every module: journals, accounts, bank accounts."""

from __future__ import annotations

from sqlalchemy import select

from core.lists.references import Reference, in_language, refer
from finance.models import Account, BankAccount, Journal

JOURNAL_LABEL = in_language(Journal.name, Journal.name_zh)
ACCOUNT_LABEL = Account.code + " " + in_language(Account.name, Account.name_zh)

refer("journal", Reference(lambda: select(Journal.id, JOURNAL_LABEL), Journal.id, JOURNAL_LABEL))
refer("account", Reference(lambda: select(Account.id, ACCOUNT_LABEL), Account.id, ACCOUNT_LABEL))
refer(
    "bank_account",
    Reference(lambda: select(BankAccount.id, BankAccount.name), BankAccount.id, BankAccount.name),
)
