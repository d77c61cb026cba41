"""The three database roles, what they may do, and the check that a commit really is on disk.

Works the same on the embedded server and on a server of the user's own (PostgreSQL 15 or newer). `owner` runs
migrations and owns the tables; `app` serves the web and owns nothing; `system` runs jobs and checks, sees every row
and owns nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql

DATABASE = "countinghouse"
OWNER_ROLE = "countinghouse_owner"
APP_ROLE = "countinghouse_app"
SYSTEM_ROLE = "countinghouse_system"
# lock_timeout, statement_timeout, idle_in_transaction_session_timeout
APP_TIMEOUTS = ("10s", "30s", "60s")
SYSTEM_TIMEOUTS = ("30s", "10min", "5min")
TIMEOUT_NAMES = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
DURABILITY_NAMES = ("fsync", "full_page_writes", "synchronous_commit")

Connection = psycopg.Connection[Any]


class RolesError(Exception):
    """A role is missing or unsuitable and we may not mend it; the message carries the SQL to run."""


class DurabilityError(Exception):
    """The server would acknowledge a commit that is not on disk."""


@dataclass(frozen=True)
class RoleNames:
    """The roles of one database; a server of the user's own may name them differently. Passwords None where none is
    needed."""

    app: str = APP_ROLE
    system: str = SYSTEM_ROLE
    app_password: str | None = None
    system_password: str | None = None


def durability_faults(values: Mapping[str, str]) -> list[str]:
    """The settings of `values` (name → value) under which an acknowledged commit may be lost."""
    allowed = {
        "fsync": {"on"},
        "full_page_writes": {"on"},
        "synchronous_commit": {"local", "remote_write", "on", "remote_apply"},
    }
    return [f"{name} is {values.get(name)}" for name in DURABILITY_NAMES if values.get(name) not in allowed[name]]


def assert_durability(connection: Any) -> None:
    """Raise DurabilityError unless commits of this session are flushed before they are acknowledged.

    Takes a psycopg or an SQLAlchemy connection.
    """
    execute = getattr(connection, "exec_driver_sql", connection.execute)
    row = execute(
        "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')"
    ).fetchone()
    faults = durability_faults(dict(zip(DURABILITY_NAMES, row, strict=True)))
    if faults:
        raise DurabilityError("The database may lose acknowledged commits: " + ", ".join(faults) + ".")


def ensure_roles_and_grants(admin_connection: Connection, names: RoleNames | None = None) -> None:
    """Make the app and system roles where they are missing, and grant them what they need on the tables of schema
    public.

    `admin_connection` is a psycopg connection of the role that runs the migrations, on the database itself. Never
    grants TRUNCATE, and leaves tables alone on which a migration has already decided. Raises RolesError with the SQL
    to run when roles cannot be made.
    """
    names = names or RoleNames()
    passwords = {names.app: names.app_password, names.system: names.system_password}
    _refuse_one_role_for_all(admin_connection, names)
    ensure_roles(admin_connection, (names.app, names.system), passwords=passwords, system=names.system)
    _ensure_grants(admin_connection, (names.app, names.system))
    admin_connection.commit()


def ensure_roles(
    connection: Connection,
    roles: Sequence[str],
    *,
    passwords: Mapping[str, str | None] | None = None,
    system: str = SYSTEM_ROLE,
) -> None:
    """Make each role of `roles` that is missing. Idempotent; safe when two processes do it at once."""
    present = {
        name: bypass
        for name, bypass in connection.execute(
            "SELECT rolname, rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = ANY(%s)", (list(roles),)
        ).fetchall()
    }
    for role in roles:
        if role not in present:
            _make_role(connection, role, (passwords or {}).get(role), system)
        elif role == system and not present[role]:
            _run(connection, [sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(role))])


def role_statements(role: str, password: str | None, system: str = SYSTEM_ROLE) -> list[sql.Composed]:
    """The SQL that makes one role."""
    options = sql.SQL(" BYPASSRLS") if role == system else sql.SQL("")
    secret = sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
    statements = [sql.SQL("CREATE ROLE {} LOGIN{}{}").format(sql.Identifier(role), options, secret)]
    if role != OWNER_ROLE:
        timeouts = SYSTEM_TIMEOUTS if role == system else APP_TIMEOUTS
        statements += [
            sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(role), sql.Identifier(name), sql.Literal(value))
            for name, value in zip(TIMEOUT_NAMES, timeouts, strict=True)
        ]
    return statements


def _make_role(connection: Connection, role: str, password: str | None, system: str) -> None:
    try:
        _run(connection, role_statements(role, password, system))
    except (errors.DuplicateObject, errors.UniqueViolation):
        return  # made by another process in between


def _run(connection: Connection, statements: Sequence[sql.Composed]) -> None:
    """Run the statements in a (sub)transaction; when we lack the right, say what somebody with the right should run."""
    try:
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)
    except errors.InsufficientPrivilege as error:
        text = ";\n".join(statement.as_string(connection) for statement in statements)
        raise RolesError(f"This database user may not make roles. Run as a superuser:\n{text};") from error


def _refuse_one_role_for_all(connection: Connection, names: RoleNames) -> None:
    (current,) = connection.execute("SELECT current_user").fetchone() or ("",)
    if current in (names.app, names.system):
        raise RolesError(
            f"The role {current} runs the migrations and owns the tables, so it cannot serve the web or the jobs too. "
            "Give DATABASE_URL, DATABASE_SYSTEM_URL and DATABASE_ADMIN_URL three different users; missing ones are "
            "made."
        )


def _ensure_grants(connection: Connection, roles: Sequence[str]) -> None:
    """USAGE on the schema, rows of all tables, all sequences, and the same for tables made later by this role."""
    grantees = sql.SQL(", ").join(map(sql.Identifier, roles))
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, grantees))
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
    ):
        connection.execute(sql.SQL(statement).format(grantees))
    for role in roles:
        _grant_ungranted_tables(connection, role)
    if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() != (None,):
        connection.execute(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON public.alembic_version FROM {}").format(grantees))


def _grant_ungranted_tables(connection: Connection, role: str) -> None:
    """Grant on tables the role cannot read yet. A table it can read had its rights settled, perhaps narrowed, by a
    migration."""
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') "
        "AND NOT has_table_privilege(%s, oid, 'SELECT') ORDER BY relname",
        (role,),
    ).fetchall()
    for (table,) in tables:
        connection.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON public.{} TO {}").format(
                sql.Identifier(table), sql.Identifier(role)
            )
        )
