"""The house holds: imports point down one line, files stay short, nothing forbidden stands in the code."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.architecture.hooks import ROOT, sources

WANTED, LONGEST = 400, 500


def test_imports_point_down_one_line() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_stay_short() -> None:
    """Four hundred lines are wanted, and what is longer is reported; five hundred are the end."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    long = {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > WANTED}
    print("longer than wanted:", long)
    assert max(lengths.values()) <= LONGEST, long


def test_domain_code_never_commits() -> None:
    """Only `core.command` and the plan end a transaction; a domain function that commits breaks all or nothing."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, module in sources().items()
        if path.relative_to(ROOT).parts[0] in ("finance", "inventory", "crm")
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback", "begin")
    ]
    assert found == []


def test_amounts_are_rounded_in_one_place() -> None:
    """`ROUND_…` and float arithmetic on money stay out of the domain."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.id}"
        for path, module in sources().items()
        if path.relative_to(ROOT).parts[0] in ("finance", "inventory", "crm")
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and (node.id.startswith("ROUND_") or node.id == "float")
    ]
    assert found == []
