"""Mails of this installation: what became of them, and the few that are sent again by hand. Never what they say."""

from __future__ import annotations

from typing import Any

from core.mail import send_again, send_test_mail
from core.mail_models import MailState
from core.masks import Email
from core.queries.mail_record import MAILS
from web.api.fields import Body, Choice, Text
from web.api.operation import PAGING, Call, operation

SHAPE = {
    "id": int, "kind": str, "recipient": Email | None, "subject": str | None, "language": str, "state": str,
    "tries": int, "answer": str | None, "created_at": str, "finished_at": str | None,
}  # fmt: skip
QUEUED = {"id": int, "recipient": Email | None}


@operation(
    "GET", "/mails", "company.write", summary="Mails and what became of them, latest first", answer=[SHAPE],
    query=Body(state=Choice(choices=tuple(MailState))) | PAGING,
)  # fmt: skip
def list_mails(call: Call) -> Any:
    return call.page(MAILS, lambda row: row._asdict())


@operation(
    "POST", "/mails/test", "company.write", summary="Send a test mail", status=201, answer=QUEUED,
    body=Body(email=Text(required=True, limit=200)), refusals=("mail_not_set",),
)  # fmt: skip
def send_test_mail_call(call: Call) -> Any:
    return call.run(send_test_mail, email=call.body["email"], language=call.actor.language or "zh")


@operation(
    "POST", "/mails/{message_id}/send-again", "company.write", body=Body(), answer=QUEUED,
    summary="Send a mail that waits, failed, or may not have arrived; it may then arrive twice",
    refusals=("mail_not_set", "mail_sent"),
)  # fmt: skip
def send_mail_again_call(call: Call, message_id: int) -> Any:
    return call.run(send_again, message_id)
