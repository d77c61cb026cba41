"""Standing databases of given sizes: each in a home of its own, made where it is missing, kept for the next measure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import database as db
from core.config import load_settings
from core.embedded import EmbeddedDatabase, start_embedded
from web.cli.messages import _
from web.cli.migrate import driver_url, migrate_database
from web.cli.progress import Progress, say
from web.demo.load import load_demo
from web.drill.size.build import build, is_built

SMALL, LARGE = 10_000, 1_000_000


def label(size: int) -> str:
    """How a size is called: 10k, 1m, or its number."""
    for unit, letter in ((1_000_000, "m"), (1000, "k")):
        if size % unit == 0:
            return f"{size // unit}{letter}"
    return str(size)


def folder_of_sizes() -> Path:
    """Where companies of a size lie when nothing else is said: in the home, beside its own database."""
    return load_settings().home / "sizes"


def home_of(base: Path, size: int) -> Path:
    """The folder of the company of that size below `base`."""
    return base / f"size-{label(size)}"


@contextmanager
def standing(base: Path, size: int) -> Iterator[EmbeddedDatabase]:
    """The running server of the company of that size, made, migrated and grown where it is not yet.

    A making that was ended is taken up where it stopped; what is made stays after the block. Raises AlreadySized where
    the folder holds a company of another size, HoldsRealData where it holds one that is not the demo's.
    """
    home = home_of(base, size)
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    with start_embedded(home) as embedded:
        migrate_database(embedded.admin_url, embedded.app_url, embedded.system_url)
        url = driver_url(embedded.superuser_url)
        if not is_built(url, size):
            making = _("Making a company of %(rows)s customers, orders and invoices in %(folder)s…")
            say(making % {"rows": f"{size:,}", "folder": home})
            _load(embedded)
            build(url, size=size, say=say)
        yield embedded


def _load(embedded: EmbeddedDatabase) -> None:
    """The demo company, which is the original of what is made."""
    database = db.configure(db.Database(embedded.app_url))
    try:
        load_demo(Progress)
    finally:
        database.dispose()
