"""Mail out against a real server: each message once, and what nobody can know is shown, not sent again."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core import clock, mail, outbox
from core.config import CHECKOUT, SettingsError, load_settings
from core.errors import DomainError, InvalidInput
from core.mail import PAUSES_MINUTES, queue_waiting, send_again, send_test_mail, write_mail
from core.queries.mail_record import MAILS
from core.smtp import MailServer
from tests.conftest import DatabaseUrls
from tests.mailbox import PASSWORD, SENDER, USER, Mailbox, deliver, mailing, open_mailbox
from tests.world import World

PATIENCE_SECONDS = 30


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as mailbox, mailing(mailbox.url):
        yield mailbox


def write(world: World, **values: object) -> int:
    given = {"kind": "note", "to": "wei@example.com", "language": "en", "subject": "Hello", "text": "Good day.\n"}

    def command(plan: object) -> dict[str, int]:
        return {"id": write_mail(plan, **{**given, **values})}  # type: ignore[arg-type]

    return int(world.run(command)["id"])


def state(world: World, message_id: int) -> tuple[str, str | None]:
    return world.rows("SELECT state::text, answer FROM mail_message WHERE id = :id", id=message_id)[0]  # type: ignore[no-any-return]


def go_on(monkeypatch: pytest.MonkeyPatch, **span: int) -> None:
    later = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: later)


def test_a_mail_goes_out_once_with_what_was_written(world: World, mailbox: Mailbox) -> None:
    text = "第一行 — accents: é\n.a line that begins with a dot\n" + "long " * 300 + "\n"
    message = write(world, subject="报价 Q-1", text=text, html="<p>第一行</p>")
    deliver()
    assert state(world, message) == ("sent", "250 kept")
    [got] = mailbox.mails
    assert (got["From"], got["To"], got["Subject"]) == (SENDER, "wei@example.com", "报价 Q-1")
    assert mailbox.text() == text
    html = got.get_body(("html",))
    assert html is not None and "第一行" in html.get_content()
    assert got["Auto-Submitted"] == "auto-generated" and got["Message-ID"] == f"<mail-{message}@example.com>"
    for (event,) in world.rows("SELECT id FROM outbox_event"):
        world.run(outbox.apply_event, event)
    assert len(mailbox.mails) == 1


def test_a_header_has_one_line_and_an_address_is_one(world: World, mailbox: Mailbox) -> None:
    write(world, subject="Hello\r\nBcc: thief@example.com\r\n\r\nbody")
    deliver()
    [got] = mailbox.mails
    assert got["Bcc"] is None and got["Subject"] == "Hello Bcc: thief@example.com body"
    assert mailbox.recipients == ["wei@example.com"]
    for address in ("wei@example.com\nBcc: thief@example.com", "wei@example.com, thief@example.com", "wei", "a b@c.de"):
        with pytest.raises(InvalidInput) as refusal:
            write(world, to=address)
        assert refusal.value.fields["email"].code == "not_an_email"


def test_without_a_server_mails_wait_and_go_once_there_is_one(world: World) -> None:
    message = write(world)
    deliver()
    assert state(world, message) == ("waiting", None)
    assert world.value("SELECT count(*) FROM outbox_event WHERE state <> 'done'") == 0
    with pytest.raises(DomainError, match="mail_not_set"):
        world.run(send_again, message)
    with open_mailbox() as mailbox, mailing(mailbox.url):
        assert world.run(queue_waiting) == {"queued": 1}
        deliver()
        assert state(world, message)[0] == "sent" and len(mailbox.mails) == 1


@pytest.mark.parametrize("trouble", ["refused", "4xx", "4xx on data"])
def test_what_was_not_accepted_is_tried_again(world: World, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_mailbox() as mailbox, mailing(closed_address() if trouble == "refused" else mailbox.url):
        if trouble != "refused":
            mailbox.answers["DATA" if "data" in trouble else "RCPT"] = "451 greylisted, come again"
        message = write(world)
        deliver()
        found, answer = state(world, message)
        assert found == "waiting"
        assert str(answer).startswith("ConnectionRefusedError" if trouble == "refused" else "451 greylisted")
        with mailing(mailbox.url):
            deliver()
            assert state(world, message)[0] == "waiting", "not before its time"
            go_on(monkeypatch, minutes=PAUSES_MINUTES[0])
            deliver()
        assert state(world, message)[0] == "sent"
        assert mailbox.recipients[-1:] == ["wei@example.com"]
    assert world.value("SELECT count(*) FROM outbox_event WHERE attempts > 0") == 0


def closed_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"smtp://127.0.0.1:{probe.getsockname()[1]}"


def test_after_the_last_pause_it_has_failed_and_goes_by_hand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with mailing(closed_address()):
        message = write(world)
        for minutes in (0, *PAUSES_MINUTES):
            go_on(monkeypatch, minutes=minutes, seconds=1)
            deliver()
        assert state(world, message)[0] == "failed"
        assert world.value("SELECT tries FROM mail_message") == len(PAUSES_MINUTES) + 1
    with open_mailbox() as mailbox, mailing(mailbox.url):
        world.run(send_again, message)
        deliver()
        assert state(world, message)[0] == "sent"
        with pytest.raises(DomainError, match="mail_sent"):
            world.run(send_again, message)


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_final_no_is_shown_and_not_repeated(
    world: World, mailbox: Mailbox, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.answers[step] = "550 no such mailbox"
    message = write(world)
    deliver()
    assert state(world, message) == ("failed", "550 no such mailbox")
    go_on(monkeypatch, days=2)
    deliver()
    assert len(mailbox.mails) == (1 if step == "DATA" else 0)


def test_a_connection_lost_before_the_answer_leaves_it_unknown(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.answers["DATA"] = "hang up"
    message = write(world)
    deliver()
    assert state(world, message)[0] == "unknown"
    go_on(monkeypatch, days=2)
    world.run(queue_waiting)
    deliver()
    assert len(mailbox.mails) == 1
    mailbox.answers.clear()
    world.run(send_again, message)
    deliver()
    assert state(world, message)[0] == "sent"
    assert len(mailbox.mails) == 2 and len({got["Message-ID"] for got in mailbox.mails}) == 1


def test_a_worker_killed_while_sending_leaves_it_unknown(
    world: World, fresh_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_mailbox() as mailbox, mailing(mailbox.url):
        mailbox.hold = True
        message = write(world)
        environment = {
            **os.environ, "PYTHONPATH": str(CHECKOUT), "SMTP_URL": mailbox.url, "MAIL_FROM": SENDER,
            "DATABASE_URL": fresh_database.app, "DATABASE_SYSTEM_URL": fresh_database.system,
            "DATABASE_ADMIN_URL": fresh_database.admin,
        }  # fmt: skip
        worker = subprocess.Popen([sys.executable, "-m", "web.cli", "worker"], env=environment)
        try:
            assert mailbox.arrived.wait(PATIENCE_SECONDS)
            assert state(world, message)[0] == "sending", "committed before the first byte"
        finally:
            worker.kill()
            worker.wait(PATIENCE_SECONDS)
        mailbox.hold = False
        go_on(monkeypatch, seconds=outbox.LEASE_SECONDS + 1)
        deliver()
        assert state(world, message)[0] == "unknown"
        go_on(monkeypatch, days=2)
        world.run(queue_waiting)
        deliver()
        assert len(mailbox.mails) == 1
        assert world.value("SELECT count(*) FROM outbox_event WHERE state <> 'done'") == 0


def test_one_that_no_worker_finished_is_shown_as_unknown(world: World) -> None:
    message = write(world)
    with world.database.engine.begin() as connection:
        lost = "UPDATE mail_message SET state = 'sending', started_at = now() - interval '5 minutes'"
        connection.exec_driver_sql(lost)
    [row] = MAILS.page({}).rows
    assert (row.id, row.state) == (message, "unknown")
    assert [row.id for row in MAILS.page({"state": "unknown"}).rows] == [message]


def test_an_event_of_an_earlier_try_is_void(world: World, mailbox: Mailbox) -> None:
    message = write(world)
    world.run(send_again, message)
    deliver()
    assert len(mailbox.mails) == 1 and state(world, message)[0] == "sent"


def test_an_event_of_an_earlier_try_leaves_the_present_one_alone(world: World, mailbox: Mailbox) -> None:
    message = write(world)
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mail_message SET state = 'sending', attempt = 2, started_at = now()")
    deliver()
    assert state(world, message)[0] == "sending" and mailbox.mails == []


def test_starttls_and_a_password(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certificate_of_localhost(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with open_mailbox(context) as mailbox:
        url = f"smtp://{USER}:s3cret%3A%2F%40@127.0.0.1:{mailbox.port}?starttls=required"
        assert MailServer.parse(url).password == PASSWORD
        with mailing(url):
            message = write(world)
            deliver()
            assert state(world, message)[0] == "waiting", "a certificate nobody vouches for"
            assert "CERTIFICATE_VERIFY_FAILED" in str(state(world, message)[1])
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            world.run(send_again, message)
            deliver()
            assert state(world, message)[0] == "sent"
        with mailing(url.replace("s3cret", "other")):
            message = write(world)
            deliver()
            found, answer = state(world, message)
            assert found == "waiting" and str(answer).startswith("535"), answer


def certificate_of_localhost(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    made = builder.add_extension(names, False).sign(key, hashes.SHA256())
    file = folder / "server.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_test_mail_goes_to_the_address_given(world: World, mailbox: Mailbox) -> None:
    world.run(send_test_mail, email="admin@example.com", language="zh")
    deliver()
    assert mailbox.mails[0]["Subject"] == "恒通贸易有限公司 的测试邮件"
    with pytest.raises(InvalidInput):
        world.run(send_test_mail, email=None, language="zh")


# settings -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "port", "encryption"),
    [
        ("smtp://mail.example.com", 25, "starttls"),
        ("smtp://u:p@mail.example.com", 587, "starttls"),
        ("smtps://u:p@mail.example.com", 465, "tls"),
        ("smtp://127.0.0.1:1025", 1025, "none"),
        ("smtp://mail.example.com?starttls=no", 25, "none"),
    ],
)
def test_addresses_of_servers(url: str, port: int, encryption: str) -> None:
    server = MailServer.parse(url)
    assert (server.port, server.encryption) == (port, encryption)
    assert ":p@" not in repr(server) + server.shown


@pytest.mark.parametrize(
    "url", ["http://mail.example.com", "smtp://", "smtp://u:p@mail.example.com?starttls=no", "smtp://h?starttls=maybe"]
)
def test_addresses_that_are_none(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SMTP_URL") as refusal:
        load_settings({"COUNTINGHOUSE_HOME": str(tmp_path), "SMTP_URL": url, "MAIL_FROM": SENDER})
    assert ":p@" not in str(refusal.value)


def test_the_settings_of_mail(tmp_path: Path) -> None:
    def load(**given: str) -> object:
        return load_settings({"COUNTINGHOUSE_HOME": str(tmp_path), **given})

    mail.configure(load())
    assert not mail.current().can_send and mail.current().public_url == "http://127.0.0.1:8000"
    mail.configure(load(HOST="0.0.0.0", SMTP_URL="smtp://m.example.com", MAIL_FROM=SENDER))
    assert mail.current().can_send and not mail.current().can_send_links, "no link without PUBLIC_URL, but on loopback"
    mail.configure(load(HOST="0.0.0.0", PUBLIC_URL="https://books.example.com/"))
    assert mail.current().public_url == "https://books.example.com"
    mail.configure(load(COUNTINGHOUSE_ENV="demo", SMTP_URL="smtp://m.example.com", MAIL_FROM=SENDER))
    assert not mail.current().can_send, "the demo company mails nobody"
    mail.configure(object())
    for wrong in ("books.example.com", "https://u@books.example.com", "https://books.example.com/x", "ftp://x.example"):
        with pytest.raises(SettingsError, match="PUBLIC_URL"):
            load(PUBLIC_URL=wrong)
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        load(SMTP_URL="smtp://m.example.com")
    assert not re.search("s3cret", repr(load(SMTP_URL="smtps://u:s3cret@m.example.com", MAIL_FROM=SENDER)))
