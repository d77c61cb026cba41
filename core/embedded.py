"""The PostgreSQL server that comes with the product: made, started, shared and stopped by the commands themselves.

One server per home folder. Every process that uses it holds a shared lock on one file; the process that can turn its
lock into an exclusive one is the last and stops the server. The kernel drops locks of processes killed with -9, so
nobody is waited for in vain. As root the server runs as an operating system user of its own, and no folder is opened
to others for it.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil
import psycopg
from psycopg import errors, sql

from core.config import Settings
from core.database_roles import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    SYSTEM_ROLE,
    assert_durability,
    ensure_roles,
    ensure_roles_and_grants,
)
from core.embedded_system import (
    MIB,
    EmbeddedDatabaseError,
    check_reachable,
    memory_for_buffers,
    private_folder,
    programs,
    server_user,
)

__all__ = [
    "EmbeddedDatabase",
    "EmbeddedDatabaseError",
    "assert_durability",
    "create_database_statement",
    "ensure_roles_and_grants",
    "open_database",
    "start_embedded",
    "stop_unused",
]

SUPERUSER = "postgres"
LONGEST_SOCKET_PATH = 103  # macOS allows 103 bytes, Linux 107
START_SECONDS = 120  # recovery after a crash may take its time
STOP_SECONDS = 60
# Given on the command line of every start, so that no file edited later can relax them.
DURABILITY = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
# Given in the same way: the server's own log holds no rows that broke a rule, which the detail of an error quotes.
DISCREET = {"log_error_verbosity": "terse"}
# Written once, when the cluster is made, beside the size of its buffers; ALTER SYSTEM overrides them.
CLUSTER_SETTINGS = {
    # A large import writes two gigabytes of log. With one allowed, a checkpoint came every half minute, and after each
    # of them every page that was touched again went into the log whole. More would take long to read after a crash.
    "max_wal_size": "2GB",
    "max_connections": "100",
    "wal_compression": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}


@dataclass(frozen=True)
class _Layout:
    """Where one home keeps its server."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def draft(self) -> Path:
        return self.home / "postgres.new"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    @property
    def socket(self) -> Path:
        """The folder of the socket: in the home, or, where that path is too long, in the temporary folder (made for
        the server's user alone, and refused when somebody else made it)."""
        near = self.home / "socket"
        if len(os.fsencode(near / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
            return near
        return Path("/tmp") / f"countinghouse-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]}"  # noqa: S108


class EmbeddedDatabase:
    """A handle on the running server of one home. `stop` gives the handle back; the last handle stops the server.

    `admin_url` is the owner of the database (migrations), `app_url` the role of the web, `system_url` the role of
    jobs and checks, `superuser_url` is for making roles and databases only.
    """

    def __init__(self, layout: _Layout, users: IO[bytes]) -> None:
        self._layout = layout
        self._users: IO[bytes] | None = users
        self._process = os.getpid()
        self.admin_url = self.url(OWNER_ROLE)
        self.app_url = self.url(APP_ROLE)
        self.system_url = self.url(SYSTEM_ROLE)
        self.superuser_url = self.url(SUPERUSER)

    def url(self, role: str, database: str = DATABASE) -> str:
        """The SQLAlchemy address of a database of this server for one role."""
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self._layout.socket))}&port=5432"

    @property
    def server_pid(self) -> int | None:
        """The process id of the living server, or None."""
        return _server_pid(self._layout)

    def is_running(self) -> bool:
        """Whether the server process lives (it may still be recovering)."""
        return _server_pid(self._layout) is not None

    def ensure_running(self) -> None:
        """Start the server again when it died under us. Raises EmbeddedDatabaseError when it does not come up."""
        with _exclusive(self._layout):
            _start_server(self._layout)

    def stop(self) -> None:
        """Give the handle back; stop the server if nobody else holds one. Safe to call twice, and in a forked child."""
        users, self._users = self._users, None
        if users is None or os.getpid() != self._process:
            return
        atexit.unregister(self.stop)
        with _exclusive(self._layout), users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            _stop_server(self._layout)

    def __enter__(self) -> "EmbeddedDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_embedded(home: Path) -> EmbeddedDatabase:
    """Make the server of `home` when it is missing, start it when it does not run, and return a handle on it.

    Takes the exclusive lock of the home meanwhile, so that processes starting together make one server. Raises
    EmbeddedDatabaseError. The handle is given back at the end of the process at the latest.
    """
    layout = _Layout(home.resolve())
    check_reachable(layout.home)
    with _exclusive(layout):
        if not (layout.data / "PG_VERSION").exists():
            _make_cluster(layout)
        _start_server(layout)
        _ensure_database(layout)
        users = (layout.home / "postgres.users").open("ab")
        fcntl.flock(users, fcntl.LOCK_SH)
        database = EmbeddedDatabase(layout, users)
    atexit.register(database.stop)
    return database


def stop_unused(home: Path) -> bool:
    """Stop the server of `home` when no process holds a handle on it any more (its users were killed), and tell
    whether it is down now. Starts nothing."""
    layout = _Layout(home.resolve())
    with _exclusive(layout), (layout.home / "postgres.users").open("ab") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _stop_server(layout)
        return True


