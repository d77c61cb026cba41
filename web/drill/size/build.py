"""Makes a company of a given size out of a loaded one, step by step; what was done is kept, so that a run that was
ended is taken up where it stopped.

Runs as a superuser, in a database that is for measures only: triggers and foreign keys rest meanwhile, and all indexes
but the primary keys are taken away before the rows are written and made again behind them. Nobody else uses the
database meanwhile. What `integrity-check` derives holds afterwards as it did before, but for the audit trail: the
documents made here have no rows in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import NullPool, create_engine

from core.models_registry import import_all_models
from core.search_entries import rebuild
from web.drill.size import people
from web.drill.size.copies import Shape, copy_statement, renumber_statements, tables
from web.drill.size.customers import MadeCustomer, made_customers

Connection = psycopg.Connection[Any]
Step = tuple[str, Callable[[Connection], None]]
Say = Callable[[str], None]
BEGIN = """
    CREATE SCHEMA IF NOT EXISTS drill;
    CREATE TABLE IF NOT EXISTS drill.step (name text PRIMARY KEY, done_at timestamptz DEFAULT clock_timestamp());
    CREATE TABLE IF NOT EXISTS drill.plan (size int, copies int, stride int, last bigint);
    CREATE TABLE IF NOT EXISTS drill.index (place serial, name text, owner text, definition text);
"""
# Memory for sorts, no waiting for the disk at each step, and no triggers: for this session only.
SESSION = """
    SET session_replication_role = replica;
    SET synchronous_commit = off;
    SET maintenance_work_mem = '1GB';
    SET work_mem = '256MB';
    SET client_min_messages = warning;
    SET jit = off;
