"""The PostgreSQL of a test run: one server, one migrated template database, a clone per worker and per test that asks
for one."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from core.config import SYSTEM_STATE_FOLDER, normalise_database_url
from core.database_roles import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, ensure_roles
from core.embedded import EmbeddedDatabase, start_embedded, stop_unused

PASSWORD = "countinghouse-test"
MEMORY = Path("/dev/shm")
"""A file system in memory: commits and the files of a new database are flushed there as on a disk, at once."""
ENOUGH_MEMORY = 4 * 2**30
"""Bytes free there, and in the machine, so that a run fits into it."""
PREFIX = "test-"


@dataclass(frozen=True)
class DatabaseUrls:
    """One database as its roles see it; `superuser` is for tests of the platform itself."""

    name: str
    admin: str
    app: str
    system: str
    superuser: str


def new_run_home() -> Path:
    """An empty folder for this run; its name carries our process id, so that a killed run's folder can be told and
    removed."""
    base = SYSTEM_STATE_FOLDER if os.geteuid() == 0 else Path(tempfile.gettempdir())
    if _holds_a_run(MEMORY):
        base = MEMORY
    base.mkdir(parents=True, exist_ok=True)
    remove_killed_runs(base)
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base)).resolve()
    home.chmod(0o711)
    return home


def _holds_a_run(folder: Path) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    return min(shutil.disk_usage(folder).free, psutil.virtual_memory().available) >= ENOUGH_MEMORY


def remove_killed_runs(base: Path) -> None:
    """Remove the folders of our own runs whose process is gone."""
    for folder in base.glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-", 1)[0]
        if pid.isdigit() and folder.stat().st_uid == os.geteuid() and not psutil.pid_exists(int(pid)):
            remove_home(folder)


def remove_home(home: Path) -> None:
    """Stop what still runs in the folder and remove it, unless a living process uses it."""
    if not (home / "postgres").exists() or stop_unused(home):
        shutil.rmtree(home, ignore_errors=True)


class Server:
    """The server of this run: embedded, or the one TEST_DATABASE_ADMIN_URL names (a superuser of a server kept for
    tests: the passwords of the product's roles are set there)."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._embedded: EmbeddedDatabase | None = None
        given = os.environ.get("TEST_DATABASE_ADMIN_URL")
        if given:
            self._superuser = make_url(normalise_database_url(given))
            self._prepare_given_server()
        else:
            self._embedded = start_embedded(home)
            self._superuser = make_url(self._embedded.superuser_url)
        self.template = f"template_{home.name}".replace("-", "_").lower()

    def stop(self) -> None:
        if self._embedded is not None:
            self._embedded.stop()

    def urls(self, name: str) -> DatabaseUrls:
        return DatabaseUrls(
            name, self._url(name, OWNER_ROLE), self._url(name, APP_ROLE), self._url(name, SYSTEM_ROLE), self._url(name)
        )

    def clone(self, name: str) -> DatabaseUrls:
        """A new database with the schema of the template, empty of rows but for what migrations insert."""
        self._ensure_template()
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        with self._connect("postgres") as connection:
            connection.execute(statement.format(*map(sql.Identifier, (name, self.template, OWNER_ROLE))))
        return self.urls(name)

    def drop(self, name: str) -> None:
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _ensure_template(self) -> None:
        from web.cli.migrate import migrate_database

        with self._lock("template.lock"), self._connect("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self.template,)).fetchone():
                return
            draft = f"{self.template}_draft"
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(draft)))
            self._create_empty(connection, draft)
            urls = self.urls(draft)
            migrate_database(urls.admin, urls.app, urls.system)
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(draft), sql.Identifier(self.template)))

    def create_empty(self, name: str) -> DatabaseUrls:
        """A database without tables, owned by the owner role."""
        with self._connect("postgres") as connection:
            self._create_empty(connection, name)
        return self.urls(name)

    def _create_empty(self, connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
        provider = "C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        if connection.info.server_version < 170000:
            provider = "C.UTF-8'"
        statement = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE '" + provider
        connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(OWNER_ROLE)))

    def _prepare_given_server(self) -> None:
        roles = (OWNER_ROLE, APP_ROLE, SYSTEM_ROLE)
        with self._lock("roles.lock"), self._connect(self._superuser.database or "postgres") as connection:
            ensure_roles(connection, roles)
            for role in roles:
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
                connection.execute(statement)

    def _url(self, database: str, role: str | None = None) -> str:
        url: URL = self._superuser.set(database=database)
        if role is not None:
            url = url.set(username=role, password=None if self._embedded else PASSWORD)
        return url.render_as_string(hide_password=False)

    def _connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self._url(database).replace("+psycopg", "", 1), autocommit=True)

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self._home / name).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
