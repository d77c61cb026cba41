"""The ledger as data: entries with their lines, accounts, trial balance, aging."""

from __future__ import annotations

from collections.abc import Sequence
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


class AgingRecord(NamedTuple):
    """What a customer owes as of a day by days overdue, his unapplied credit, and the difference."""

    customer_id: int
    customer_name: str
    not_due: Decimal
    days_1_30: Decimal
    days_31_60: Decimal
    days_61_90: Decimal
    days_over_90: Decimal
    open: Decimal
    unapplied: Decimal
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
# As of any day: what was issued by then less what was put on it by then; the same for what came in and is not used.
AGING = statement(
    "receivables.aging",
    """
    WITH owed AS (
      SELECT invoice.customer_id, invoice.due_on,
             invoice.amount_total - coalesce((SELECT sum(amount) FROM payment_allocation
                 WHERE invoice_id = invoice.id AND effective_on <= %(as_of)s::date), 0) AS amount
        FROM invoice WHERE invoice.issued_on <= %(as_of)s::date AND visible(invoice)
         AND (%(customer_id)s::bigint IS NULL OR invoice.customer_id = %(customer_id)s::bigint)
    ), late AS (
      SELECT customer_id, amount, greatest(%(as_of)s::date - due_on, 0) AS days FROM owed WHERE amount <> 0
    ), unused AS (
      SELECT payment.customer_id, payment.amount - coalesce((SELECT sum(amount) FROM payment_allocation
                 WHERE payment_id = payment.id AND effective_on <= %(as_of)s::date), 0) AS amount
        FROM payment WHERE payment.kind = 'receipt' AND payment.received_on <= %(as_of)s::date AND visible(payment)
         AND (%(customer_id)s::bigint IS NULL OR payment.customer_id = %(customer_id)s::bigint)
      UNION ALL
      SELECT note.customer_id, note.amount_total - coalesce((SELECT sum(amount) FROM payment_allocation
                 WHERE credit_note_id = note.id AND effective_on <= %(as_of)s::date), 0)
        FROM credit_note AS note WHERE note.issued_on <= %(as_of)s::date AND visible(note)
         AND (%(customer_id)s::bigint IS NULL OR note.customer_id = %(customer_id)s::bigint)
    ), figures AS (
      SELECT customer_id, amount, coalesce(days, 0) AS days, 0.00 AS unapplied FROM late
      UNION ALL SELECT customer_id, 0.00, -1, amount FROM unused WHERE amount <> 0
    )
    SELECT customer.id, customer.name,
           coalesce(sum(amount) FILTER (WHERE days = 0), 0.00),
           coalesce(sum(amount) FILTER (WHERE days BETWEEN 1 AND 30), 0.00),
           coalesce(sum(amount) FILTER (WHERE days BETWEEN 31 AND 60), 0.00),
           coalesce(sum(amount) FILTER (WHERE days BETWEEN 61 AND 90), 0.00),
           coalesce(sum(amount) FILTER (WHERE days > 90), 0.00),
           sum(amount), sum(unapplied), sum(amount) - sum(unapplied)
      FROM figures JOIN customer ON customer.id = figures.customer_id
     GROUP BY customer.id ORDER BY customer.name, customer.id
    """,
    tables="invoice payment_allocation payment credit_note customer",
    scope="scoped",
    fact=AgingRecord,
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


def aging(as_of: date, customer_id: int | None = None) -> Sequence[AgingRecord]:
    """Receivables by age as of a day, of everybody or of one customer."""
    return read(AGING(as_of=as_of, customer_id=customer_id))[0]
