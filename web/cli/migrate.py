"""`migrate`: roles, tables and grants, brought up to date as the owner of the database."""

import re
from pathlib import Path

import click

from core.config import Settings
from core.database_roles import RoleNames, ensure_roles_and_grants
from web.cli.messages import _
from web.cli.progress import say

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


@click.command("migrate", help=_("Bring the database up to date."))
def command() -> None:
    from web.cli.opened import opened

    with opened() as found:
        say(_("Bringing the database up to date…"))
        revision = migrate_settings(found.settings)
        say(_("The database is up to date (%(revision)s).") % {"revision": revision or _("no tables yet")})


def migrate_when_behind(settings: Settings) -> None:
    """Migrate unless the database is at the newest revision already; the look takes milliseconds, Alembic most of a
    second.

    Does nothing when no owner's address is set: then somebody else migrates.
    """
    if settings.database_admin_url is None:
        return
    if newest_revisions() != reached_revisions(settings.database_admin_url):
        say(_("Bringing the database up to date…"))
        migrate_settings(settings)


def newest_revisions(folder: Path = MIGRATIONS / "versions") -> set[str]:
    """The revisions of the migration files that no other file follows, read without importing them."""
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    own = {found for text in texts for found in re.findall(r"""^revision\b[^=]*=\s*["']([^"']+)["']""", text, re.M)}
    lines = [found for text in texts for found in re.findall(r"^down_revision\b[^=]*=(.*)$", text, re.M)]
    return own - {followed for line in lines for followed in re.findall(r"""["']([^"']+)["']""", line)}


def reached_revisions(admin_url: str) -> set[str]:
    """The revisions the database has reached; empty for a database without tables."""
    import psycopg
    from psycopg import errors

    with psycopg.connect(driver_url(admin_url)) as connection:
        try:
            return {str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version").fetchall()}
        except errors.UndefinedTable:
            connection.rollback()
            return set()


def migrate_settings(settings: Settings) -> str | None:
    """Migrate the database of `settings`. Raises click.UsageError when no owner's address is set."""
    if settings.database_admin_url is None:
        raise click.UsageError(_("Set DATABASE_ADMIN_URL: migrations run as the owner of the tables."))
    return migrate_database(settings.database_admin_url, settings.database_url, settings.database_system_url)


def migrate_database(admin_url: str, app_url: str | None = None, system_url: str | None = None) -> str | None:
    """Make roles and grants, run all migrations as the role of `admin_url`, and return the revision reached.

    The app and system roles are named by their addresses. Takes the migration lock; two calls at once wait for each
    other. Raises RolesError when a role is missing and may not be made.
    """
    import psycopg
    from alembic import command as alembic
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine, pool

    names = role_names(app_url, system_url)
    with psycopg.connect(driver_url(admin_url)) as connection:
        ensure_roles_and_grants(connection, names)  # before: migrations may name the roles
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = admin_url
    alembic.upgrade(config, "head")
    with psycopg.connect(driver_url(admin_url)) as connection:
        ensure_roles_and_grants(connection, names)
    engine = create_engine(admin_url, poolclass=pool.NullPool)
    with engine.connect() as reading:
        return MigrationContext.configure(reading).get_current_revision()


def driver_url(url: str) -> str:
    """The address as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def role_names(app_url: str | None, system_url: str | None) -> RoleNames:
    """The roles named by two addresses; defaults where an address or its user is missing."""
    from sqlalchemy import make_url

    default = RoleNames()
    app = make_url(app_url) if app_url else None
    system = make_url(system_url) if system_url else None
    return RoleNames(
        app=(app.username if app else None) or default.app,
        system=(system.username if system else None) or default.system,
        app_password=str(app.password) if app and app.password else None,
        system_password=str(system.password) if system and system.password else None,
    )