def open_database(settings: Settings) -> tuple[Settings, EmbeddedDatabase | None]:
    """The settings with all database addresses filled in, and the handle to stop when the embedded server is used."""
    if not settings.embedded:
        return settings, None
    database = start_embedded(settings.home)
    filled = replace(
        settings,
        database_url=database.app_url,
        database_admin_url=database.admin_url,
        database_system_url=database.system_url,
    )
    return filled, database


@contextmanager
def _exclusive(layout: _Layout) -> Iterator[None]:
    with (layout.home / "postgres.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(layout: _Layout, program: str, *arguments: str, seconds: int) -> None:
    """Run one of PostgreSQL's programs as the server's user, in an environment of its own (PGDATA and the like stay
    out)."""
    user = server_user()
    become: dict[str, Any] = {}
    if user is not None:
        become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(layout.home)}
    # Output goes to a file: the server inherits it, and a pipe would be held open by it for ever.
    with (layout.home / "postgres.out").open("w+b") as output:
        result = subprocess.run(
            [str(programs() / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            timeout=seconds,
            **become,
        )
        if result.returncode:
            output.seek(0)
            raise EmbeddedDatabaseError(f"{program} failed: {output.read().decode(errors='replace').strip()[-2000:]}")


def _make_cluster(layout: _Layout) -> None:
    """Make the data folder aside and move it into place when it is whole, so that a kill half way leaves nothing half
    made."""
    if layout.data.exists():
        raise EmbeddedDatabaseError(f"{layout.data} is not a PostgreSQL data folder; move it away.")
    shutil.rmtree(layout.draft, ignore_errors=True)
    private_folder(layout.draft)
    written = CLUSTER_SETTINGS | {"shared_buffers": f"{memory_for_buffers() // MIB}MB"}
    settings = [argument for name, value in written.items() for argument in ("--set", f"{name}={value}")]
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={SUPERUSER}", "--data-checksums"]
    _run(layout, "initdb", *options, *settings, "-D", str(layout.draft), seconds=START_SECONDS)
    layout.draft.rename(layout.data)


def _server_pid(layout: _Layout) -> int | None:
    """The process id of the living server of this home, or None.

    The pid file alone proves nothing: after a crash the number may belong to another program. Our server works in its
    data folder.
    """
    try:
        process = psutil.Process(int((layout.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return None
        return process.pid if Path(process.cwd()) == layout.data else None
    except (OSError, ValueError, psutil.Error):
        return None


def _start_server(layout: _Layout) -> None:
    if _server_pid(layout) is not None:
        _wait_ready(layout)
        return
    private_folder(layout.socket)
    (layout.data / "postmaster.pid").unlink(missing_ok=True)
    given = " ".join(f"-c {name}={value}" for name, value in (DURABILITY | DISCREET).items())
    options = f"-k '{layout.socket}' -p 5432 {given}"
    arguments = ("-w", "-t", str(START_SECONDS), "-D", str(layout.data), "-l", str(layout.log), "-o", options, "start")
    deadline = time.monotonic() + 20
    while True:
        try:
            _run(layout, "pg_ctl", *arguments, seconds=START_SECONDS + 10)
            break
        except EmbeddedDatabaseError as error:
            # Processes of a server that was killed hold its shared memory until they notice; then starting works.
            tail = _log_tail(layout)
            if "shared memory block" not in tail or time.monotonic() > deadline:
                raise EmbeddedDatabaseError(f"The database server did not start: {error}\n{tail}") from error
            time.sleep(0.25)
    _wait_ready(layout)


def _log_tail(layout: _Layout) -> str:
    try:
        return layout.log.read_text(errors="replace")[-1500:]
    except OSError:
        return ""


def _wait_ready(layout: _Layout) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _connect(layout, "postgres").close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or _server_pid(layout) is None:
                raise EmbeddedDatabaseError(
                    f"The database server does not answer: {error}\n{_log_tail(layout)}"
                ) from error
            time.sleep(0.05)


def _stop_server(layout: _Layout) -> None:
    if _server_pid(layout) is not None:
        _run(
            layout,
            "pg_ctl",
            "-w",
            "-t",
            str(STOP_SECONDS),
            "-m",
            "fast",
            "-D",
            str(layout.data),
            "stop",
            seconds=STOP_SECONDS + 10,
        )


def _connect(layout: _Layout, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=str(layout.socket), port=5432, user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=10
    )


def _ensure_database(layout: _Layout) -> None:
    """Roles and database, each made when missing."""
    with _connect(layout, "postgres") as connection:
        ensure_roles(connection, (OWNER_ROLE, APP_ROLE, SYSTEM_ROLE))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            with suppress(errors.DuplicateDatabase):
                connection.execute(create_database_statement(DATABASE, OWNER_ROLE))


def create_database_statement(name: str, owner: str) -> sql.Composed:
    """CREATE DATABASE with PostgreSQL's own Unicode rules, so that sorting does not depend on the machine's locales."""
    return sql.SQL(
        "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' "
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
    ).format(sql.Identifier(name), sql.Identifier(owner))
