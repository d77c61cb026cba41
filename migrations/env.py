"""Alembic's entry: always on a live database, as the owner, one migration at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from core.config import load_settings
from core.database import Base
from core.embedded import open_database
from core.models_registry import import_all_models

# Any number of our own: two processes that migrate at once wait for each other on it.
MIGRATION_LOCK = 4_218_900_001


def migrate(url: str) -> None:
    """Run what Alembic was asked for on the database at `url`. Takes an advisory lock for the length of the run."""
    import_all_models()
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '30s'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run online only: they look at the database while they run.")

given = context.config.attributes.get("url")
if given:
    migrate(given)
else:  # the alembic command line, for developers
    settings, database = open_database(load_settings())
    if not settings.database_admin_url:
        raise SystemExit("Set DATABASE_ADMIN_URL: migrations run as the owner of the tables.")
    try:
        migrate(settings.database_admin_url)
    finally:
        if database is not None:
            database.stop()