"""
# Less writing twice; put back at the end.
SERVER = {"max_wal_size": "8GB", "checkpoint_timeout": "30min"}


LAST = "vacuum and analyze"
ENTRIES = "search entries"
LONG = frozenset(("indexes back", ENTRIES, LAST))
"""Steps that are no transaction of their own."""


class AlreadySized(RuntimeError):
    """The database was made for another size."""


def build(url: str, *, size: int, say: Say) -> None:
    """Grows the company in the database at `url` (a superuser's) to `size` customers, orders and invoices each.

    Raises AlreadySized where the database was grown to another size, RuntimeError where there is nothing to grow.
    """
    import_all_models()
    with psycopg.connect(url, autocommit=True) as connection, _hurried(connection):
        connection.execute(BEGIN)
        connection.execute(SESSION)
        shape = _shape(connection, size)
        for name, act in _steps(shape, size, url):
            if _value(connection, "SELECT count(*) FROM drill.step WHERE name = %s", name):
                continue
            say(f"  {name}")
            with nullcontext() if name in LONG else connection.transaction():
                act(connection)
                connection.execute("INSERT INTO drill.step (name) VALUES (%s)", (name,))


def is_built(url: str, size: int) -> bool:
    """Whether the database at `url` was grown to `size`, to the end."""
    with psycopg.connect(url, autocommit=True) as connection:
        if _value(connection, "SELECT to_regclass('drill.step') IS NULL"):
            return False
        return bool(
            _value(
                connection,
                "SELECT EXISTS (SELECT FROM drill.plan WHERE size = %s) "
                "AND EXISTS (SELECT FROM drill.step WHERE name = %s)",
                size,
                LAST,
            )
        )


def _shape(connection: Connection, size: int) -> Shape:
    found = connection.execute("SELECT size, copies, stride, last FROM drill.plan").fetchone()
    if found is None:
        orders = _value(connection, "SELECT least((SELECT count(*) FROM sales_order), (SELECT count(*) FROM invoice))")
        if not orders:
            raise RuntimeError("there is no order to make more of")
        copies = max(-(-size // orders) - 1, 1)
        # Ids come in blocks of a thousand, of which the sequence knows the beginning.
        last = _value(connection, "SELECT last_value + 1000 FROM id_seq")
        stride = 1 << copies.bit_length()
        connection.execute("INSERT INTO drill.plan VALUES (%s, %s, %s, %s)", (size, copies, stride, last))
        found = (size, copies, stride, last)
    if found[0] != size:
        raise AlreadySized(f"this database was grown to {found[0]} rows")
    return Shape(*found[1:])


def _steps(shape: Shape, size: int, url: str) -> Iterator[Step]:
    """What is done, in order, each in a transaction of its own."""
    yield "people", lambda connection: people.add_people(connection, shape, size)
    yield "names", lambda connection: _stage_customers(connection, size)
    yield "indexes away", _drop_indexes
    yield "numbers", _running(*renumber_statements(shape))
    yield "customer", _running(*people.customer_statements(shape))
    for table in tables():
        statement = copy_statement(table, shape)
        yield table.name, _running(statement)
    for name, statement in people.beside_statements(shape):
        yield f"{name} of new customers", _running(statement)
    yield "sequences", _running(*people.sequence_statements(shape))
    yield "indexes back", _make_indexes
    yield ENTRIES, lambda _connection: _derive_entries(url)
    yield LAST, _running("VACUUM (ANALYZE)")


def _derive_entries(url: str) -> None:
    """What the records are found by, as the product derives it."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.begin() as connection:
        rebuild(connection)


def _running(*statements: str) -> Callable[[Connection], None]:
    return lambda connection: _run_all(connection, statements)


def _run_all(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _value(connection: Connection, query: str, *values: object) -> Any:
    row = connection.execute(query, values or None).fetchone()
    return row[0] if row else None


@contextmanager
def _hurried(connection: Connection) -> Iterator[None]:
    """The server writes what is made once rather than twice, for the length of the block."""
    try:
        for name, value in SERVER.items():
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        connection.execute("SELECT pg_reload_conf()")
        yield
    finally:
        for name in SERVER:
            connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")


def _stage_customers(connection: Connection, size: int) -> None:
    """Names and search texts of the customers to come, in a table of their own."""
    known = _value(connection, "SELECT count(*) FROM customer")
    year = _value(connection, "SELECT extract(year FROM min(created_at))::int FROM customer")
    behind = _value(connection, "SELECT max(last_value) FROM number_series WHERE kind = 'CUS' AND year = %s", year) or 0
    columns = ", ".join(f"{name} {'int PRIMARY KEY' if name == 'n' else 'text'}" for name in MadeCustomer._fields)
    _run_all(connection, [f"CREATE TABLE drill.customer ({columns})"])
    with connection.cursor() as cursor, cursor.copy("COPY drill.customer FROM STDIN") as copy:
        for made in made_customers(max(size - known, 0), year, behind=behind):
            copy.write_row(made)
    connection.execute("ANALYZE drill.customer")


def _drop_indexes(connection: Connection) -> None:
    names = [table.name for table in tables()] + ["customer"]
    connection.execute(
        """
        INSERT INTO drill.index (name, owner, definition)
        SELECT index.relname, owner.relname,
               CASE WHEN rule.oid IS NULL THEN pg_get_indexdef(index.oid)
                    ELSE format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', owner.relname, rule.conname,
                                pg_get_constraintdef(rule.oid)) END
          FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid JOIN pg_class AS owner ON owner.oid = indrelid
          LEFT JOIN pg_constraint AS rule ON rule.conindid = index.oid AND rule.contype IN ('u', 'x')
         WHERE NOT indisprimary AND owner.relnamespace = 'public'::regnamespace AND owner.relname = ANY (%s)
               AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.oid AND contype = 'f')
         ORDER BY owner.relname, index.relname
        """,
        (names,),
    )
    for name, owner, definition in connection.execute("SELECT name, owner, definition FROM drill.index").fetchall():
        rule = definition.startswith("ALTER TABLE")
        drop = "ALTER TABLE {owner} DROP CONSTRAINT {name}" if rule else "DROP INDEX {name}"
        connection.execute(sql.SQL(drop).format(owner=sql.Identifier(owner), name=sql.Identifier(name)))


def _make_indexes(connection: Connection) -> None:
    for place, definition in connection.execute("SELECT place, definition FROM drill.index ORDER BY place").fetchall():
        with connection.transaction():
            connection.execute(definition)
            connection.execute("DELETE FROM drill.index WHERE place = %s", (place,))
    connection.execute("DROP TABLE IF EXISTS drill.customer")
