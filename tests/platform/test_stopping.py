"""A command told to stop in the middle stops the database it started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.config import CHECKOUT
from core.embedded import start_embedded

PROGRAM = """
import signal, sys
import click
from web.cli import __main__ as line
from web.cli.opened import opened

@click.command()
def command():
    with opened():
        print("open", flush=True)
        sys.stdin.readline()

line.COMMANDS["migrate"] = ("waiting", "")
sys.modules["waiting"] = type(sys)("waiting")
sys.modules["waiting"].command = command
sys.argv[1:] = ["migrate"]
line.run()
"""


def test_sigterm_stops_the_database_too(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "COUNTINGHOUSE_HOME": str(home)}
    environment.pop("DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert not (home / "postgres" / "postmaster.pid").exists()
    with start_embedded(home) as database:
        assert database.is_running()
