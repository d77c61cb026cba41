"""One message to one SMTP server: what was accepted, what was refused, and what nobody can know.

A server has taken a message when it answers the end of the data. Whatever fails before is certain to have sent nothing
and may be tried again; a connection lost between the data and that answer leaves both possible, and says so.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import parse_qs, unquote, urlsplit

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
# Bare ASCII on the wire, since not every server offers 8BITMIME.
WIRE = SMTP.clone(cte_type="7bit")
STARTTLS = ("required", "no")


class MailError(Exception):
    """The message was not sent; the text says what the server or the network answered."""


class TemporaryFailure(MailError):
    """Nothing was accepted; the same message may be accepted later."""


class Refused(MailError):
    """The server will not take this message, now or later."""


class OutcomeUnknown(MailError):
    """The message was handed over, and no answer came: it may have been sent."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes. `starttls` is `required` or `no`; `implicit_tls` is encrypted from the first byte."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    starttls: str = "required"

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Reads smtp://user:password@host:port or smtps://…; `?starttls=` says otherwise than the default, which is
        required away from this machine. Raises ValueError with what is wrong."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("it begins with smtp:// or smtps:// and names a host")
        implicit = parts.scheme == "smtps"
        given = parse_qs(parts.query).get("starttls", [""])[0]
        starttls = given or ("no" if implicit or _is_this_machine(parts.hostname) else "required")
        if starttls not in STARTTLS:
            raise ValueError("starttls is required or no")
        user = unquote(parts.username) if parts.username else None
        if user and not implicit and starttls == "no" and not _is_this_machine(parts.hostname):
            raise ValueError("a password is never sent unencrypted to another machine")
        password = unquote(parts.password) if parts.password else None
        port = parts.port or (465 if implicit else 587 if user else 25)
        return cls(parts.hostname, port, user, password, implicit, starttls)

    @property
    def shown(self) -> str:
        """The address without the password."""
        scheme = "smtps" if self.implicit_tls else "smtp"
        return f"{scheme}://{self.user + '@' if self.user else ''}{self.host}:{self.port}"

    @property
    def encryption(self) -> str:
        """`tls`, `starttls` or `none`."""
        return "tls" if self.implicit_tls else "starttls" if self.starttls == "required" else "none"

    def send(self, message: EmailMessage, sender: str, recipient: str) -> str:
        """Hands one message over and answers what the server said to it.

        Raises TemporaryFailure, Refused or OutcomeUnknown.
        """
        data = message.as_bytes(policy=WIRE)
        with self._opened() as server:
            _must(server.mail(sender))
            _must(server.rcpt(recipient))
            _must(server.docmd("DATA"), 354)
            try:
                server.send(re.sub(rb"(?m)^\.", b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n")
                answer = server.getreply()
            except (smtplib.SMTPException, OSError) as error:
                raise OutcomeUnknown(_said(error)) from error
            _must(answer)
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        return _text(answer)

    @contextmanager
    def _opened(self) -> Iterator[smtplib.SMTP]:
        """A connection that is encrypted and signed in as the address says; whatever fails on it is temporary, unless
        the server's answer to the message itself was final."""
        server: smtplib.SMTP | None = None
        try:
            if self.implicit_tls:
                context = ssl.create_default_context()
                server = smtplib.SMTP_SSL(self.host, self.port, timeout=CONNECT_SECONDS, context=context)
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=CONNECT_SECONDS)
            if server.sock is not None:
                server.sock.settimeout(ANSWER_SECONDS)
            server.ehlo_or_helo_if_needed()
            if self.starttls == "required" and not self.implicit_tls:
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self.user:
                server.login(self.user, self.password or "")
            yield server
        except (smtplib.SMTPException, OSError) as error:
            raise TemporaryFailure(_said(error)) from error
        finally:
            if server is not None:
                server.close()


def _must(answer: tuple[int, bytes], wanted: int = 250) -> None:
    """Raises Refused for a final no of the server, TemporaryFailure for any other answer than the one wanted."""
    code = answer[0]
    if code == wanted or (wanted == 250 and code == 251):
        return
    raise (Refused if 500 <= code < 600 else TemporaryFailure)(_text(answer))


def _text(answer: tuple[int, bytes]) -> str:
    words = " ".join(answer[1].decode("utf-8", "replace").split())
    return f"{answer[0]} {words}".strip()[:300]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _text((error.smtp_code, said if isinstance(said, bytes) else str(said).encode()))
    return f"{type(error).__name__}: {error}"[:300]


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or host == "::1" or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))
