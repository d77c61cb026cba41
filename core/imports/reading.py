"""Files as tables of text: workbooks new and old, and CSV in any encoding, line by line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import DomainError
from core.imports import workbook
from core.uploads import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    Table,
    check_any_workbook,
    check_csv,
    is_workbook,
    table_too_large,
)

LONGEST_NAME: Final = 200
_ROOT: Final = Path(__file__).resolve().parents[2]
_READER: Final = "core.imports.workbook"
Line = list[str | None]


@dataclass(frozen=True)
class Sheet:
    """A table of a file with its lines in order; they can be gone through once."""

    name: str
    encoding: str | None
    lines: Iterator[Line]


class Upload:
    """A file somebody handed in, checked when it is made. Its name is only shown, never used.

    Raises DomainError for what is no table, too large, or made to hurt (`core.uploads`).
    """

    def __init__(self, name: str, content: bytes, encoding: str | None = None) -> None:
        self.name = name.replace("\\", "/").rsplit("/", 1)[-1][:LONGEST_NAME] or "?"
        self.content = content
        self.table: Table | None = None
        if is_workbook(content):
            check_any_workbook(content)
        else:
            self.table = check_csv(content, encoding=encoding)

    def sheets(self) -> Iterator[Sheet]:
        """Its tables, read anew each time; each must be read to its end before the next. Raises as the reader does."""
        if self.table is not None:
            yield Sheet(self.name, self.table.encoding, _csv_lines(self.table))
        else:
            yield from _workbook_sheets(self.name, self.content)


def _csv_lines(table: Table) -> Iterator[Line]:
    for row in csv.reader(io.StringIO(table.text, newline=""), delimiter=table.delimiter):
        yield [_cell(text) for text in row]


def _cell(text: str) -> str | None:
    """A cell without blanks around it; what an export put before a text so that it does not act is taken off again."""
    text = text.strip()
    if text.startswith("'") and text[1:2] in "=+-@":
        text = text[1:]
    return text or None


def _workbook_sheets(name: str, content: bytes) -> Iterator[Sheet]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        command = [sys.executable, "-P", "-m", _READER, str(MOST_ROWS), str(MOST_COLUMNS)]
        with subprocess.Popen(
            command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT,
            env={"PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8"},
        ) as process:  # fmt: skip
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
            try:
                yield from _sheets_in(name, process.stdout)
            finally:
                process.stdout.close()
                if process.poll() is None and process.wait() < 0:
                    pass
        _raise_for(process.returncode)


def _sheets_in(name: str, stream: Any) -> Iterator[Sheet]:
    """Sheets out of the reader's lines. One whose lines were not gone through to the end is skipped."""
    waiting: list[str] = []

    def rows() -> Iterator[Line]:
        for raw in stream:
            found = json.loads(raw)
            if isinstance(found, dict):
                waiting.append(found["sheet"])
                return
            yield [text[:LONGEST_CELL] if text else None for text in found]

    for raw in stream:
        waiting.append(json.loads(raw)["sheet"])
        break
    while waiting:
        sheet = waiting.pop()
        lines = rows()
        yield Sheet(f"{name}: {sheet}"[:LONGEST_NAME], None, lines)
        for _ in lines:
            pass


def _raise_for(code: int) -> None:
    if code == workbook.UNREADABLE:
        raise DomainError("upload_no_workbook", http_status=422)
    if code:  # told so, or stopped by its limits
        raise table_too_large()
