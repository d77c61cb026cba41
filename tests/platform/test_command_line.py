"""Progress, log lines, messages and what `test` hands to pytest."""

import io
import json
import logging
import re
from collections.abc import Iterator

import polib
import pytest
import structlog

from core.config import CHECKOUT
from core.logging import HIDDEN, configure_logging, hide_secrets
from web.cli import messages, progress
from web.cli.progress import Progress
from web.cli.test import environment_of_tests, pytest_arguments


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_elsewhere_is_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(progress, "LINE_INTERVAL_SECONDS", 0)
    with Progress(3, "Orders", stream) as shown:
        shown.advance()
        shown.advance(2)
    assert stream.getvalue() == "Orders 1/3 0s\nOrders 3/3 0s\nOrders 3/3 0s\n"


def test_progress_on_a_terminal_is_a_bar() -> None:
    stream = Terminal()
    with Progress(2, "Orders", stream) as shown:
        shown.advance()
        shown.finish()
    assert stream.getvalue() == "\r\033[KOrders " + "█" * 15 + "░" * 15 + " 1/2 0s\n"


def test_progress_is_not_shown_more_often_than_it_can_be_read() -> None:
    stream = io.StringIO()
    with Progress(0, "Rows", stream) as shown:
        for _ in range(10_000):
            shown.advance()
    assert stream.getvalue() == "Rows 10000 0s\n"


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("logging_restored")
def test_log_lines_are_json_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    structlog.get_logger("web").info("signed_in", login="sales", password="canary")
    logging.getLogger("library").warning("connecting to %s", "postgresql://app:canary@db/shop")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["login"], first["password"]) == ("signed_in", "sales", HIDDEN)
    assert second["event"] == f"connecting to postgresql://app:{HIDDEN}@db/shop"
    assert first["level"] == "info" and second["logger"] == "library" and first["timestamp"].endswith("Z")


@pytest.mark.usefixtures("logging_restored")
def test_log_lines_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "text")
    logger = structlog.get_logger("web")
    logger.info("not shown")
    logger.warning("shown", reason="余额")
    assert "shown" in (text := capsys.readouterr().err) and "余额" in text and "not shown" not in text


def test_secrets_are_hidden_at_any_depth() -> None:
    event = {"request": {"Authorization": "Bearer x", "rows": [{"api_key": 1, "name": "A"}]}, "cookies": "x", "n": 3}
    hidden = {
        "request": {"Authorization": HIDDEN, "rows": [{"api_key": HIDDEN, "name": "A"}]},
        "cookies": HIDDEN,
        "n": 3,
    }
    assert hide_secrets(None, "", event) == hidden


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("DETAIL:  Failing row contains (7, canary,\ncanary).\n[SQL: INSERT]", f"DETAIL: {HIDDEN}\n[SQL: INSERT]"),
        ("DETAIL:  Key (a)=(canary) already exists.\nHINT:  look", f"DETAIL: {HIDDEN}\nHINT:  look"),
        ('psycopg.errors.X: invalid input syntax for type integer: "ca"nary\n"', None),
        ('psycopg.errors.X: value "canary" is out of range for type integer', None),
        ('psycopg.errors.X: duplicate key value violates unique constraint "uq_a"', ""),
    ],
)
def test_what_the_database_quotes_is_hidden(text: str, kept: str | None) -> None:
    told = hide_secrets(None, "", {"exception": text})["exception"]
    assert "canary" not in told and "nary" not in told
    if kept is not None:
        assert told == (kept or text)


def test_arguments_for_pytest() -> None:
    assert pytest_arguments(()) == ["-n", "2", "--dist", "loadfile"]
    assert pytest_arguments(("tests/platform", "-k", "x"))[4:] == ["tests/platform", "-k", "x"]
    for decided in (("-n0",), ("-n", "4"), ("--pdb",), ("-p", "no:xdist")):
        assert pytest_arguments(decided) == list(decided)


def test_nothing_of_the_persons_own_reaches_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "SECRET_KEY", "COUNTINGHOUSE_HOME", "BROKER_URL"):
        monkeypatch.setenv(name, "mine")
    assert "mine" not in environment_of_tests().values()


def test_messages_follow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def sentence(**environ: str) -> str:
        for name in ("COUNTINGHOUSE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        messages.terminal_language.cache_clear()
        return messages.gettext("Stopped.")

    try:
        assert sentence() == sentence(LANG="C") == sentence(LANG="de_DE.UTF-8") == "Stopped."
        assert sentence(LANG="zh_CN.UTF-8") == sentence(LANG="C", COUNTINGHOUSE_LANGUAGE="zh") == "已停止。"
        assert sentence(LANG="zh_CN.UTF-8", COUNTINGHOUSE_LANGUAGE="en") == "Stopped."
    finally:
        messages.terminal_language.cache_clear()


def test_every_sentence_of_the_command_line_has_its_chinese() -> None:
    from web.odoo.adapter import SENTENCES

    catalogue = {entry.msgid: entry.msgstr for entry in polib.pofile(str(messages.CATALOGUE))}
    used = set(SENTENCES.values())
    for path in (path for name in ("cli", "drill", "bench") for path in (CHECKOUT / "web" / name).rglob("*.py")):
        for parts in re.findall(r'\b_\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+),?\s*\)', path.read_text(encoding="utf-8")):
            used.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', parts)))
    assert used == set(catalogue), "each sentence once in the catalogue, none too many"
    for message, chinese in catalogue.items():
        assert chinese and set(re.findall(r"%\(\w+\)s", chinese)) == set(re.findall(r"%\(\w+\)s", message))
