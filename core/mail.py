"""Mail out: a row with the change that wants it, and a worker that carries it to the server.

`sending` is committed before the first byte leaves, `sent` after the server has taken the message. A worker that ends
between the two leaves a message of which nobody knows; it is shown as unknown and never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, NamedTuple

import structlog
from email_validator import EmailNotValidError, validate_email

from core.audit import record
from core.columns import check_row
from core.command import run
from core.context import Context
from core.errors import DomainError, FieldError, InvalidInput, NotFound
from core.mail_models import MailMessage, MailState
from core.needs import for_the_system, needs
from core.normalise import clean
from core.outbox import LEASE_SECONDS, consumer
from core.plan import Plan
from core.queries.reading import read_one
from core.smtp import MailServer, OutcomeUnknown, Refused, TemporaryFailure
from core.statements import statement
from core.trace import OutboxEvent

WRITTEN = "mail_written"
# When a message that was not accepted is tried again, in minutes after each try; then it has failed.
PAUSES_MINUTES = (1, 5, 15, 60, 240, 720)
# After this long without an outcome, the worker that was sending is gone.
LOST_AFTER = timedelta(seconds=2 * LEASE_SECONDS)
logger = structlog.get_logger()


@dataclass(frozen=True)
class MailSettings:
    """How this process sends mail and what links in it begin with; without a server, messages wait."""

    server: MailServer | None = None
    sender: str | None = None
    public_url: str | None = None

    @property
    def can_send(self) -> bool:
        return self.server is not None and self.sender is not None

    @property
    def can_send_links(self) -> bool:
        return self.can_send and self.public_url is not None


_current = MailSettings()


def configure(settings: Any) -> None:
    """Takes server, sender and public address from the settings of a process; what they do not name is not set."""
    global _current
    names = ("mail_server", "mail_from", "public_url")
    _current = MailSettings(*(getattr(settings, name, None) for name in names))


def use(settings: MailSettings) -> None:
    """Takes settings as they are."""
    global _current
    _current = settings


def current() -> MailSettings:
    """The settings in use."""
    return _current


class Composed(NamedTuple):
    """What a mail says."""

    subject: str
    text: str
    html: str | None = None


class Claimed(NamedTuple):
    """A message as the worker took it, with the secret that was made for this one sending."""

    id: int
    attempt: int
    kind: str
    recipient: str
    user_id: int | None
    language: str
    subject: str | None
    text: str | None
    html: str | None
    data: Mapping[str, Any]
    created_at: datetime
    secret: str | None = None


Composer = Callable[[Claimed], Composed]
SecretMaker = Callable[[Plan, Claimed], str | None]
COMPOSERS: dict[str, Composer] = {}
SECRETS: dict[str, SecretMaker] = {}


def composer(kind: str) -> Callable[[Composer], Composer]:
    """Registers what writes the mails of a kind at the moment they are sent."""

    def register(function: Composer) -> Composer:
        COMPOSERS[kind] = function
        return function

    return register


def secret_maker(kind: str) -> Callable[[SecretMaker], SecretMaker]:
    """Registers `make(plan, message)`, which makes the secret of a mail in the transaction that begins its sending;
    None says that the mail has lost its point, and it is not sent."""

    def register(function: SecretMaker) -> SecretMaker:
        SECRETS[kind] = function
        return function

    return register


Wanted = Callable[[Plan, Claimed], bool]
WANTED: dict[str, Wanted] = {}


def still_wanted(kind: str) -> Callable[[Wanted], Wanted]:
    """Registers what says, in the transaction that begins a mail's sending, whether it has not lost its point by
    then."""

    def register(function: Wanted) -> Wanted:
        WANTED[kind] = function
        return function

    return register


# writing --------------------------------------------------------------------------------------------------------------
def write_mail(
    plan: Plan,
    *,
    kind: str,
    to: str,
    language: str,
    subject: str | None = None,
    text: str | None = None,
    html: str | None = None,
    user_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Adds a mail to the plan and answers its id; it goes out once the plan is committed. Without `text` the kind's
    composer writes it then. Raises InvalidInput beside `email` for an address no mail can go to."""
    line = " ".join((clean(subject) or "").split()) or None
    values: dict[str, Any] = {"kind": kind, "recipient": mail_address(to), "language": language, "subject": line}
    values |= {"text": text, "html": html, "user_id": user_id, "data": dict(data or {}), "created_at": plan.now}
    check_row(MailMessage.__table__, values)  # type: ignore[arg-type]
    message_id = plan.insert(MailMessage, **values)
    _queue(plan, message_id, 1, plan.now)
    return message_id


