"""Reads a workbook in a process of its own, so that one made to take memory takes no more than is allowed, and takes
nothing else with it: `python -m core.imports.workbook` reads the file from its input and writes its sheets as JSON
lines.

A small file may say that one cell stands in the last row and column there is, for which a reader lays out all cells.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any, Final

MOST_SHEETS: Final = 20
MEMORY_BYTES: Final = 1_500_000_000
CPU_SECONDS: Final = 60
TOO_LARGE, UNREADABLE = 3, 4


def cell_text(value: Any) -> str | None:
    """A cell as text: whole numbers without a fraction, days and moments in ISO 8601, nothing for an empty one."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).strip() or None


def main(most_rows: int, most_columns: int) -> int:
    """Writes `{"sheet": name}` before the rows of each visible sheet that holds anything. Returns the exit code."""
    _limit_this_process()
    from io import BytesIO

    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    write = sys.stdout.write
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
        shown = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        for name in shown[:MOST_SHEETS]:
            sheet = book.get_sheet_by_name(name)
            if sheet.start is None:
                continue
            if sheet.total_height > most_rows or sheet.total_width > most_columns:
                return TOO_LARGE
            write(json.dumps({"sheet": name}) + "\n")
            for row in sheet.to_python(skip_empty_area=False):
                write(json.dumps([cell_text(value) for value in row], ensure_ascii=False) + "\n")
    except (CalamineError, ValueError, KeyError):
        return UNREADABLE
    except MemoryError:
        return TOO_LARGE
    return 0


def _limit_this_process() -> None:
    try:
        import resource
    except ImportError:  # where there is no such limit, the checks before it stand alone
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
