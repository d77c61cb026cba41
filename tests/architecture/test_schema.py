"""Models, migrations and the checker's list of guards say the same."""

from __future__ import annotations

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, pool

from core.database import Base
from core.models_registry import import_all_models
from tests.database_server import DatabaseUrls
from web.integrity.guards import TRIGGERS


def test_models_and_migrations_do_not_drift(database_urls: DatabaseUrls) -> None:
    import_all_models()
    engine = create_engine(database_urls.admin, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_checker_knows_every_trigger(database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.admin.replace("+psycopg", "", 1)) as connection:
        rows = connection.execute(
            """SELECT class.relname, string_agg(tgname, ' ' ORDER BY tgname) FROM pg_trigger
                 JOIN pg_class AS class ON class.oid = tgrelid WHERE NOT tgisinternal GROUP BY class.relname"""
        ).fetchall()
    assert dict(rows) == TRIGGERS


def test_every_table_of_posted_rows_is_guarded() -> None:
    for table in ("journal_entry", "journal_line", "invoice_line", "stock_move", "payment_allocation", "audit_row"):
        assert "immutable" in TRIGGERS[table].split()
