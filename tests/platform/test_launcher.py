"""./manage on a machine with only python3: makes its environment, keeps it up to date, repairs an interrupted one.

The launcher is the real one; the project it starts is a small one without libraries, so that nothing is downloaded.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.config import CHECKOUT

SYSTEM_PYTHON = "/usr/bin/python3"
NOBODY = 65534
PROJECT = """
[project]
name = "small"
version = "1"
dependencies = []

[project.optional-dependencies]
dev = []
"""
MAIN = """
import os, sys
print("called with", sys.argv[1:], "in", os.getcwd(), "by", sys.executable)
"""


@dataclass
class Checkout:
    """A small project with the launcher, owned by an ordinary user when we are root."""

    root: Path
    identity: dict[str, Any]

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        home = self.root.parent / "home"
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), **environ}
        return subprocess.run(
            [str(self.root / "manage"), *arguments],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **self.identity,
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.own()

    def own(self) -> None:
        if self.identity:
            for path in (self.root.parent, *self.root.parent.rglob("*")):
                os.lchown(path, NOBODY, NOBODY)


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """A folder with a space in its path, reachable for an ordinary user."""
    base = Path(tempfile.mkdtemp(prefix="launcher-", dir="/tmp"))
    root = base / "my shop"
    (base / "home").mkdir()
    root.mkdir()
    shutil.copy(CHECKOUT / "manage", root / "manage")
    as_nobody = os.geteuid() == 0 and Path(SYSTEM_PYTHON).exists()
    made = Checkout(root, {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_nobody else {})
    made.write("pyproject.toml", PROJECT)
    made.write("web/__init__.py", "")
    made.write("web/cli/__init__.py", "")
    made.write("web/cli/__main__.py", MAIN)
    yield made
    shutil.rmtree(base)


def test_first_run_later_runs_changes_and_repair(checkout: Checkout) -> None:
    first = checkout.run("serve", "two words", "*")
    assert first.returncode == 0, first.stderr
    assert "called with ['serve', 'two words', '*'] in / by" in first.stdout
    assert str(checkout.root / ".venv") in first.stdout
    assert "first run, about a minute" in first.stderr
    assert not (checkout.root / ".venv.lock").exists()

    second = checkout.run("serve")
    assert (second.returncode, second.stderr) == (0, "")

    checkout.write("pyproject.toml", PROJECT + "\n# changed\n")
    changed = checkout.run("serve")
    assert "up to date" in changed.stderr and changed.returncode == 0
    assert checkout.run("serve").stderr == ""

    tested = checkout.run("test")
    assert "up to date" in tested.stderr, "the tests bring the developer's libraries"
    assert checkout.run("test").stderr == checkout.run("serve").stderr == ""

    checkout.write(".venv/.countinghouse-installing", "")
    repaired = checkout.run("serve")
    assert "interrupted; starting over" in repaired.stderr and repaired.returncode == 0
    assert checkout.run("serve").stderr == ""


def test_lock_of_a_killed_run_is_taken_over(checkout: Checkout) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    checkout.write(".venv.lock/pid", f"{process.pid}\n")
    taken = checkout.run("serve")
    assert taken.returncode == 0 and "called with" in taken.stdout


def test_broken_environment_is_made_anew(checkout: Checkout) -> None:
    checkout.write(".venv/bin/python", "#!/bin/sh\nexit 1\n")
    (checkout.root / ".venv/bin/python").chmod(0o755)
    mended = checkout.run("serve")
    assert mended.returncode == 0 and "making it anew" in mended.stderr


def test_environment_of_ones_own(checkout: Checkout) -> None:
    refused = checkout.run("serve", COUNTINGHOUSE_VENV="/nowhere")
    assert refused.returncode == 1 and "/nowhere" in refused.stderr
    assert not (checkout.root / ".venv").exists()


def test_without_a_python_that_will_do(checkout: Checkout) -> None:
    tools = checkout.root.parent / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "cksum", "readlink", "id", "mkdir", "rm", "cat"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    refused = checkout.run("serve", PATH=str(tools))
    assert refused.returncode == 1
    assert "apt-get install -y python3 python3-venv" in refused.stderr
    assert not (checkout.root / ".venv.lock").exists()


def test_help_of_the_real_one_is_quick_and_whole() -> None:
    environment = {**os.environ, "COUNTINGHOUSE_VENV": sys.prefix, "COUNTINGHOUSE_LANGUAGE": "en"}
    result = subprocess.run(
        [CHECKOUT / "manage", "--help"],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for name in ("demo", "serve", "worker", "migrate", "integrity-check", "token", "test", "bench", "odoo-check"):
        assert f"  {name} " in result.stdout


def test_a_wrong_setting_is_one_sentence() -> None:
    environment = {**os.environ, "COUNTINGHOUSE_VENV": sys.prefix, "COUNTINGHOUSE_LANGUAGE": "en", "PORT": "x"}
    result = subprocess.run(
        [CHECKOUT / "manage", "serve"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (result.returncode, result.stderr) == (1, "Error: PORT must be a whole number from 1 to 65535.\n")
