"""The books as data: one entry, an account line by line, periods, and what was open on a day."""

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


class OpenInvoiceRecord(NamedTuple):
    """An invoice with what was open on it on a day, and how many days late it was then."""

    id: int
    number: str
    customer_id: int
    customer_name: str
    issued_on: date
    due_on: date | None
    currency: str
    amount_total: Decimal
    amount_open: Decimal
    days_overdue: int


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
OPEN_INVOICES = Listing(
    "invoices.open_as_of",
    """
    SELECT row.id, row.number, row.customer_id, row.customer_name, row.issued_on, row.due_on, row.currency,
           row.amount_total, row.amount_open, row.days_overdue
      FROM (SELECT invoice.id, invoice.number, invoice.customer_id, customer.name AS customer_name, invoice.issued_on,
                   invoice.owner_id, invoice.due_on, invoice.currency, invoice.amount_total,
                   invoice.amount_total - coalesce((SELECT sum(amount) FROM payment_allocation
                       WHERE invoice_id = invoice.id AND effective_on <= %(as_of)s::date), 0) AS amount_open,
                   coalesce(greatest(%(as_of)s::date - invoice.due_on, 0), 0) AS days_overdue
              FROM invoice JOIN customer ON customer.id = invoice.customer_id
             WHERE invoice.issued_on <= %(as_of)s::date) AS row
    """,
    "invoice customer payment_allocation",
    OpenInvoiceRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "overdue": "(row.days_overdue > 0) = %(overdue)s::boolean",
    },
    where="row.amount_open > 0",
    scoped_by="row",
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
