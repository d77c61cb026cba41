"""The ledger as data: entries with their lines, accounts, trial balance."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from core.queries.paging import Key, Listing, Page
from core.queries.reading import read
from core.statements import statement


class EntryRecord(NamedTuple):
    """A posted entry; `lines` is JSON data with amounts as decimal strings."""

    id: int
    number: str
    journal: str
    event: str
    effective_on: date
    recorded_at: datetime
    origin: str | None
    document: str | None
    memo: str | None
    reverses_id: int | None
    lines: list[dict[str, Any]]


class AccountRecord(NamedTuple):
    id: int
    code: str
    name: str
    name_zh: str
    kind: str
    role: str | None
    is_active: bool
    version: int


class BalanceRecord(NamedTuple):
    """Turnover and balance of one account up to a day: balance = debit − credit."""

    account: str
    account_name: str
    account_name_zh: str
    account_role: str | None
    kind: str
    debit: Decimal
    credit: Decimal
    balance: Decimal


ENTRY_SELECT = """
    SELECT row.id, row.number, journal.code, row.event, row.effective_on, row.recorded_at, row.origin, row.document,
           row.memo, row.reverses_id,
           (SELECT jsonb_agg(jsonb_build_object(
                       'account', account.code, 'account_role', account.role, 'account_name', account.name,
                       'debit', line.debit::text, 'credit', line.credit::text, 'currency', line.currency,
                       'customer_id', line.customer_id) ORDER BY line.position)
              FROM journal_line AS line JOIN account ON account.id = line.account_id WHERE line.entry_id = row.id)
      FROM journal_entry AS row JOIN journal ON journal.id = row.journal_id
"""
ENTRY_TABLES = "journal_entry journal journal_line account"
FILTERS = {
    "account": """row.id IN (SELECT entry_id FROM journal_line JOIN account ON account.id = account_id
                              WHERE account.code = %(account)s)""",
    "from": "row.effective_on >= %(from)s::date",
    "to": "row.effective_on <= %(to)s::date",
}
# Entries of one origin in the order in which they were recorded; the whole journal backwards by date.
ENTRIES_OF_ORIGIN = Listing(
    "journal_entries.of_origin",
    ENTRY_SELECT,
    ENTRY_TABLES,
    EntryRecord,
    filters=FILTERS
    | {
        "origin": """row.id IN (SELECT id FROM journal_entry WHERE origin = %(origin)s
                                UNION SELECT id FROM journal_entry WHERE document = %(origin)s
                                UNION SELECT id FROM journal_entry WHERE number = %(origin)s)"""
    },
    keys=(Key("recorded_at", "row.recorded_at", "timestamptz"), Key("id", "row.id", "bigint")),
    descending=False,
)
ENTRIES = Listing(
    "journal_entries.list",
    ENTRY_SELECT,
    ENTRY_TABLES,
    EntryRecord,
    filters=FILTERS,
    keys=(Key("effective_on", "row.effective_on", "date"), Key("id", "row.id", "bigint")),
)
ACCOUNTS = statement(
    "accounts.list",
    "SELECT id, code, name, name_zh, kind, role, is_active, version FROM account ORDER BY code",
    tables="account",
    scope="system",
    fact=AccountRecord,
)
TRIAL_BALANCE = statement(
    "accounts.trial_balance",
    """
    SELECT account.code, account.name, account.name_zh, account.role, account.kind, sum(line.debit), sum(line.credit),
           sum(line.debit - line.credit)
      FROM journal_line AS line JOIN account ON account.id = line.account_id
     WHERE line.effective_on <= %(as_of)s::date
     GROUP BY account.id ORDER BY account.code
    """,
    tables="journal_line account",
    scope="system",
    fact=BalanceRecord,
)


def list_entries(filters: dict[str, Any], cursor: str | None, limit: int | None) -> Page[EntryRecord]:
    """Entries of an origin (its number, document or own number) as recorded; all entries, the latest first."""
    listing = ENTRIES_OF_ORIGIN if filters.get("origin") is not None else ENTRIES
    return listing.page(filters, cursor, limit)


def list_accounts() -> list[AccountRecord]:
    """The chart of accounts by code."""
    return read(ACCOUNTS())[0]


def trial_balance(as_of: date) -> list[BalanceRecord]:
    """Accounts with turnover up to a day; the balances sum to zero."""
    return read(TRIAL_BALANCE(as_of=as_of))[0]
