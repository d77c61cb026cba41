"""Posting to the general ledger: balanced entries in open periods, numbered per journal and year.

Accounts are addressed by role; the account behind a role never changes once entries stand on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.errors import DomainError
from core.money import ZERO
from core.plan import Number, Plan
from core.statements import Query, statement
from finance.models import JournalEntry, JournalLine, PeriodState

SALES, STOCK, BANK, GENERAL = "SAL", "STK", "BNK", "GEN"


class Books(NamedTuple):
    """What posting on a date needs: the period under a shared lock, the company's policies, accounts and journals by
    role."""

    currency: str
    tax_point: str
    invoicing_policy: str
    tax_rounding: str
    due_from: str
    payment_terms_days: int
    effective_on: date
    period_id: int | None
    period_state: str | None
    first_open_on: date | None
    accounts: dict[str, int]
    journals: dict[str, int]

    def account(self, role: str) -> int:
        try:
            return self.accounts[role]
        except KeyError:
            raise DomainError("account_missing", role=role) from None


BOOKS = statement(
    "ledger.books",
    """
    SELECT company.currency, company.tax_point, company.invoicing_policy, company.tax_rounding, company.due_from,
           company.payment_terms_days, %(effective_on)s::date AS effective_on, period.id, period.state,
           CASE WHEN period.state = 'open' THEN NULL ELSE
               (SELECT min(starts_on) FROM fiscal_period
                 WHERE state = 'open' AND ends_on >= %(effective_on)s::date) END,
           (SELECT jsonb_object_agg(role, id) FROM account WHERE role IS NOT NULL),
           (SELECT jsonb_object_agg(code, id) FROM journal)
      FROM company
      LEFT JOIN LATERAL (SELECT id, state FROM fiscal_period
                          WHERE %(effective_on)s::date BETWEEN starts_on AND ends_on FOR KEY SHARE) AS period ON true
    """,
    tables="company fiscal_period account journal",
    scope="system",
    fact=Books,
)


def books_for(effective_on: date) -> Query:
    """The books on a date; shares the period's row until the command ends, so that it cannot close meanwhile."""
    return BOOKS(effective_on=effective_on)


@dataclass(frozen=True)
class Posting:
    """One line to post: an account by role (or id), one side, and the customer where the account has a sub-ledger."""

    account: str | int
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    customer_id: int | None = None


def debit(account: str | int, amount: Decimal, customer_id: int | None = None) -> Posting:
    """A debit line; a negative amount is the same amount on the other side."""
    if amount < 0:
        return Posting(account, credit=-amount, customer_id=customer_id)
    return Posting(account, debit=amount, customer_id=customer_id)


def credit(account: str | int, amount: Decimal, customer_id: int | None = None) -> Posting:
    """A credit line; a negative amount is the same amount on the other side."""
    return debit(account, -amount, customer_id)


@dataclass(frozen=True)
class Posted:
    id: int
    number: Number


def check_period(books: Books) -> None:
    """Refuses a date without an open period, naming the first open day after it."""
    if books.period_id is None:
        raise DomainError("period_missing", date=books.effective_on)
    if books.period_state != PeriodState.OPEN:
        raise DomainError("period_closed", date=books.effective_on, first_open_on=books.first_open_on)


def amounts_in(postings: Iterable[Posting]) -> list[Posting]:
    """The postings that carry an amount; where there are none, there is nothing to post."""
    return [posting for posting in postings if posting.debit or posting.credit]


def post(
    plan: Plan,
    books: Books,
    *,
    journal: str,
    event: str,
    postings: Iterable[Posting],
    origin: object,
    document: object = None,
    memo: object = None,
    reverses_id: int | None = None,
) -> Posted:
    """Adds a balanced entry on the books' date. Lines of zero are left out.

    Raises DomainError `period_closed` or `period_missing`; ValueError when the lines do not balance or none carries an
    amount, which is a fault of ours.
    """
    lines = amounts_in(postings)
    if not lines:
        raise ValueError(f"{event} for {origin} has no amount")
    if sum((line.debit - line.credit for line in lines), ZERO) != 0:
        raise ValueError(f"{event} for {origin} does not balance")
    check_period(books)
    number = plan.number(journal, books.effective_on)
    entry_id = plan.insert(
        JournalEntry,
        number=number,
        journal_id=books.journals[journal],
        event=event,
        effective_on=books.effective_on,
        recorded_at=number.recorded_at,
        period_id=books.period_id,
        origin=origin,
        document=document,
        memo=memo,
        line_count=len(lines),
        reverses_id=reverses_id,
        actor_id=plan.actor.user_id,
    )
    for position, line in enumerate(lines, start=1):
        account_id = line.account if isinstance(line.account, int) else books.account(line.account)
        plan.insert(
            JournalLine,
            entry_id=entry_id,
            position=position,
            account_id=account_id,
            debit=line.debit,
            credit=line.credit,
            currency=books.currency,
            effective_on=books.effective_on,
            customer_id=line.customer_id,
        )
    return Posted(entry_id, number)


def post_if_any(plan: Plan, books: Books, *, postings: Iterable[Posting], **entry: Any) -> Posted | None:
    """Posts like `post`, or nothing where no line carries an amount (goods without price and cost, say)."""
    lines = amounts_in(postings)
    return post(plan, books, postings=lines, **entry) if lines else None
