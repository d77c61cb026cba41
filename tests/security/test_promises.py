"""SECURITY.md promises nothing that no test proves: each named file is there, and each named function in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "SECURITY.md"
# A test as the paper names it: `tests/…/test_x.py` or `tests/…/test_x.py::test_y`.
NAMED = re.compile(r"`(tests/[\w/]+\.(?:py|txt))(?:::(\w+))?`")


def missing(paper: str) -> list[str]:
    """What the paper names and the tree has not."""
    found = []
    for path, function in dict.fromkeys(NAMED.findall(paper)):
        file = ROOT / path
        if not file.is_file():
            found.append(path)
        elif function and function not in functions_of(file):
            found.append(f"{path}::{function}")
    return found


def functions_of(file: Path) -> set[str]:
    return {
        node.name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


def test_every_test_that_is_named_is_there() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    assert len(NAMED.findall(paper)) > 40
    assert missing(paper) == []


def test_every_promise_names_its_test() -> None:
    """Each row of the table of promises ends with a test."""
    paper = PAPER.read_text(encoding="utf-8")
    table = paper[paper.index("## What is promised") : paper.index("## What is not promised")]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "|--"))]
    assert len(rows) > 30
    assert [row for row in rows if not NAMED.search(row.rsplit("|", 2)[1])] == []


def test_what_is_missing_is_seen() -> None:
    assert missing("`tests/security/test_nothing.py`") == ["tests/security/test_nothing.py"]
    assert missing("`tests/security/test_promises.py::test_nothing`") == [
        "tests/security/test_promises.py::test_nothing"
    ]
    assert missing("`tests/security/test_promises.py::test_what_is_missing_is_seen`") == []
