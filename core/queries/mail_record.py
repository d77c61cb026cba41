"""Mails on their way as data: to whom, what kind, what became of them. Never what they say."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.masks import Email
from core.queries.paging import Listing

# One that has been under way for longer than a worker takes belongs to a worker that is gone.
_STATE = """CASE WHEN row.state = 'sending' AND row.started_at < now() - interval '120 seconds' THEN 'unknown'
                 ELSE row.state END"""


class MailRecord(NamedTuple):
    id: int
    kind: str
    recipient: Email | None
    subject: str | None
    language: str
    state: str
    tries: int
    answer: str | None
    created_at: datetime
    finished_at: datetime | None


MAILS = Listing(
    "mail.list",
    f"""
    SELECT row.id, row.kind, row.recipient, row.subject, row.language, {_STATE}, row.tries, row.answer, row.created_at,
           row.finished_at
      FROM mail_message AS row
    """,
    "mail_message",
    MailRecord,
    filters={"state": f"({_STATE}) = %(state)s"},
)