def mail_address(text: str) -> str:
    """The address as it goes on the wire: ASCII, no name, no second line. Raises InvalidInput beside `email`."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        found = None
    if found is None:
        raise InvalidInput({"email": FieldError("not_an_email", {"value": text})})
    return found


def _queue(plan: Plan, message_id: int, attempt: int, at: datetime) -> None:
    payload = {"message_id": message_id, "attempt": attempt}
    plan.insert(OutboxEvent, kind=WRITTEN, payload=payload, occurred_at=plan.now, available_at=at)


# sending --------------------------------------------------------------------------------------------------------------
MESSAGE = """
    SELECT id, attempt, kind, recipient, user_id, language, subject, text, html, data, created_at, state, tries,
           started_at
      FROM mail_message
"""
MESSAGE_FOR_UPDATE = statement(
    "mail.message_for_update",
    MESSAGE + "WHERE id = %(id)s::bigint FOR UPDATE",
    tables="mail_message",
    scope="system",
)
WAITING_FOR_UPDATE = statement(
    "mail.waiting_for_update",
    MESSAGE + "WHERE state = 'waiting' ORDER BY id FOR UPDATE",
    tables="mail_message",
    scope="system",
)


class Stored(NamedTuple):
    """The row of a message under lock."""

    message: Claimed
    state: str
    tries: int
    started_at: datetime | None

    @classmethod
    def read(cls, row: Any) -> Stored:
        return cls(Claimed(*row[:11]), *row[11:])


@consumer(WRITTEN, "send_mail")
def send_mail(_plan: Plan, payload: Mapping[str, Any]) -> None:
    """Carries one message to the server. The event's row stays locked meanwhile, so that no second worker does."""
    settings = current()
    if not settings.can_send:
        return  # the message waits; `queue_waiting` takes it up when a worker starts with a server
    claimed: list[Claimed] = []
    run(_claim, payload["message_id"], payload["attempt"], claimed, context=Context(route="worker"))
    if claimed:
        _carry(settings, claimed[0])


@for_the_system
def _claim(plan: Plan, message_id: int, attempt: int, claimed: list[Claimed]) -> dict[str, Any]:
    """Marks the message as being sent, and makes its secret. What a lost worker left is marked unknown instead.

    The message goes back by `claimed`, not by the answer: an answer is text that might be kept.
    """
    claimed.clear()
    found = _stored(plan, message_id)
    message = found.message
    if message.attempt != attempt:
        return {}
    if found.state == MailState.SENDING:
        plan.set(MailMessage, message_id, state=MailState.UNKNOWN, finished_at=plan.now)
        logger.warning("mail_outcome_unknown", message_id=message_id)
    if found.state != MailState.WAITING:
        return {}
    wanted = WANTED.get(message.kind)
    if wanted and not wanted(plan, message):
        plan.set(MailMessage, message_id, state=MailState.FAILED, answer="not_wanted", finished_at=plan.now)
        return {}
    make = SECRETS.get(message.kind)
    secret = make(plan, message) if make else None
    if make and secret is None:
        plan.set(MailMessage, message_id, state=MailState.FAILED, answer="too_late", finished_at=plan.now)
        return {}
    plan.set(MailMessage, message_id, state=MailState.SENDING, started_at=plan.now, tries=found.tries + 1)
    claimed.append(message._replace(secret=secret))
    return {}


def _carry(settings: MailSettings, message: Claimed) -> None:
    answer: str | None
    try:
        mail = build(settings, message)
        answer = settings.server.send(mail, settings.sender or "", message.recipient)  # type: ignore[union-attr]
        outcome = MailState.SENT
    except TemporaryFailure as error:
        outcome, answer = MailState.WAITING, str(error)
    except OutcomeUnknown as error:
        outcome, answer = MailState.UNKNOWN, str(error)
    except Refused as error:
        outcome, answer = MailState.FAILED, str(error)
    except Exception as error:
        logger.exception("mail_not_composed", message_id=message.id)
        outcome, answer = MailState.FAILED, f"{type(error).__name__}"
    run(_record_outcome, message.id, message.attempt, outcome, answer, context=Context(route="worker"))


COMPOSED = statement("mail.stored", MESSAGE + "WHERE id = %(id)s::bigint", tables="mail_message", scope="system")


class Preview(NamedTuple):
    """What a mail would say to whom; `wanted` is false where nothing would be sent any more."""

    recipient: str
    kind: str
    language: str
    said: Composed | None
    wanted: bool


