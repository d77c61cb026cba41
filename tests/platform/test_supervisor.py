"""The supervisor: starts, restarts with growing pauses, gives up when nothing ever comes up, stops all it started."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.config import CHECKOUT, SettingsError, load_settings
from web.cli.serve import check_port, demo_mark, settings_to_serve
from web.supervisor import Child, child_environment, web_child, worker_child

# A supervisor over one child that writes its process id and has a child of its own, as a web server has workers.
PROGRAM = """
import os, sys
from pathlib import Path
from web.supervisor import Child, Supervisor
folder = Path(sys.argv[1])
body = "import os,subprocess,sys,time;inner=subprocess.Popen([sys.executable,'-c','import time;time.sleep(60)']);" \
       "open(sys.argv[1],'a').write(f'{os.getpid()} {inner.pid}\\\\n');time.sleep(60)"
child = Child("web", [sys.executable, "-c", body, str(folder / "pids")], dict(os.environ))
Supervisor([child], None, lambda: (folder / "pids").exists(), lambda: (folder / "announced").touch()).run()
"""


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Supervised:
    """The program above, running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stderr=subprocess.DEVNULL,
        )
        wait_for((folder / "announced").exists)

    def starts(self) -> list[list[int]]:
        """Process ids of each start so far: the child and its child."""
        lines = (self.folder / "pids").read_text().split("\n")[:-1]
        return [[int(number) for number in line.split()] for line in lines]


def test_stops_all_it_started(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path)
    (pids,) = supervised.starts()
    supervised.process.send_signal(signal.SIGTERM)
    assert supervised.process.wait(15) == 0
    assert all(map(gone, pids))


def test_starts_again_what_died_and_clears_what_it_left(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path)
    (first,) = supervised.starts()
    os.kill(first[0], signal.SIGKILL)
    wait_for(lambda: len(supervised.starts()) == 2)
    assert all(map(gone, first))
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(15) == 0
    assert all(map(gone, supervised.starts()[1]))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_killed_supervisor_leaves_no_child(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path)
    (pids,) = supervised.starts()
    supervised.process.kill()
    supervised.process.wait()
    wait_for(lambda: gone(pids[0]))
    if not gone(pids[1]):
        os.kill(pids[1], signal.SIGKILL)  # the inner program of this test does not watch its parent


def test_gives_up_when_nothing_ever_comes_up(tmp_path: Path) -> None:
    program = """
import os, sys
from web.supervisor import Child, SupervisionError, Supervisor
try:
    Supervisor([Child("web", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))], None, bool, print).run()
except SupervisionError as error:
    sys.exit(str(error))
"""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 1 and "The web process ended 3 times" in result.stderr


def test_pauses_grow_to_half_a_minute() -> None:
    child = Child("web", [], {})
    pauses = []
    for child.failures_in_row in range(1, 12):
        pauses.append(child.pause())
    assert pauses[:4] == [0.25, 0.5, 1.0, 2.0] and pauses[-1] == 30.0


def test_children_get_only_the_roles_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("ADMIN_", "SYSTEM_", ""):
        monkeypatch.setenv(f"DATABASE_{role}URL", f"postgresql://{role.lower()}user@db/shop")
    settings = load_settings({**os.environ, "COUNTINGHOUSE_HOME": str(tmp_path), "COUNTINGHOUSE_ENV": "test"})
    web, worker = web_child(settings), worker_child(settings)
    assert web.environment["DATABASE_URL"] == "postgresql+psycopg://user@db/shop"
    assert "DATABASE_SYSTEM_URL" not in web.environment
    assert worker.environment["DATABASE_SYSTEM_URL"] == "postgresql+psycopg://system_user@db/shop"
    assert not any("DATABASE_ADMIN_URL" in child.environment for child in (web, worker))
    assert child_environment(settings)["COUNTINGHOUSE_HOME"] == str(tmp_path)


def test_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=str(port)):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_home_with_the_demo_company_stays_on_this_machine(tmp_path: Path) -> None:
    demo_mark(tmp_path).touch()
    outside = load_settings({"COUNTINGHOUSE_HOME": str(tmp_path), "HOST": "0.0.0.0"})
    with pytest.raises(SettingsError, match="demo company"):
        settings_to_serve(outside, None)
    inside = load_settings({"COUNTINGHOUSE_HOME": str(tmp_path)})
    assert settings_to_serve(inside, free_port()).environment == "demo"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
