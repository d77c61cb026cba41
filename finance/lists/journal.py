"""The list of entries of all journals."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, func, literal_column, not_, or_, select

from core.columns import read_id
from core.lists.conditions import Unreadable
from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.organization import User
from finance.lists.shared import JOURNAL_LABEL
from finance.models import Account, Journal, JournalEntry, JournalLine

_of_entry = JournalLine.entry_id == JournalEntry.id


def _of_lines(value: Any) -> ColumnElement[Any]:
    return select(value).where(_of_entry).correlate(JournalEntry).scalar_subquery()


_codes = (
    select(func.string_agg(Account.code.distinct(), literal_column("' '")))
    .join(JournalLine, JournalLine.account_id == Account.id)
    .where(_of_entry)
    .correlate(JournalEntry)
    .scalar_subquery()
)


def _on(*accounts: str) -> ColumnElement[bool]:
    """The entries with a line on one of the accounts. Raises Unreadable for what is no id."""
    ids = [read_id(account) for account in accounts]
    if None in ids:
        raise Unreadable(accounts)
    return JournalEntry.id.in_(select(JournalLine.entry_id).where(JournalLine.account_id.in_(ids)))


def _words(words: str) -> ColumnElement[bool]:
    columns = (JournalEntry.number, JournalEntry.origin, JournalEntry.document, JournalEntry.memo)
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


JOURNAL: Final = Source(
    name="journal",
    root=JournalEntry,
    identity=JournalEntry.id,
    where=lambda: (),
    joins={
        "journal": Join(Journal, Journal.id == JournalEntry.journal_id),
        "who": Join(User, User.id == JournalEntry.actor_id, is_outer=True),
    },
    columns=columns_of(
        Column(name="number", kind=Kind.TEXT, value=JournalEntry.number, order=JournalEntry.number),
        Column(
            name="effective_on", kind=Kind.DAY, value=JournalEntry.effective_on, order=JournalEntry.effective_on,
            groups=True,
        ),
        Column(
            name="event", kind=Kind.CHOICE, value=JournalEntry.event, groups=True,
            also=("memo", "document", "origin"),
        ),
        Column(name="document", kind=Kind.TEXT, value=JournalEntry.document),
        Column(name="origin", kind=Kind.TEXT, value=JournalEntry.origin, also=("document",)),
        Column(
            name="accounts", kind=Kind.REFERENCE, value=literal_column("NULL", BigInteger()), label=_codes,
            refers="account", conditions={"in": _on, "out": lambda *accounts: not_(_on(*accounts))},
        ),
        Column(name="amount", kind=Kind.MONEY, value=_of_lines(func.sum(JournalLine.debit))),
        Column(
            name="recorded_at", kind=Kind.MOMENT, value=JournalEntry.recorded_at, order=JournalEntry.recorded_at,
            groups=True, also=("who",),
        ),
        Column(
            name="journal", kind=Kind.REFERENCE, value=JournalEntry.journal_id, label=JOURNAL_LABEL,
            refers="journal", needs=("journal",), groups=True,
        ),
        Column(name="memo", kind=Kind.TEXT, value=JournalEntry.memo),
        Column(
            name="who", kind=Kind.REFERENCE, value=JournalEntry.actor_id, label=User.name, refers="user",
            needs=("who",), groups=True,
        ),
        Column(name="lines", kind=Kind.NUMBER, value=JournalEntry.line_count),
        Column(name="is_reversal", kind=Kind.FLAG, value=JournalEntry.reverses_id.is_not(None), groups=True),
    ),
    matches=_words,
)  # fmt: skip
