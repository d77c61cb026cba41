"""The books as data: one entry, an account line by line, periods."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.errors import NotFound
from core.queries.paging import Key, Listing
from core.queries.reading import read, read_one
from core.statements import statement
from finance.queries.ledger_record import ENTRY_SELECT, ENTRY_TABLES, AccountRecord, EntryRecord


class AccountLineRecord(NamedTuple):
    """A line on an account; `balance` is debit less credit of the account up to and with it."""

    id: int
    entry_id: int
    number: str
    event: str
    effective_on: date
    origin: str | None
    memo: str | None
    customer_id: int | None
    debit: Decimal
    credit: Decimal
    balance: Decimal


ENTRY = statement(
    "journal_entries.record",
    ENTRY_SELECT + " WHERE row.id = %(entry_id)s::bigint",
    tables=ENTRY_TABLES,
    scope="by_root",
    fact=EntryRecord,
)
OPPOSITE = statement(
    "journal_entries.opposite",
    "SELECT id FROM journal_entry WHERE reverses_id = %(entry_id)s::bigint",
    tables="journal_entry",
    scope="by_root",
)
ACCOUNT = statement(
    "accounts.record",
    "SELECT id, code, name, name_zh, kind, role, is_active, version FROM account WHERE id = %(account_id)s::bigint",
    tables="account",
    scope="system",
    fact=AccountRecord,
)
# The balance runs over all lines of the account (or of one customer on it) before any filter by date or page.
ACCOUNT_LINES = Listing(
    "account_lines.list",
    """
    SELECT row.id, row.entry_id, row.number, row.event, row.effective_on, row.origin, row.memo, row.customer_id,
           row.debit, row.credit, row.balance
      FROM (SELECT line.id, line.entry_id, entry.number, entry.event, line.effective_on, entry.origin, entry.memo,
                   line.customer_id, line.debit, line.credit,
                   sum(line.debit - line.credit) OVER (ORDER BY line.effective_on, line.id ROWS UNBOUNDED PRECEDING)
                       AS balance
              FROM journal_line AS line JOIN journal_entry AS entry ON entry.id = line.entry_id
             WHERE line.account_id = %(account_id)s::bigint
               AND (%(customer_id)s::bigint IS NULL OR line.customer_id = %(customer_id)s::bigint)) AS row
    """,
    "journal_line journal_entry",
    AccountLineRecord,
    filters={"from": "row.effective_on >= %(from)s::date", "to": "row.effective_on <= %(to)s::date"},
    keys=(Key("effective_on", "row.effective_on", "date"), Key("id", "row.id", "bigint")),
)


def get_entry(entry_id: int) -> tuple[EntryRecord, int | None]:
    """One entry with its lines, and the id of the entry that reversed it. Raises NotFound."""
    found, opposites = read(ENTRY(entry_id=entry_id), OPPOSITE(entry_id=entry_id))
    if not found:
        raise NotFound("journal_entry", entry_id)
    return found[0], opposites[0][0] if opposites else None


def get_account(account_id: int) -> AccountRecord:
    """One account of the chart. Raises NotFound."""
    found: AccountRecord | None = read_one(ACCOUNT(account_id=account_id))
    if found is None:
        raise NotFound("account", account_id)
    return found