def compose_stored(message_id: int) -> Preview:
    """What a mail would say if it were sent now, without its secret, and without sending it. Raises NotFound."""
    row = read_one(COMPOSED(id=message_id))
    if row is None:
        raise NotFound("mail_message", message_id)
    message = Stored.read(row).message
    if message.text is not None:
        said = Composed(message.subject or "", message.text, message.html)
        return Preview(message.recipient, message.kind, message.language, said, True)
    try:
        return Preview(message.recipient, message.kind, message.language, COMPOSERS[message.kind](message), True)
    except LookupError:
        return Preview(message.recipient, message.kind, message.language, None, False)


def build(settings: MailSettings, message: Claimed) -> EmailMessage:
    """The mail as it goes on the wire. Raises ValueError for a header of more than one line."""
    said = COMPOSERS[message.kind](message) if message.text is None else None
    subject, text, html = said or (message.subject or "", message.text or "", message.html)
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = message.recipient
    mail["Subject"] = subject
    mail["Date"] = format_datetime(message.created_at)
    # The same at each try: a mailbox that got it already may see that it is the same.
    mail["Message-ID"] = f"<mail-{message.id}@{(settings.sender or '').rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = message.language
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


@for_the_system
def _record_outcome(plan: Plan, message_id: int, attempt: int, outcome: str, answer: str | None) -> dict[str, Any]:
    """What became of it; one that was not accepted is queued again, or has failed after the last pause."""
    found = _stored(plan, message_id)
    if found.message.attempt != attempt or found.state not in (MailState.SENDING, MailState.UNKNOWN):
        return {}
    state = MailState(outcome)
    values: dict[str, Any] = {"answer": answer, "finished_at": plan.now}
    if state == MailState.WAITING and found.tries > len(PAUSES_MINUTES):
        state = MailState.FAILED
    if state == MailState.WAITING:
        pause = timedelta(minutes=PAUSES_MINUTES[found.tries - 1])
        _queue(plan, message_id, attempt + 1, plan.now + pause)
        values |= {"attempt": attempt + 1, "finished_at": None}
    plan.set(MailMessage, message_id, state=state, **values)
    return {"state": state}


@for_the_system
def queue_waiting(plan: Plan) -> dict[str, Any]:
    """Queues every waiting message, for a worker that starts with a server; what was queued before becomes void."""
    [rows] = plan.fetch(WAITING_FOR_UPDATE())
    for row in rows:
        _queue_again(plan, Stored.read(row))
    return {"queued": len(rows)}


# what people do -------------------------------------------------------------------------------------------------------
@needs("company.write")
def send_again(plan: Plan, message_id: int) -> dict[str, Any]:
    """Sends a message that waits, failed or was lost, because somebody says so: one of unknown outcome may arrive a
    second time. Raises NotFound, `mail_not_set`, `mail_sent`."""
    found = _stored(plan, message_id)
    _require_server()
    lost = found.state == MailState.SENDING and (found.started_at or plan.now) < plan.now - LOST_AFTER
    if found.state not in (MailState.WAITING, MailState.FAILED, MailState.UNKNOWN) and not lost:
        raise DomainError("mail_sent")
    _queue_again(plan, found)
    record(plan, "mail.sent_again", "mail_message", message_id, changes={"recipient": found.message.recipient})
    return {"id": message_id, "recipient": found.message.recipient}


@needs("company.write")
def send_test_mail(plan: Plan, *, email: str | None, language: str) -> dict[str, Any]:
    """A mail to an address of the actor's own. Raises `mail_not_set`, InvalidInput beside `email`."""
    _require_server()
    if not email:
        raise InvalidInput({"email": FieldError("required")})
    message_id = write_mail(plan, kind="test", to=email, language=language, user_id=plan.actor.user_id)
    record(plan, "mail.tested", "mail_message", message_id, changes={"recipient": email})
    return {"id": message_id, "recipient": email}


def _require_server() -> None:
    if not current().can_send:
        raise DomainError("mail_not_set")


def _queue_again(plan: Plan, found: Stored) -> None:
    attempt = found.message.attempt + 1
    plan.set(MailMessage, found.message.id, state=MailState.WAITING, attempt=attempt, tries=0, finished_at=None)
    _queue(plan, found.message.id, attempt, plan.now)


def _stored(plan: Plan, message_id: int) -> Stored:
    [rows] = plan.fetch(MESSAGE_FOR_UPDATE(id=message_id))
    if not rows:
        raise NotFound("mail_message", message_id)
    return Stored.read(rows[0])
