"""The ledger: entries, accounts with balances and running lines, trial balance, statements, periods."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

from core.masks import COSTS, MARGINS, shown
from core.organization import User
from core.parties import Customer
from core.queries.paging import AnySelect, Page, Sorting, Window, fetch_page
from core.queries.products import Choice
from core.queries.reading import get_record, select_record
from core.scope import visible_rows
from finance.models import Account, AccountKind, FiscalPeriod, Journal, JournalEntry, JournalLine

ZERO = Decimal("0.00")
COST_ROLES = frozenset(
    ("inventory", "cost_of_goods", "received_not_billed", "opening_equity", "stock_gain", "stock_loss")
)
"""Accounts whose balance is what goods cost or stock is worth."""


class EntryRecord(NamedTuple):
    """An entry with what it reverses and what reversed it."""

    id: int
    number: str
    journal: str
    event: str
    effective_on: date
    recorded_at: datetime
    origin: str | None
    document: str | None
    memo: str | None
    who: str | None
    reverses_id: int | None
    reverses: str | None
    reversed_by_id: int | None
    reversed_by: str | None


class LineRow(NamedTuple):
    """A line of an entry."""

    position: int
    account_id: int
    code: str
    account: str
    debit: Decimal
    credit: Decimal
    customer_id: int | None
    customer: str | None


class AccountRow(NamedTuple):
    """An account with what was posted on it up to a day. `balance` is debit less credit."""

    id: int
    code: str
    name: str
    kind: str
    debit: Decimal
    credit: Decimal
    is_active: bool = True
    role: str | None = None

    @property
    def balance(self) -> Decimal:
        return self.debit - self.credit


class RunningRow(NamedTuple):
    """A line on an account with the balance after it, in order of date and id."""

    id: int
    entry_id: int
    number: str
    event: str
    effective_on: date
    origin: str | None
    memo: str | None
    customer_id: int | None
    customer: str | None
    debit: Decimal
    credit: Decimal
    running: Decimal


class PeriodRow(NamedTuple):
    """A month of the books."""

    id: int
    starts_on: date
    ends_on: date
    fiscal_year: int
    state: str
    closed_at: datetime | None
    closed_by: str | None
    entries: int


def journals(connection: Connection, *, chinese: bool) -> list[Choice]:
    """All journals."""
    name = Journal.name_zh if chinese else Journal.name
    return [Choice(*row) for row in connection.execute(select(Journal.id, name).order_by(Journal.id))]


def account_choices(connection: Connection, *, chinese: bool, only_active: bool = False) -> list[Choice]:
    """All accounts as "code name"."""
    name = Account.name_zh if chinese else Account.name
    query: AnySelect = select(Account.id, Account.code + " " + name).order_by(Account.code)
    if only_active:
        query = query.where(Account.is_active)
    return [Choice(*row) for row in connection.execute(query)]


def get_entry(connection: Connection, entry_id: int, *, chinese: bool) -> tuple[EntryRecord, list[LineRow]]:
    """One entry with its lines. Raises NotFound."""
    name = Journal.name_zh if chinese else Journal.name
    reversed_entry = JournalEntry.__table__.alias("reversed_entry")
    opposite = JournalEntry.__table__.alias("opposite")
    query = (
        select_record(
            EntryRecord,
            JournalEntry,
            journal=name,
            who=User.name,
            reverses=reversed_entry.c.number,
            reversed_by_id=opposite.c.id,
            reversed_by=opposite.c.number,
        )
        .join(Journal, Journal.id == JournalEntry.journal_id)
        .outerjoin(User, User.id == JournalEntry.actor_id)
        .outerjoin(reversed_entry, reversed_entry.c.id == JournalEntry.reverses_id)
        .outerjoin(opposite, opposite.c.reverses_id == JournalEntry.id)
        .where(JournalEntry.id == entry_id)
    )
    record = get_record(connection, query, EntryRecord, "journal_entry", entry_id)
    account = Account.name_zh if chinese else Account.name
    lines: Any = connection.execute(
        select(
            JournalLine.position,
            Account.id,
            Account.code,
            account,
            JournalLine.debit,
            JournalLine.credit,
            JournalLine.customer_id,
            Customer.name,
        )
        .join(Account, Account.id == JournalLine.account_id)
        .outerjoin(Customer, and_(Customer.id == JournalLine.customer_id, visible_rows(Customer)))
        .where(JournalLine.entry_id == entry_id)
        .order_by(JournalLine.position)
    )
    return record, [LineRow(*line) for line in lines]


def balances(
    connection: Connection, *, chinese: bool, until: date | None = None, since: date | None = None
) -> list[AccountRow]:
    """All accounts with their debits and credits of a span of days, in the order of the chart. One statement."""
    name = Account.name_zh if chinese else Account.name
    conditions = [JournalLine.account_id == Account.id]
    if until is not None:
        conditions.append(JournalLine.effective_on <= until)
    if since is not None:
        conditions.append(JournalLine.effective_on >= since)
    rows: Any = connection.execute(
        select(
            Account.id,
            Account.code,
            name,
            Account.kind,
            func.coalesce(func.sum(JournalLine.debit), ZERO),
            func.coalesce(func.sum(JournalLine.credit), ZERO),
            Account.is_active,
            Account.role,
        )
        .outerjoin(JournalLine, and_(*conditions))
        .group_by(Account.id)
        .order_by(Account.code)
    )
    return [AccountRow(*row) for row in rows]


def get_account(connection: Connection, account_id: int, *, chinese: bool) -> AccountRow:
    """One account with all its postings. Raises NotFound."""
    name = Account.name_zh if chinese else Account.name
    debit = select(func.coalesce(func.sum(JournalLine.debit), ZERO)).where(JournalLine.account_id == account_id)
    credit = select(func.coalesce(func.sum(JournalLine.credit), ZERO)).where(JournalLine.account_id == account_id)
    query: AnySelect = select(
        Account.id,
        Account.code,
        name,
        Account.kind,
        debit.scalar_subquery(),
        credit.scalar_subquery(),
        Account.is_active,
    ).where(Account.id == account_id)
    return get_record(connection, query, AccountRow, "account", account_id)


def running_lines(
    connection: Connection, account_id: int, window: Window, *, customer_id: int | None = None
) -> Page[RunningRow]:
    """Lines on an account, the latest first, each with the balance after it."""
    conditions = [JournalLine.account_id == account_id]
    if customer_id:
        conditions.append(JournalLine.customer_id == customer_id)
    order = (JournalLine.effective_on, JournalLine.id)
    running = func.sum(JournalLine.debit - JournalLine.credit).over(order_by=order, rows=(None, 0)).label("running")
    lines = (
        select(
            JournalLine.id,
            JournalLine.entry_id,
            JournalLine.effective_on,
            JournalLine.customer_id,
            JournalLine.debit,
            JournalLine.credit,
            running,
        )
        .where(*conditions)
        .subquery("line")
    )
    query: AnySelect = (
        select(
            lines.c.id,
            lines.c.entry_id,
            JournalEntry.number,
            JournalEntry.event,
            lines.c.effective_on,
            JournalEntry.origin,
            JournalEntry.memo,
            lines.c.customer_id,
            Customer.name.label("customer"),
            lines.c.debit,
            lines.c.credit,
            lines.c.running,
        )
        .join(JournalEntry, JournalEntry.id == lines.c.entry_id)
        .outerjoin(Customer, and_(Customer.id == lines.c.customer_id, visible_rows(Customer)))
    )
    sorting = Sorting(lines.c.effective_on, lines.c.id, True)
    return fetch_page(connection, query, RunningRow, sorting, window, sums=("debit", "credit"))


def periods(connection: Connection) -> list[PeriodRow]:
    """All months of the books, the latest first, with how many entries stand in each."""
    entries = (
        select(JournalEntry.period_id, func.count().label("number")).group_by(JournalEntry.period_id).subquery("posted")
    )
    rows: Any = connection.execute(
        select(
            FiscalPeriod.id,
            FiscalPeriod.starts_on,
            FiscalPeriod.ends_on,
            FiscalPeriod.fiscal_year,
            FiscalPeriod.state,
            FiscalPeriod.closed_at,
            User.name,
            func.coalesce(entries.c.number, 0),
        )
        .outerjoin(entries, entries.c.period_id == FiscalPeriod.id)
        .outerjoin(User, User.id == FiscalPeriod.closed_by_id)
        .order_by(FiscalPeriod.starts_on.desc())
    )
    return [PeriodRow(*row) for row in rows]


class StatementPart(NamedTuple):
    """A kind of accounts in a statement: its lines with a natural sign, and their sum."""

    kind: str
    lines: list[tuple[AccountRow, Decimal]]
    total: Decimal


def statement_part(rows: list[AccountRow], kind: AccountKind) -> StatementPart:
    """Accounts of a kind that are not zero; assets and expenses are debit balances, the others credit balances.

    What goods cost and stock is worth is masked for who may not see costs, and every sum that would tell it. The ledger
    itself is not masked: its entries are what `ledger.read` is for.
    """
    sign = 1 if kind in (AccountKind.ASSET, AccountKind.EXPENSE) else -1
    lines = [(row, _shown(row, sign * row.balance)) for row in rows if row.kind == kind and row.balance]
    return StatementPart(kind, lines, sum((amount for _, amount in lines), ZERO))


def result_of(income: StatementPart, expense: StatementPart) -> Any:
    """Income less expenses, for who may see margins and costs; else its mask."""
    return shown(MARGINS, income.total - expense.total)


def _shown(row: AccountRow, amount: Decimal) -> Any:
    return shown(COSTS, amount) if row.role in COST_ROLES else amount
