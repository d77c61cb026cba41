"""Entries that people post by hand, and their dated opposites. What a document posted is corrected by documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.audit import record
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.money import ZERO, is_finer, places_of
from core.needs import needs
from core.normalise import clean
from core.plan import Plan
from core.statements import statement
from finance.ledger import GENERAL, Books, Posting, books_for, post

MANUAL, REVERSAL = "manual", "reversal"
# Accounts that documents keep: each has a sub-ledger that must agree with it.
KEPT_BY_DOCUMENTS = frozenset(("receivable", "advances", "undelivered", "unbilled", "inventory", "deferred_vat"))
LONGEST_MEMO = 400
means("uq_journal_entry_reverses_id", "entry_reversed")


@dataclass(frozen=True)
class ManualLine:
    """One line: an account and exactly one side."""

    account_id: int
    debit: Decimal = ZERO
    credit: Decimal = ZERO


class AccountFact(NamedTuple):
    id: int
    code: str
    role: str | None
    is_active: bool


class EntryFact(NamedTuple):
    id: int
    number: str
    event: str
    effective_on: date
    origin: str | None
    reversed_by: str | None


class EntryLineFact(NamedTuple):
    account_id: int
    code: str
    debit: Decimal
    credit: Decimal
    customer_id: int | None


ACCOUNTS = statement(
    "manual.accounts",
    "SELECT id, code, role, is_active FROM account WHERE id = ANY (%(ids)s::bigint[])",
    tables="account",
    scope="system",
    fact=AccountFact,
)
ENTRY = statement(
    "manual.entry",
    """
    SELECT entry.id, entry.number, entry.event, entry.effective_on, entry.origin,
           (SELECT number FROM journal_entry AS opposite WHERE opposite.reverses_id = entry.id)
      FROM journal_entry AS entry WHERE entry.id = %(entry_id)s::bigint FOR SHARE OF entry
    """,
    tables="journal_entry",
    scope="system",
    fact=EntryFact,
)
LINES = statement(
    "manual.lines",
    """
    SELECT line.account_id, account.code, line.debit, line.credit, line.customer_id
      FROM journal_line AS line JOIN account ON account.id = line.account_id
     WHERE line.entry_id = %(entry_id)s::bigint ORDER BY line.position
    """,
    tables="journal_line account",
    scope="system",
    fact=EntryLineFact,
)


@needs("ledger.post")
def post_manual_entry(plan: Plan, *, effective_on: date, memo: str, lines: Sequence[ManualLine]) -> dict[str, Any]:
    """Posts a balanced entry in the general journal. Shares the period's row until the command ends.

    It may lie on any day of an open month, also ahead of today: what the month's end will bring may be written when it
    is known, since no document builds on a manual entry and the accounts that documents keep take none.
    Raises InvalidInput beside the field (also for accounts that documents keep), `entry_not_balanced`,
    `period_closed`, `period_missing`.
    """
    accounts, [books] = plan.fetch(ACCOUNTS(ids=sorted({line.account_id for line in lines})), books_for(effective_on))
    memo = _checked(lines, {account.id: account for account in accounts}, memo, places_of(books.currency))
    debit, credit = sum((line.debit for line in lines), ZERO), sum((line.credit for line in lines), ZERO)
    if debit != credit:
        raise DomainError("entry_not_balanced", debit=debit, credit=credit, difference=abs(debit - credit))
    postings = [Posting(line.account_id, line.debit, line.credit) for line in lines]
    answer = _post(plan, books, MANUAL, postings, memo)
    codes = {account.id: account.code for account in accounts}
    _show(plan, [(codes[line.account_id], line.debit, line.credit) for line in lines])
    return answer


@needs("ledger.post")
def reverse_manual_entry(
    plan: Plan, entry_id: int, *, effective_on: date | None = None, memo: str | None = None
) -> dict[str, Any]:
    """Posts the opposite of a manual entry, naming it; both stay. Two at once: the unique `reverses_id` decides.

    It lies on the entry's day or after it, ahead of today too.

    Raises NotFound, `entry_of_document` for an entry that a document posted, `entry_reversed`, `reversal_too_early`,
    `period_closed`.
    """
    on = effective_on or plan.today
    entries, lines, [books] = plan.fetch(ENTRY(entry_id=entry_id), LINES(entry_id=entry_id), books_for(on))
    if not entries:
        raise NotFound("journal_entry", entry_id)
    entry: EntryFact = entries[0]
    if entry.event != MANUAL:
        raise DomainError("entry_of_document", number=entry.number, origin=entry.origin)
    if entry.reversed_by:
        raise DomainError("entry_reversed", number=entry.number, reversed_by=entry.reversed_by)
    if on < entry.effective_on:
        errors = FieldErrors()
        errors.add("effective_on", "reversal_too_early", number=entry.number, effective_on=entry.effective_on)
        errors.raise_if_any()
    postings = [Posting(line.account_id, line.credit, line.debit, line.customer_id) for line in lines]
    answer = _post(plan, books, REVERSAL, postings, clean(memo) or entry.number, entry)
    _show(plan, [(line.code, line.credit, line.debit) for line in lines])
    return answer


def _post(
    plan: Plan, books: Books, event: str, postings: list[Posting], memo: str, reversed_entry: EntryFact | None = None
) -> dict[str, Any]:
    posted = post(
        plan,
        books,
        journal=GENERAL,
        event=event,
        postings=postings,
        origin=reversed_entry.number if reversed_entry else None,
        memo=memo[:LONGEST_MEMO],
        reverses_id=reversed_entry.id if reversed_entry else None,
    )
    if posted is None:
        raise ValueError("an entry without amounts passed the checks")
    amount = sum((posting.debit for posting in postings), ZERO)
    record(plan, f"journal_entry.{event}", "journal_entry", posted.id, label=posted.number, changes={"amount": amount})
    return {"id": posted.id, "number": posted.number, "effective_on": books.effective_on, "amount": amount}


def _show(plan: Plan, lines: Sequence[tuple[str, Decimal, Decimal]]) -> None:
    for code, debit, credit in lines:
        plan.effect("ledger_line", account=code, debit=debit, credit=credit)


def _checked(lines: Sequence[ManualLine], accounts: dict[int, AccountFact], memo: str, places: int) -> str:
    errors = FieldErrors()
    text = clean(memo)
    if not text:
        errors.add("memo", "required")
    elif len(text) > LONGEST_MEMO:
        errors.add("memo", "too_long", limit=LONGEST_MEMO)
    if len(lines) < 2:
        errors.add("lines", "two_lines_needed")
    for index, line in enumerate(lines):
        account = accounts.get(line.account_id)
        if account is None or not account.is_active:
            errors.add(f"lines.{index}.account_id", "account_unknown")
        elif account.role in KEPT_BY_DOCUMENTS:
            errors.add(f"lines.{index}.account_id", "account_kept_by_documents", account=account.code)
        side = "debit" if line.debit else "credit"
        if (line.debit == 0) == (line.credit == 0):
            errors.add(f"lines.{index}.{side}", "one_side_only")
        elif line.debit < 0 or line.credit < 0:
            errors.add(f"lines.{index}.{side}", "not_positive")
        elif is_finer(line.debit + line.credit, places):
            errors.add(f"lines.{index}.{side}", "too_many_decimals", places=places)
    errors.raise_if_any()
    return text or ""
