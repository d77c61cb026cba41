"""A real SMTP server on loopback that keeps what it gets, and mail settings that lead to it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import SimpleNamespace
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import core.mail
import core.password_links
import web.mails
from core import jobs, mail
from core.smtp import MailServer

assert core.password_links.mail_reset_link and web.mails.reset_address  # their consumers belong to every mailbox
SENDER = "books@example.com"
PUBLIC_URL = "https://books.example.com"
USER, PASSWORD = "books", "s3cret:/@"


class Mailbox:
    """What a server got. `answers` are the replies to the next recipients and data instead of a yes; with `hold` set
    the end of the data is not answered until it is released."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: dict[str, str] = {}
        self.arrived = threading.Event()
        self.hold = False
        self.released = threading.Event()
        self.port = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if answer := self.answers.pop("RCPT", ""):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        self.arrived.set()
        while self.hold and not self.released.is_set():
            await asyncio.sleep(0.01)
        if self.answers.get("DATA") == "hang up":
            server.transport.abort()
        return self.answers.pop("DATA", "250 kept")

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def text(self, number: int = -1) -> str:
        """The plain text of a mail."""
        part = self.mails[number].get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class FreePort(Controller):
    """A server at a port the system chose."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@contextmanager
def open_mailbox(tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A server that listens until the block ends; with `tls` it demands STARTTLS and the one password it knows."""
    mailbox = Mailbox()

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    demands = {"tls_context": tls, "require_starttls": True, "authenticator": check, "auth_required": True}
    controller = FreePort(mailbox, hostname="127.0.0.1", port=0, **(demands if tls else {}))
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        mailbox.released.set()
        controller.stop()


@contextmanager
def mailing(url: str, public_url: str | None = PUBLIC_URL) -> Iterator[None]:
    """This process sends mail by `url`."""
    server, before = MailServer.parse(url), mail.current()
    mail.configure(SimpleNamespace(mail_server=server, mail_from=SENDER, public_url=public_url))
    try:
        yield
    finally:
        configure_again(before)


def configure_again(settings: mail.MailSettings) -> None:
    """Puts back what was set before."""
    mail.configure(
        SimpleNamespace(mail_server=settings.server, mail_from=settings.sender, public_url=settings.public_url)
    )


def deliver() -> None:
    """Does what the worker would do now."""
    jobs.close_unconsumed()
    while events := jobs.lease_events():
        for event_id, _ in events:
            jobs.apply_event_task(event_id)
