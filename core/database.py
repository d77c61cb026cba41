"""The database: engines per role, declarative base, column types, the id sequence.

Three roles reach it: owner (migrations only), app (requests; owns nothing) and system (jobs, integrity-check).
Isolation is READ COMMITTED with explicit locks for commands, REPEATABLE READ and read-only for reports and checks.
"""

from __future__ import annotations

import enum
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, Connection, DateTime, Engine, Enum, MetaData, Numeric, String, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import QueuePool

from core import wire
from core.scope import viewer_text
from core.statements import statement

# Tells row security for whom the transaction reads.
SET_VIEWER = statement(
    "database.set_viewer",
    "SELECT set_config('countinghouse.viewer', %(viewer)s, true)",
    tables="",
    scope="system",
)
# Begins a page's reading. On disks of today, and in memory, a row by its key is hardly dearer than the next one of a
# table: by the server's old default (4) lists would join whole tables where fifty rows are shown.
BEGIN_READING = statement(
    "database.begin_reading",
    "SELECT set_config('countinghouse.viewer', %(viewer)s, true), set_config('random_page_cost', '1.1', true)",
    tables="",
    scope="system",
)
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
ID_BLOCK = 1000


def next_id() -> int:
    """The next id, unique over all tables, from the current database's block."""
    return current().next_id()


Id = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False, default=next_id)]
Ref = Annotated[int, mapped_column(BigInteger)]
Money = Annotated[Decimal, mapped_column(Numeric(18, 2))]
Price = Annotated[Decimal, mapped_column(Numeric(18, 4))]
Quantity = Annotated[Decimal, mapped_column(Numeric(18, 3))]
Rate = Annotated[Decimal, mapped_column(Numeric(6, 4))]
Percent = Annotated[Decimal, mapped_column(Numeric(6, 3))]
Currency = Annotated[str, mapped_column(String(3))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Day = Annotated[date, mapped_column()]


class Base(DeclarativeBase):
    """Base of all models; every constraint gets a name."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger}


def enum_type(kind: type[enum.StrEnum], name: str) -> Enum:
    """A StrEnum stored by value with a named CHECK."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


class Database:
    """One database as seen by one role: the engine, its prepared statements and its block of ids."""

    def __init__(self, url: str, *, pool_size: int = 8, application_name: str = "countinghouse") -> None:
        self.url = url
        # psycopg prepares nothing by itself: it would DEALLOCATE ALL on rollback, and core.wire's statements with it.
        self.engine: Engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=False,
            pool_reset_on_return="rollback",
            hide_parameters=True,  # an error's text goes to the log, and hashes and people's data are no part of it
            connect_args={"prepare_threshold": None, "application_name": application_name},
        )
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0
        self._company: tuple[str, str] | None = None
        os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self._lock = threading.Lock()
        self._next = self._end = 0
        self.engine.dispose(close=False)

    def next_id(self) -> int:
        """The next id; asks the sequence once per block of 1,000, so that no insert waits for RETURNING."""
        with self._lock:
            if self._next >= self._end:
                with self.autocommit() as connection:
                    self._next = connection.execute(text("SELECT nextval('id_seq')")).scalar_one()
                self._end = self._next + ID_BLOCK
            value = self._next
            self._next += 1
            return value

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """A connection on which each statement is its own transaction: for single reads."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for one consistent, read-only look: REPEATABLE READ, so that figures of a page agree. It
        sees the rows of this call's viewer."""
        with self.snapshot() as connection:
            wire.snapshot(driver(connection), [BEGIN_READING(viewer=viewer_text())], end=False)
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """The same with nothing sent yet and for no viewer: for a role that sees every row."""
        with self.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            yield connection

    @contextmanager
    def session(self) -> Iterator[Session]:
        """An ORM session for reading pages; it is closed, never committed."""
        with self.reading() as connection, Session(connection, autoflush=False) as session:
            yield session

    def time_zone(self) -> str:
        """The company's time zone, which turns now into a date."""
        return self._company_basics()[0]

    def currency(self) -> str:
        """The company's currency, in which its books are kept."""
        return self._company_basics()[1]

    def _company_basics(self) -> tuple[str, str]:
        """Time zone and currency, kept after the first look at a company that is set up (`forget_company` drops
        them)."""
        if self._company is None:
            with self.autocommit() as connection:
                found = connection.execute(text("SELECT time_zone, currency FROM company")).one_or_none()
            if found is None:
                return "Asia/Shanghai", "CNY"
            self._company = (found.time_zone, found.currency)
        return self._company

    def forget_company(self) -> None:
        self._company = None

    def dispose(self) -> None:
        self.engine.dispose()


_current: Database | None = None


def configure(database: Database) -> Database:
    """Makes `database` the one this process works on."""
    global _current
    _current = database
    return database


def current() -> Database:
    """The configured database. Raises RuntimeError when nothing was configured."""
    if _current is None:
        raise RuntimeError("no database configured: call core.database.configure first")
    return _current


def driver(connection: Connection) -> Any:
    """The psycopg connection below a SQLAlchemy connection."""
    return connection.connection.driver_connection
