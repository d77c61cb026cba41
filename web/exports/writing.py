"""Rows as a file: CSV and XLSX, in which no text can act as a formula and numbers stay numbers.

Spreadsheets take a CSV cell that begins with `=`, `+`, `-`, `@`, their full-width forms, a tab or a line end for a
formula; such a text gets an apostrophe in front, by which they show it as it is (OWASP, CSV injection). Where a country
writes decimals with a comma they part cells at the semicolon, whatever stands in quotes: what would begin a cell there
gets one too. A XLSX cell has a type: texts are written as texts, and links as nothing more.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, NamedTuple

from xlsxwriter import Workbook

from web.filters import local

_SIGNS: Final = "=+@\uff1d\uff0b\uff0d\uff20-"
ACTING: Final = tuple(f"{_SIGNS}\t\r\n")
_BEGINS_A_CELL: Final = re.compile(rf'([;\t\r\n]["\s]*)(?=[{_SIGNS}])')
KEPT_IN_MEMORY: Final = 4 * 1024 * 1024
WIDEST: Final = 60
LONGEST_CELL: Final = 32_767


class Format(NamedTuple):
    """What a file is: its ending, its type, and how texts become bytes (none: XLSX)."""

    ending: str
    media_type: str
    encoding: str = ""


FORMATS: Final = {
    "xlsx": Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    # The mark tells spreadsheets that it is UTF-8.
    "csv": Format("csv", "text/csv; charset=utf-8", "utf-8-sig"),
    "csv-gb18030": Format("csv", "text/csv; charset=gb18030", "gb18030"),
}


def inert(text: str) -> str:
    """The text as a CSV cell that no spreadsheet runs."""
    text = _BEGINS_A_CELL.sub(r"\1'", text)
    return f"'{text}" if text.lstrip(" \u3000").startswith(ACTING) else text


def write_rows(file_format: str, title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """The file with a line of heads, open at its beginning; beyond a few MB it lies on the disk.

    Cells are texts, numbers (Decimal, int), days, moments (shown in the company's zone) or None.
    """
    file: IO[bytes] = SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 (the answer closes it)
    if file_format == "xlsx":
        _write_workbook(file, title, heads, rows)
    else:
        _write_csv(file, FORMATS[file_format].encoding, heads, rows)
    file.seek(0)
    return file


def _write_csv(file: IO[bytes], encoding: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([inert(head) for head in heads])
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    text.detach()


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return local(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, int) else inert(str(value))


def _write_workbook(file: IO[bytes], title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(file, options | {"strings_to_numbers": False, "in_memory": False})
    sheet = book.add_worksheet("".join(letter for letter in title if letter not in "[]:*?/\\'")[:31] or None)
    bold = book.add_format({"bold": True, "bottom": 1})
    styles: dict[type, Any] = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    sheet.freeze_panes(1, 0)
    for column, head in enumerate(heads):
        sheet.set_column(column, column, min(max(12, len(head) + 2), WIDEST))
        sheet.write_string(0, column, head, bold)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            _write_cell(sheet, line, column, value, styles)
    book.close()


def _write_cell(sheet: Any, line: int, column: int, value: Any, styles: dict[type, Any]) -> None:
    if value is None:
        return
    if isinstance(value, datetime):
        sheet.write_datetime(line, column, local(value).replace(tzinfo=None), styles[datetime])
    elif isinstance(value, date):
        sheet.write_datetime(line, column, datetime(value.year, value.month, value.day), styles[date])
    elif isinstance(value, Decimal | int) and not isinstance(value, bool):
        sheet.write_number(line, column, value)
    else:
        sheet.write_string(line, column, str(value)[:LONGEST_CELL])
