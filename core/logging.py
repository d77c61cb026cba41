"""Log lines: structured, on standard error, with secrets taken out before they are written."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
# Libraries that tell at level info what nobody needs.
CHATTY = ("alembic", "fontTools", "weasyprint")
SECRET_NAME = re.compile(r"password|passwd|secret|token|authorization|cookie|csrf|api_?key", re.IGNORECASE)
URL_PASSWORD = re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@")
# PostgreSQL quotes what a statement was given: the row that broke a rule, the key that was there, the text that is no
# number. Names of tables and constraints stay.
_AFTER = r"HINT: |DETAIL: |CONTEXT: |QUERY: |\[SQL|\(Background|The above |During handling|Traceback "
_TOLD_BESIDE = re.compile(rf"\b(DETAIL|CONTEXT|QUERY): .*?(?=(?:\n|\\n)+(?:{_AFTER})|\Z)", re.DOTALL)
_TOLD_WITHIN = re.compile(
    r"(psycopg\.errors\.\w+[:)][^\n]*?(?:: | value ))\".*?\"(?=\n|\\n|\Z| is out of range)", re.DOTALL
)


def hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose name says they are secret, passwords inside addresses, and what the database quotes of the
    values of a statement, at any depth."""
    for name in list(event):
        event[name] = HIDDEN if SECRET_NAME.search(name) else _without_secrets(event[name])
    return event


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        value = URL_PASSWORD.sub(rf"\1:{HIDDEN}@", value)
        if "psycopg" in value or "DETAIL: " in value:
            value = _TOLD_WITHIN.sub(rf"\1{HIDDEN}", _TOLD_BESIDE.sub(rf"\1: {HIDDEN}", value))
        return value
    if isinstance(value, dict):
        return {
            name: HIDDEN if SECRET_NAME.search(str(name)) else _without_secrets(inner) for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    return value


def configure_logging(level: str = "info", format: str = "text") -> None:
    """Send structlog's and the standard library's log lines to standard error, as text for people or JSON for machines.

    `level` and `format` are the values of LOG_LEVEL and LOG_FORMAT in `core.config.Settings`. May be called again.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                _renderer(format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _renderer(format: str) -> structlog.typing.Processor:
    if format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
