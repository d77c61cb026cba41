"""What most commands need first: settings, logging, a running database, and its address made current."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from core.config import Settings, load_settings
from core.embedded import EmbeddedDatabase, open_database
from core.logging import configure_logging
from web.cli.messages import _


@dataclass(frozen=True)
class Opened:
    """Settings with all database addresses; `embedded` is the handle when the database is ours."""

    settings: Settings
    embedded: EmbeddedDatabase | None


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Opened]:
    """Settings and a running database for the length of the block; what was started is stopped."""
    settings = settings or load_settings()
    configure_logging(settings.log_level, settings.log_format)
    filled, embedded = open_database(settings)
    try:
        yield Opened(filled, embedded)
    finally:
        if embedded is not None:
            embedded.stop()


def use_app_role(settings: Settings) -> None:
    """Make the app role's database the current one of this process."""
    from core.database import Database, configure

    if settings.database_url is None:
        raise click.UsageError(_("The database is not open."))
    configure(Database(settings.database_url))


def system_url(settings: Settings) -> str:
    """The address of the system role. Raises click.UsageError with the setting to make when it is missing."""
    if settings.database_system_url is None:
        raise click.UsageError(_("Set DATABASE_SYSTEM_URL: this command needs the role that sees every row."))
    return settings.database_system_url
